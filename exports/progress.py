"""How far a build is, said by whoever reads its rows and written at most once a second.

The rows are read in a transaction that others cannot see into: progress goes through a
connection of its own, opened only when a build lasts longer than a second.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

SECONDS_BETWEEN = 1.0
_SAY = "UPDATE exports_exportbuild SET rows_done = %s, updated_at = now() WHERE key = %s"


class _Teller:
    """Counts the rows of one build and says so now and then."""

    def __init__(self, key: str) -> None:
        self._key, self._rows = key, 0
        self._said = time.monotonic()
        self._own: BaseDatabaseWrapper | None = None

    def told(self, rows: int) -> None:
        """Count rows; write the sum when the last writing is old enough."""
        self._rows += rows
        if time.monotonic() - self._said >= SECONDS_BETWEEN:
            self._said = time.monotonic()
            if self._own is None:
                self._own = connection.copy()
            with self._own.cursor() as cursor:
                cursor.execute(_SAY, [self._rows, self._key])

    def close(self) -> None:
        """Give the connection back."""
        if self._own is not None:
            self._own.close()


_teller: ContextVar[_Teller | None] = ContextVar("_teller", default=None)


@contextmanager
def telling(key: str) -> Iterator[None]:
    """Count what is read inside under the build of that key."""
    teller = _Teller(key)
    token = _teller.set(teller)
    try:
        yield
    finally:
        _teller.reset(token)
        teller.close()


def told(rows: int) -> None:
    """Say that rows were read; nothing where nobody asked to be told."""
    teller = _teller.get()
    if teller is not None:
        teller.told(rows)
