"""Which database a public page is read from: a replica when there is one that follows, else the one that decides.

Published rows only ever grow, and a version arrives on a replica whole, in one transaction:
what a replica shows is true, at worst not the newest. One request reads one database from its
first look to the last byte of its stream. Whoever has a session or a token reads the one that
decides: they see what they have just done. What a replica does not have, or cannot say, is
asked again of the one that decides, before a single byte has left.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.http.response import HttpResponseBase

logger = logging.getLogger(__name__)

REPLICA = "replica"
# Doors of published layers; all else reads the database that decides.
DOORS = ("/exports/", "/ogc", "/wfs", "/tuiles/", "/couches/", "/catalogue", "/sitemap.xml", "/schemas/")
# Published rows and what they are read with: a replica never answers for a build, a person or a report.
APPS = frozenset({"couches", "territoires"})
CHECK_EVERY_S = 1.0
# After a failure nobody waits for it again so soon.
REST_S = 10.0
_UNSURE = (404, 500, 503)
# Received and replayed alike: it follows, however long ago the last change was. Without a receiver
# nothing says what it misses, and only the age of the last change speaks. Promoted, it follows nobody.
_LAG = """
SELECT CASE
    WHEN NOT pg_is_in_recovery() THEN 'infinity'
    WHEN EXISTS (SELECT FROM pg_stat_wal_receiver)
        AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 'infinity')
END::double precision
"""

_alias: ContextVar[str] = ContextVar("couches_reading_alias", default=DEFAULT_DB_ALIAS)


def reader() -> BaseDatabaseWrapper:
    """Return the connection that this request, or this job, reads published rows from."""
    return connections[_alias.get()]


class _Health:
    """What this process knows of the replica, looked at once a second at most, by one thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._look_at = 0.0
        self.follows = False

    def usable(self) -> bool:
        """Say whether the replica may be read now."""
        if REPLICA not in connections.settings:
            return False
        now = time.monotonic()
        if now >= self._look_at and self._lock.acquire(blocking=False):
            try:
                self._look(now)
            finally:
                self._lock.release()
        return self.follows

    def broken(self) -> None:
        """Note that it failed somebody: it rests."""
        self._say(follows=False, why="failed")
        self._look_at = time.monotonic() + REST_S

    def _look(self, now: float) -> None:
        try:
            with connections[REPLICA].cursor() as cursor:
                cursor.execute(_LAG)
                lag = float(cursor.fetchone()[0])
        except DatabaseError as error:
            connections[REPLICA].close()
            self._say(follows=False, why=type(error).__name__)
            self._look_at = now + REST_S
            return
        self._say(follows=lag <= settings.REPLICA_MAX_LAG_S, why=f"{lag:.0f} s late")
        self._look_at = now + CHECK_EVERY_S

    def _say(self, *, follows: bool, why: str) -> None:
        if follows != self.follows:
            logger.warning("replica %s (%s)", "read again" if follows else "left aside", why)
        self.follows = follows


health = _Health()


class ReplicaRouter:
    """Django's reads of published rows go where the request reads; every write to the one that decides."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        """Return the request's database for published rows, the one that decides for all else."""
        return _alias.get() if model._meta.app_label in APPS else DEFAULT_DB_ALIAS

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        """Return the database that decides."""
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool | None:
        """Let a row read from the replica be named by one that is written: it is the same row."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """Migrate the database that decides; the replica follows."""
        return db == DEFAULT_DB_ALIAS


class ReadFromReplica:
    """Chooses the database of each request; asks again of the other what the replica could not answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer from the replica where it may, else from the one that decides."""
        # Never reset at the end: a stream is read after this returns, by the same thread.
        if not _is_public_reading(request) or not health.usable():
            _alias.set(DEFAULT_DB_ALIAS)
            return self._get_response(request)
        _alias.set(REPLICA)
        try:
            response = self._get_response(request)
        except DatabaseError:
            health.broken()
        else:
            if response.status_code not in _UNSURE:
                return response
            if response.status_code != 404:
                health.broken()
            response.close()
        connections[REPLICA].close()
        _alias.set(DEFAULT_DB_ALIAS)
        return self._get_response(request)


def _is_public_reading(request: HttpRequest) -> bool:
    """Say whether anybody would get the same answer: a reading door, and nobody in particular."""
    known = settings.SESSION_COOKIE_NAME in request.COOKIES or "authorization" in request.headers
    return not known and request.method in ("GET", "HEAD") and request.path.startswith(DOORS)
