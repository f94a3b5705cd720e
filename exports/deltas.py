"""The SQL of what changed between two versions: additions, changes with what was before, tombstones.

A withdrawn object leaves its identity and nothing else: what is no longer published is
not published again by saying that it is gone. Within a territory, an object that left it
is withdrawn for who follows that territory, one that entered it is added.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from psycopg import sql

from couches.columns import Column, columns_of, nested_columns
from couches.deltas import DELTA_SQL
from couches.models import CoucheVersion
from exports.rows import DEGREE_DIGITS, ROW_FIELDS, Selection, keyed_objects, safe, value_of
from exports.streams import CHUNK_BYTES, RAW_ROWS, chunks, copy_rows

CHANGE = "change"
CHANGED_FIELDS = "champs_modifies"
BEFORE = "avant_"
# What a tombstone says, beside the change itself.
_IDENTITY = {"id", "number", "couche", "version"}
# Said by every row of the file: it never differs between the two sides.
_SAME_ON_BOTH = {"couche", "version"}

# The delta first, narrow, in the order of the rows; then each side through the primary key.
# `OFFSET 0` keeps both: the cost is the delta's, never the couche's.
_FROM = """
    FROM (
        SELECT delta.before_id, delta.after_id, coalesce(delta.after_id, delta.before_id) AS row_id
        FROM ({delta}) delta ORDER BY coalesce(delta.after_id, delta.before_id) OFFSET 0
    ) step
    LEFT JOIN LATERAL ({after}) a ON true
    LEFT JOIN LATERAL ({before}) b ON true
    CROSS JOIN LATERAL (SELECT CASE WHEN a.id IS NULL THEN 'withdrawn' WHEN b.id IS NULL THEN 'added'
                                    ELSE 'changed' END AS change OFFSET 0) said
    WHERE a.id IS NOT NULL OR b.id IS NOT NULL
    ORDER BY step.row_id"""
_SIDE = """
    SELECT fv.geom, {values} FROM (
        SELECT {fields} FROM couches_featureversion fv
        JOIN territoires_commune c ON c.code_insee = fv.commune_id
        JOIN territoires_departement d ON d.code = c.departement_id
        WHERE fv.id = {key} {place} OFFSET 0
    ) fv {keyed} OFFSET 0"""
# A letter before each feature, taken off again here, lets the end of the file count them.
_GEOJSON = """
    SELECT left(said.change, 1) || ',{{"type":"Feature","id":"' || coalesce(a.id, b.id) || '","geometry":'
           || coalesce(ST_AsGeoJSON(a.geom, {digits}), 'null') || ',"properties":'
           || CASE WHEN said.change = 'withdrawn'
                   THEN row_to_json((SELECT r FROM (SELECT said.change, {identity}) r))
                   ELSE row_to_json((SELECT r FROM (SELECT said.change, {names}) r)) END
           || CASE WHEN said.change = 'changed' THEN ',"before":{{' || CASE WHEN NOT ST_Equals(a.geom, b.geom)
                   THEN '"geometry":' || ST_AsGeoJSON(b.geom, {digits}) || ',' ELSE '' END
                   || '"properties":' || {differing} || '}}' ELSE '' END || '}}'
    {tables}"""
_DIFFERING = """(
    SELECT coalesce(jsonb_object_agg(was.key, was.value), '{{}}') FROM
        jsonb_each(to_jsonb((SELECT r FROM (SELECT {before}) r))) was
        JOIN jsonb_each(to_jsonb((SELECT r FROM (SELECT {after}) r))) is_now USING (key)
    WHERE was.value IS DISTINCT FROM is_now.value)::text"""
_LETTERS = {b"a": "added", b"c": "changed", b"w": "withdrawn"}


@dataclass(frozen=True)
class Delta:
    """The changes after version `since` up to the selection's, as one file tells them.

    `since` 0 is the empty couche. `nested` keeps the answers as they are stored (GeoJSON);
    `before` adds what the fields said to a CSV (a GeoJSON always has it).
    """

    selection: Selection
    since: int
    nested: bool = False
    before: bool = False

    @property
    def version(self) -> CoucheVersion:
        """The version it leads to."""
        return self.selection.version

    @property
    def columns(self) -> list[Column]:
        """The columns of a row."""
        return nested_columns() if self.nested else columns_of(self.version.couche)


def geojson_delta(delta: Delta, members: dict[str, Any]) -> Iterator[bytes]:
    """Yield a FeatureCollection; `members` go before the features, `counts` after.

    Each feature says in `change`: added, changed or withdrawn; a changed one has a member
    `before` with the fields that differ, and the geometry if it moved. Without `counts`,
    the file is cut.
    """
    counts = dict.fromkeys(_LETTERS.values(), 0)
    head = orjson.dumps({"type": "FeatureCollection", **members})[:-1] + b',"features":[\n'
    parts: list[bytes] = [head]
    size, first = len(head), True
    for row in copy_rows(geojson_query(delta), RAW_ROWS):
        line = bytes(row)
        counts[_LETTERS[line[:1]]] += 1
        parts.append(line[2:] if first else line[1:])
        size, first = size + len(line), False
        if size >= CHUNK_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join([*parts, b'],"counts":', orjson.dumps(counts), b"}\n"])


def csv_delta(delta: Delta) -> Iterator[bytes]:
    """Yield a CSV: the change, the names of the fields that differ, the row; a tombstone keeps its identity."""
    return chunks(copy_rows(csv_query(delta), sql.SQL("(FORMAT csv, HEADER)")), newline=b"\r\n")


def geojson_query(delta: Delta) -> sql.Composed:
    """One feature per change, a letter and a comma before it."""
    columns = delta.columns
    differing = [column for column in columns if column.name not in _SAME_ON_BOTH]
    return sql.SQL(_GEOJSON).format(
        digits=sql.Literal(DEGREE_DIGITS),
        identity=sql.SQL(", ").join(
            sql.SQL("b.{0} AS {0}").format(sql.Identifier(column.name))
            for column in columns
            if column.name in _IDENTITY
        ),
        names=_of("a", columns),
        differing=sql.SQL(_DIFFERING).format(before=_of("b", differing), after=_of("a", differing)),
        tables=_tables(delta, native=True),
    )


def csv_query(delta: Delta) -> sql.Composed:
    """One row per change; with `before`, a column `avant_…` beside for each field that may differ."""
    columns = delta.columns
    differing = [column for column in columns if column.name not in _SAME_ON_BOTH | {"id", "number"}]
    values = [_value(column) for column in columns]
    if delta.before:
        values += [_value_before(column) for column in differing]
    changed = sql.SQL(", ").join(
        sql.SQL("CASE WHEN {differ} THEN {name} END").format(
            differ=_differs(column), name=sql.Literal(column.name)
        )
        for column in differing
    )
    return sql.SQL(
        "SELECT said.change AS {change}, CASE WHEN said.change = 'changed' THEN concat_ws('|', {changed}) END"
        " AS {fields}, {values} {tables}"
    ).format(
        change=sql.Identifier(CHANGE),
        changed=changed,
        fields=sql.Identifier(CHANGED_FIELDS),
        values=sql.SQL(", ").join(values),
        tables=_tables(delta, native=False),
    )


def _value(column: Column) -> sql.Composed:
    name = sql.Identifier(column.name)
    if column.name in _IDENTITY:
        return sql.SQL("coalesce(a.{0}, b.{0}) AS {0}").format(name)
    return sql.SQL("a.{0} AS {0}").format(name)


def _value_before(column: Column) -> sql.Composed:
    return sql.SQL("CASE WHEN said.change = 'changed' AND {differ} THEN b.{name} END AS {before}").format(
        differ=_differs(column),
        name=sql.Identifier(column.name),
        before=sql.Identifier(f"{BEFORE}{column.name}"),
    )


def _differs(column: Column) -> sql.Composed:
    return sql.SQL("a.{0} IS DISTINCT FROM b.{0}").format(sql.Identifier(column.name))


def _of(side: str, columns: list[Column]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(side, column.name) for column in columns)


def _tables(delta: Delta, *, native: bool) -> sql.Composed:
    query = sql.SQL(DELTA_SQL.replace("%(", "{").replace(")s", "}")).format(
        couche=sql.Literal(delta.version.couche_id),
        since=sql.Literal(delta.since),
        until=sql.Literal(delta.version.number),
    )
    return sql.SQL(_FROM).format(
        delta=query,
        after=_side(delta, "after_id", native=native),
        before=_side(delta, "before_id", native=native),
    )


def _side(delta: Delta, key: str, *, native: bool) -> sql.Composed:
    """What a feature says on one side, no row when it is absent there or outside the territory."""
    version, columns = delta.version, delta.columns

    def value(column: Column) -> sql.Composable:
        own = value_of(column, version, native=native)
        return own if native else safe(own, column)

    return sql.SQL(_SIDE).format(
        values=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(value(column), sql.Identifier(column.name)) for column in columns
        ),
        fields=ROW_FIELDS,
        key=sql.Identifier("step", key),
        place=sql.SQL("").join(sql.SQL(" AND {}").format(clause) for clause in delta.selection.place()),
        keyed=keyed_objects(columns),
    )
