"""What people propose: one door, submit(), that never loses and never doubles."""
