"""Static files hashed by content, ES module imports included; our own scripts without their comments."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rjsmin import jsmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Ours; what comes from npm is minified by those who made it.
OUR_SCRIPTS = "js/"


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashes names and rewrites `import … from './x.js';` (the semicolon is needed)."""

    support_js_module_import_aggregation = True
    # One pass for each level of imports: the report page's screens are deeper than Django's five.
    max_post_process_passes = 12

    def post_process(
        self, paths: dict[str, tuple[Any, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """Take the comments out of our scripts, then hash and compress everything."""
        ours = [name for name in paths if name.startswith(OUR_SCRIPTS) and name.endswith(".js")]
        if not dry_run:
            for name in ours:
                _lighten(Path(self.path(name)))
            # Hashing reads what lies in STATIC_ROOT, no longer the sources.
            paths = {**paths, **{name: (self, name) for name in ours}}
        yield from super().post_process(paths, dry_run, **options)


def _lighten(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    light = jsmin(text)
    if light != text:
        path.write_text(light, encoding="utf-8")
