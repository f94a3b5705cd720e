"""The test's own database, as programs in other processes are told of it."""

import os
from typing import Any

from django.db import connection


def program_environment(**more: str) -> dict[str, str]:
    """Return the environment of a program of ours on the test's own database."""
    parts: dict[str, Any] = connection.settings_dict
    host = parts["HOST"] or parts["OPTIONS"].get("host", "")
    port = f"&port={parts['PORT']}" if parts["PORT"] else ""
    url = f"postgresql://{parts['USER']}@/{parts['NAME']}?host={host}{port}"
    return {**os.environ, "DATABASE_URL": url, "PGPASSWORD": parts["PASSWORD"], **more}
