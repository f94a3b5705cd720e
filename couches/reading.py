"""Which database the public reading doors read: published rows only ever grow."""

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def reader() -> BaseDatabaseWrapper:
    """Return the connection that published rows are read from."""
    return connections["default"]
