"""Static files hashed by content, ES module imports included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashes names and rewrites `import … from './x.js';` (the semicolon is needed)."""

    support_js_module_import_aggregation = True
    # One pass for each level of imports: the report page's screens are deeper than Django's five.
    max_post_process_passes = 12
