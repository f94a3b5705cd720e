"""Benches: what the product does, against the physical limit of the same machine in the same run."""
