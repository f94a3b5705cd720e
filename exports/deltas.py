"""The SQL of what changed between two versions: additions, changes with what was before, tombstones.

A withdrawn object leaves its identity and nothing else: what is no longer published is not
published again by saying that it is gone. Restricted to a territory, what left it is withdrawn
and what came into it is added: whoever follows a territory holds its objects and no others.
"""

from collections.abc import Iterator
from typing import Any

import orjson
from psycopg import sql

from couches.deltas import DELTA_SQL, delta_parameters
from couches.models import CoucheVersion
from exports.rows import DEGREE_DIGITS, ROW_FIELDS, Selection, keyed_objects, safe, value_of
from exports.schemas import LIST_SEPARATOR, Column, columns_of, nested_columns
from exports.streams import RAW_ROWS, chunks, copy_rows, without_first_comma

CHANGE, CHANGED_FIELDS = "change", "champs_modifies"
# What a tombstone says, beside the change itself.
_IDENTITY = ("id", "number", "couche", "version")

# The rows of one side: as they were at the first version, as they are at the last. Only rows of
# the delta are computed, so the cost follows what changed.
_SIDE = """
    SELECT p.row_id, p.geom, row_to_json((SELECT r FROM (SELECT {names}) r)) AS properties {flat}
    FROM (
        SELECT fv.geom, fv.id AS row_id, {values} FROM (
            SELECT {fields}
            FROM delta
            JOIN couches_featureversion fv ON fv.id = delta.{key}
            JOIN couches_feature f ON f.id = fv.feature_id
            JOIN territoires_commune c ON c.code_insee = fv.commune_id
            JOIN territoires_departement d ON d.code = c.departement_id
            WHERE true {place} OFFSET 0
        ) fv {keyed}
    ) p"""
_DELTA = """
WITH delta AS MATERIALIZED ({delta}),
after_rows AS ({after}),
before_rows AS ({before}),
changes AS (
    SELECT coalesce(a.row_id, b.row_id) AS row_id, delta.feature_id,
           CASE WHEN b.row_id IS NULL THEN 'added' WHEN a.row_id IS NULL THEN 'withdrawn' ELSE 'changed' END
               AS change,
           a.geom, a.properties, b.geom AS geom_before, b.properties AS properties_before {flat}
    FROM delta
    LEFT JOIN after_rows a ON a.row_id = delta.after_id
    LEFT JOIN before_rows b ON b.row_id = delta.before_id
    WHERE a.row_id IS NOT NULL OR b.row_id IS NOT NULL
)"""
_FEATURES = """
SELECT ',{{"type":"Feature","id":"' || c.feature_id || '","geometry":'
       || coalesce(ST_AsGeoJSON(c.geom, {digits}), 'null')
       || ',"properties":'
       || (jsonb_build_object('change', c.change)
           || CASE WHEN c.change = 'withdrawn' THEN (
                  SELECT jsonb_object_agg(key, value) FROM jsonb_each(c.properties_before::jsonb)
                  WHERE key = ANY({identity}))
              ELSE c.properties::jsonb END)
       || CASE WHEN c.change = 'changed' THEN ',"before":{{"geometry":'
              || CASE WHEN ST_Equals(c.geom, c.geom_before) THEN 'null'
                      ELSE ST_AsGeoJSON(c.geom_before, {digits}) END
              || ',"properties":' || coalesce((
                  SELECT jsonb_object_agg(key, value)::text FROM jsonb_each(c.properties_before::jsonb)
                  WHERE value IS DISTINCT FROM c.properties::jsonb -> key), '{{}}') || '}}'
          ELSE '' END || '}}'
FROM changes c ORDER BY c.row_id"""
_TABLE = """
SELECT c.change, {values},
       CASE WHEN c.change = 'changed' THEN (
           SELECT string_agg(key, {separator} ORDER BY key) FROM jsonb_each(c.properties_before::jsonb)
           WHERE value IS DISTINCT FROM c.properties::jsonb -> key) END AS {fields}
FROM changes c ORDER BY c.row_id"""


def geojson_delta(selection: Selection, since: int, *, nested: bool = False) -> Iterator[bytes]:
    """Yield a FeatureCollection; each feature says in `change`: added, changed or withdrawn.

    A changed one has a foreign member `before`: its geometry if it moved, and the properties that
    were different. The collection says which version it leads to and its hash; `count`, its last
    member, says how many features there are. With `nested`, answers are as stored.
    """
    version = selection.version
    columns = nested_columns() if nested else columns_of(version.couche)
    counted = _Counted(copy_rows(delta_query(selection, since, columns), RAW_ROWS))
    yield from chunks(without_first_comma(counted), head=_head(selection, since), newline=b"\n")
    yield b'],"count":%d}\n' % counted.count


def delta_query(selection: Selection, since: int, columns: list[Column]) -> sql.Composed:
    """Return the SQL of the changes as GeoJSON features, each with a comma before it."""
    return sql.SQL(_DELTA + _FEATURES).format(
        **_parts(selection, since, columns, flat=[]),
        digits=sql.Literal(DEGREE_DIGITS),
        identity=sql.Literal(list(_IDENTITY)),
    )


def csv_delta(selection: Selection, since: int, *, nested: bool = False) -> Iterator[bytes]:
    """Yield a CSV whose first column is the change and the last the names of changed fields.

    A tombstone leaves all but its identity empty. `nested` is not for tables.
    """
    columns = columns_of(selection.version.couche)
    query = sql.SQL(_DELTA + _TABLE).format(
        **_parts(selection, since, columns, flat=columns),
        values=sql.SQL(", ").join(_csv_value(column, rank) for rank, column in enumerate(columns)),
        separator=sql.Literal(LIST_SEPARATOR),
        fields=sql.Identifier(CHANGED_FIELDS),
    )
    return chunks(copy_rows(query, sql.SQL("(FORMAT csv, HEADER)")), newline=b"\r\n")


class _Counted:
    """Rows, counted as they pass."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        row = next(self._rows)
        self.count += 1
        return row


def _head(selection: Selection, since: int) -> bytes:
    version = selection.version
    facts: dict[str, Any] = {
        "type": "FeatureCollection",
        "couche": version.couche.slug,
        "from": since,
        "to": version.number,
        "published_at": version.published_at.isoformat(),
    }
    if selection.territory is None:
        facts |= {"sha256": version.sha256, "feature_count": version.feature_count}
    return orjson.dumps(facts)[:-1] + b',"features":[\n'


def _parts(
    selection: Selection, since: int, columns: list[Column], *, flat: list[Column]
) -> dict[str, sql.Composable]:
    """Return the parts of `_DELTA`; `flat` columns are also given one by one, as the CSV writes them."""
    version = selection.version
    parameters: dict[str, Any] = {
        name: sql.Literal(value)
        for name, value in delta_parameters(version.couche, since, version.number).items()
    }
    delta = sql.SQL(DELTA_SQL.replace("%(", "{").replace(")s", "}")).format(**parameters)
    names = [sql.Identifier(f"flat_{rank}") for rank in range(len(flat))]
    listed = [sql.SQL(", a.{}").format(name) for name in names]
    return {
        "delta": delta,
        "after": _side(selection, columns, "after_id", flat),
        "before": _side(selection, columns, "before_id", flat),
        "flat": sql.SQL("").join(listed),
    }


def _side(selection: Selection, columns: list[Column], key: str, flat: list[Column]) -> sql.Composed:
    version = selection.version
    native = [_named(column, version, column.name, native=True) for column in columns]
    written = [_named(column, version, f"flat_{rank}", native=False) for rank, column in enumerate(flat)]
    return sql.SQL(_SIDE).format(
        names=sql.SQL(", ").join(sql.Identifier("p", column.name) for column in columns),
        flat=sql.SQL("").join(
            sql.SQL(", {}").format(sql.Identifier("p", f"flat_{rank}")) for rank in range(len(flat))
        ),
        values=sql.SQL(", ").join([*native, *written]),
        fields=ROW_FIELDS,
        key=sql.Identifier(key),
        place=sql.SQL("").join(sql.SQL(" AND {}").format(clause) for clause in selection.place()),
        keyed=keyed_objects(columns),
    )


def _named(column: Column, version: CoucheVersion, name: str, *, native: bool) -> sql.Composed:
    value = value_of(column, version, native=native)
    return sql.SQL("{} AS {}").format(value if native else safe(value, column), sql.Identifier(name))


def _csv_value(column: Column, rank: int) -> sql.Composed:
    value: sql.Composable = sql.Identifier("c", f"flat_{rank}")
    if column.name in _IDENTITY:
        # The identity of what is gone is all that is left of it.
        value = sql.SQL("coalesce({}::text, c.properties_before ->> {})").format(
            value, sql.Literal(column.name)
        )
    return sql.SQL("{} AS {}").format(value, sql.Identifier(column.name))
