"""The static files of this run: those that `./reperes test` has just collected, or made on the spot."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.test import override_settings


def collected() -> Path | None:
    """Return the folder of what was collected from these very sources, if somebody says that it was.

    Compressing everything as production does costs a core twenty seconds: once for all workers.
    """
    return Path(settings.STATIC_ROOT) if os.environ.get("REPERES_COLLECTED") == "1" else None


@contextmanager
def static_files(folder: Path) -> Iterator[Path]:
    """Serve files as production does: hashed, compressed; made in `folder` when they are not there yet."""
    ready = collected()
    with override_settings(STATIC_ROOT=ready or folder, WHITENOISE_AUTOREFRESH=False):
        if ready is None:
            call_command("collectstatic", interactive=False, verbosity=0)
        yield ready or folder
