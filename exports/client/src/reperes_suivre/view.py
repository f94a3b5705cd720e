"""A flat view over `attributes`: a column per answer of the couche's schema of the day."""

from typing import Any

import psycopg
from psycopg import sql

from reperes_suivre.errors import Misuse
from reperes_suivre.table import Table

_OWN = (
    "id", "number", "geom", "code_insee", "commune", "departement", "observations", "distinct_observers",
    "last_observed_on", "accuracy_m", "near_border", "self_accepted", "origin", "version",
)  # fmt: skip
MARK = "reperes-suivre : vue"
_COMMENT = "SELECT relkind, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = to_regclass(%s)"


def refresh(
    connection: psycopg.Connection[Any], table: Table, schema: str, name: str, names: list[str]
) -> None:
    """Make the view again with today's answers, as text. Raises Misuse when the name is somebody else's."""
    view = sql.Identifier(schema, name)
    found = connection.execute(_COMMENT, [view.as_string(connection)]).fetchone()
    if found is not None:
        if found[1] != MARK:
            raise Misuse(
                f"{schema}.{name} existe et n'est pas une vue de reperes-suivre : donnez un autre nom."
            )
        connection.execute(sql.SQL("DROP VIEW {}").format(view))
    answers = [
        sql.SQL("attributes ->> {} AS {}").format(sql.Literal(answer), sql.Identifier(answer))
        for answer in names
        if answer not in _OWN and answer != "retired_at"
    ]
    columns = sql.SQL(", ").join([*(sql.Identifier(own) for own in _OWN), *answers])
    connection.execute(
        sql.SQL("CREATE VIEW {} AS SELECT {} FROM {} WHERE retired_at IS NULL").format(
            view, columns, table.own
        )
    )
    connection.execute(sql.SQL("COMMENT ON VIEW {} IS {}").format(view, sql.Literal(MARK)))
