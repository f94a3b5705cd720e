"""The SQL of what changed between two versions: additions, changes, and tombstones.

A withdrawn object leaves its identity and nothing else: what is no longer published is
not published again by saying that it is gone.
"""

from collections.abc import Iterator
from typing import Any

from psycopg import sql

from couches.deltas import DELTA_SQL, delta_parameters
from couches.models import CoucheVersion
from exports.rows import DEGREE_DIGITS, ROW_FIELDS, Selection, keyed_objects, safe, value_of
from exports.schemas import Column, columns_of
from exports.streams import RAW_ROWS, chunks, copy_rows, without_first_comma

CHANGE = "change"
# What a tombstone says, beside the change itself.
_IDENTITY = {"id", "number", "couche", "version"}

_FROM = """
    FROM (
        SELECT delta.change, {fields}
        FROM ({delta}) delta
        JOIN couches_featureversion fv ON fv.id = coalesce(delta.after_id, delta.before_id)
        JOIN couches_feature f ON f.id = fv.feature_id
        JOIN territoires_commune c ON c.code_insee = fv.commune_id
        JOIN territoires_departement d ON d.code = c.departement_id
        WHERE true {place} ORDER BY fv.id OFFSET 0
    ) fv {keyed} ORDER BY fv.id"""


def geojson_delta(selection: Selection, since: int) -> Iterator[bytes]:
    """Yield a FeatureCollection; each feature says in `change`: added, changed or withdrawn."""
    columns = columns_of(selection.version.couche)
    query = sql.SQL(
        """SELECT ',{{"type":"Feature","id":"' || p.id || '","geometry":'
               || CASE WHEN p.change = 'withdrawn' THEN 'null' ELSE ST_AsGeoJSON(p.geom, {digits}) END
               || ',"properties":'
               || CASE WHEN p.change = 'withdrawn'
                       THEN row_to_json((SELECT r FROM (SELECT p.change, {identity}) r))
                       ELSE row_to_json((SELECT r FROM (SELECT p.change, {names}) r)) END || '}}'
        FROM (SELECT fv.geom, fv.id AS row_id, fv.change, {values} {tables}) p ORDER BY p.row_id"""
    ).format(
        digits=sql.Literal(DEGREE_DIGITS),
        identity=_of_p([column for column in columns if column.name in _IDENTITY]),
        names=_of_p(columns),
        values=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(
                value_of(column, selection.version, native=True), sql.Identifier(column.name)
            )
            for column in columns
        ),
        tables=_tables(selection, since, columns),
    )
    rows = without_first_comma(copy_rows(query, RAW_ROWS))
    return chunks(rows, head=b'{"type":"FeatureCollection","features":[\n', tail=b"]}\n", newline=b"\n")


def csv_delta(selection: Selection, since: int) -> Iterator[bytes]:
    """Yield a CSV whose first column is the change; a tombstone leaves the others empty."""
    columns = columns_of(selection.version.couche)
    query = sql.SQL("SELECT fv.change AS change, {values} {tables}").format(
        values=sql.SQL(", ").join(_csv_value(column, selection.version) for column in columns),
        tables=_tables(selection, since, columns),
    )
    return chunks(copy_rows(query, sql.SQL("(FORMAT csv, HEADER)")), newline=b"\r\n")


def _csv_value(column: Column, version: CoucheVersion) -> sql.Composed:
    value: sql.Composable = safe(value_of(column, version), column)
    if column.name not in _IDENTITY:
        value = sql.SQL("CASE WHEN fv.change <> 'withdrawn' THEN {} END").format(value)
    return sql.SQL("{} AS {}").format(value, sql.Identifier(column.name))


def _of_p(columns: list[Column]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier("p", column.name) for column in columns)


def _tables(selection: Selection, since: int, columns: list[Column]) -> sql.Composed:
    parameters: dict[str, Any] = {
        name: sql.Literal(value)
        for name, value in delta_parameters(selection.version.couche, since, selection.version.number).items()
    }
    delta = sql.SQL(DELTA_SQL.replace("%(", "{").replace(")s", "}"))
    place = [sql.SQL(" AND {}").format(clause) for clause in selection.place()]
    return sql.SQL(_FROM).format(
        fields=ROW_FIELDS,
        delta=delta.format(**parameters),
        keyed=keyed_objects(columns),
        place=sql.SQL("").join(place),
    )
