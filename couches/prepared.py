"""Short statements asked by the hundred: PostgreSQL plans each once by session, not each time.

Django binds in the client, so a tile's statement is new at every tile and planning it takes as
long as drawing it. Bound by the server it is planned once. Behind a pooler by transaction, which
lends another session each time, the client binds as everywhere else.
"""

from collections.abc import Mapping
from typing import Any

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
    # Opened, and checked after a rest, as Django's own cursors are.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as asked:
        return asked.execute(statement, parameters, prepare=True).fetchone()
