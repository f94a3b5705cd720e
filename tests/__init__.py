"""Promises, checked. One cast, one file per verb or URL."""
