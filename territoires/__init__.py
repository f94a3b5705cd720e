"""Communes and the territories above them: who is where, and since when."""
