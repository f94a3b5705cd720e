"""Static files hashed by content, ES module imports included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashes names and rewrites `import … from './x.js';` (the semicolon is needed)."""

    support_js_module_import_aggregation = True
