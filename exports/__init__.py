"""Files and manifests of published versions; sees nothing that is not published."""
