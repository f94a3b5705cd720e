"""A whole site beside the test database (bench/site.py does it).

`REPERES_URL` points the walk at a site that runs already (`./reperes serve --port 8123`).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from bench.site import Site
from bench.site import running_site as site_on
from tests.static import collected

__all__ = ["Site", "running_site"]


@contextlib.contextmanager
def running_site(local: Path, territory: Path | None = None, *, like: Site | None = None) -> Iterator[Site]:
    """Run a site on the server of the test database, `like` another when its tables serve again."""
    # Under pytest the settings already name the test database; a name of our own beside it.
    with site_on(local, settings.DATABASES["default"], territory, like=like, static=collected()) as site:
        yield site
