"""People, what they may do and where, how they sign in, and the letters they receive."""
