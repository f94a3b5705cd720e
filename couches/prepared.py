"""Short statements asked by the hundred: PostgreSQL plans each once by session, not each time.

Django binds in the client, so a tile's statement is new at every tile and planning it takes as
long as drawing it. Bound by the server it is planned once. Behind a pooler by transaction, which
lends another session each time, the client binds as everywhere else.
"""

from collections.abc import Mapping
from typing import Any

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Cursor


def fetch_row(
    connection: BaseDatabaseWrapper, statement: str, parameters: Mapping[str, Any]
) -> tuple[Any, ...] | None:
    """Return the first row of `statement`, whose parameters are named, each with its type written beside it."""
    if connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row
    rested = _rested(connection)
    try:
        row = _ask(connection, statement, parameters)
    except OperationalError:
        if not (rested and _is_broken(connection)):
            raise
        # The server went away while nobody looked: a question may be asked again.
        connection.close()
        row = _ask(connection, statement, parameters)
    # Answered, hence alive: Django's own cursors need not ask.
    connection.health_check_done = True  # type: ignore[attr-defined]  # unknown to django-stubs
    return row


def _ask(
    connection: BaseDatabaseWrapper, statement: str, parameters: Mapping[str, Any]
) -> tuple[Any, ...] | None:
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as asked:
        return asked.execute(statement, parameters, prepare=True, binary=True).fetchone()


def _rested(connection: BaseDatabaseWrapper) -> bool:
    """Say whether a connection was kept from an earlier request, and has not answered since.

    Django asks `SELECT 1` of such a one; a question that changes nothing is itself the check,
    and spares a journey to the server.
    """
    return (
        connection.connection is not None
        and connection.health_check_enabled  # type: ignore[attr-defined]
        and not connection.health_check_done  # type: ignore[attr-defined]
        and not connection.in_atomic_block
    )


def _is_broken(connection: BaseDatabaseWrapper) -> bool:
    return connection.connection is None or bool(connection.connection.closed)
