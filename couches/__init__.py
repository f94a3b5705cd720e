"""Layers: catalogue entry, attribute schema, features, immutable numbered versions."""
