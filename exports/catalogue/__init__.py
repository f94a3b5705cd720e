"""The catalogue: DCAT-AP for harvesters, ISO 19139 for geographic portals, a site map for search engines."""
