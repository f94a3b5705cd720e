"""OGC API – Features over published versions: Core, CRS, Filtering (CQL2 text)."""
