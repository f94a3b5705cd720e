"""The test's own database: as programs in other processes are told of it, and how it is emptied."""

import os
from functools import lru_cache
from typing import Any

from django.db import connection
from psycopg import sql

# Everything that speaks of these goes with them. What migrations seeded stays: the couches,
# the permissions.
ROOTS = (
    "territoires_region", "territoires_epci", "territoires_boundaryload", "comptes_user", "comptes_notification",
    "couches_feature", "couches_coucheversion", "contributions_tokenbucket", "contributions_spentchallenge",
    "procrastinate_jobs", "procrastinate_workers",
)  # fmt: skip
_CASCADE = """
WITH RECURSIVE reached AS (
    SELECT unnest(%s::text[])::regclass::oid AS oid
    UNION SELECT key.conrelid FROM pg_constraint key JOIN reached ON key.confrelid = reached.oid WHERE key.contype = 'f'
)
SELECT pg_class.relname FROM reached JOIN pg_class USING (oid) ORDER BY relname
"""


def empty_tables() -> None:
    """Empty what tests commit, as TRUNCATE … CASCADE would.

    TRUNCATE makes a new file for each table and index: a quarter of a second each time, a
    thousand times. The lock waits, as it does, for who is still writing; the role passes the
    triggers that keep published rows.
    """
    with connection.cursor() as cursor:
        cursor.execute(_emptying().as_string(cursor.cursor))


@lru_cache(maxsize=1)
def _emptying() -> sql.Composed:
    with connection.cursor() as cursor:
        cursor.execute(_CASCADE, [list(ROOTS)])
        tables = [sql.Identifier(name) for (name,) in cursor.fetchall()]
    return sql.SQL(
        "BEGIN; SET LOCAL session_replication_role = replica; LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE; {}; COMMIT"
    ).format(
        sql.SQL(", ").join(tables),
        sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(table) for table in tables),
    )


def program_environment(**more: str) -> dict[str, str]:
    """Return the environment of a program of ours on the test's own database."""
    parts: dict[str, Any] = connection.settings_dict
    host = parts["HOST"] or parts["OPTIONS"].get("host", "")
    port = f"&port={parts['PORT']}" if parts["PORT"] else ""
    url = f"postgresql://{parts['USER']}@/{parts['NAME']}?host={host}{port}"
    return {**os.environ, "DATABASE_URL": url, "PGPASSWORD": parts["PASSWORD"], **more}
