"""Rows of a page of items, as the GeoJSON text PostgreSQL makes of them.

The page is found first, on the tables and through their indexes, in the order of the row's
key; its values are computed after, for the rows of the page alone. Rows of a version never
change: after the last key of a page, the next page neither skips nor repeats.
"""

import uuid
from dataclasses import dataclass

from psycopg import sql

from couches.columns import Column
from couches.reading import reader
from exports.ogc.collections import Collection
from exports.ogc.crs import CRS84, Reference
from exports.ogc.params import ItemsQuery
from exports.rows import DEGREE_DIGITS, METRE_DIGITS, ROW_FIELDS, TABLES, Selection, keyed_objects, value_of

_FEATURES = sql.SQL("""
SELECT p.row_id, '{{"type":"Feature","id":"' || p.id || '","geometry":' || ST_AsGeoJSON(p.shape, {digits}, 0)
       || ',"properties":' || row_to_json((SELECT r FROM (SELECT {names}) r))
FROM (
    SELECT fv.id AS row_id, {shape} AS shape, {values}
    FROM (SELECT {fields} {tables} {searched} WHERE {where} ORDER BY fv.id LIMIT {limit} OFFSET 0) fv {keyed}
) p ORDER BY p.row_id""")
_EXTENT = sql.SQL("""
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box), first, last FROM (
    SELECT ST_Extent(fv.geom) AS box, min(fv.last_observed_on) AS first, max(fv.last_observed_on) AS last
    FROM couches_featureversion fv WHERE {where}
) e""")


@dataclass(frozen=True)
class Page:
    """Features as JSON texts without their closing brace, and the key after which the next page starts."""

    features: list[str]
    next_after: int | None


def find_page(query: ItemsQuery) -> Page:
    """Return one page of items (one statement)."""
    with reader().cursor() as cursor:
        cursor.execute(page_statement(query))
        rows = cursor.fetchall()
    more = len(rows) > query.limit
    kept = rows[: query.limit]
    return Page([row[1] for row in kept], kept[-1][0] if more else None)


def find_item(collection: Collection, reference: Reference, feature_id: uuid.UUID) -> str | None:
    """Return one item as JSON text without its closing brace, None where the version has it not."""
    where: list[sql.Composable] = [
        Selection(collection.version).where(),
        sql.SQL("fv.feature_id = {}").format(sql.Literal(feature_id)),
    ]
    with reader().cursor() as cursor:
        cursor.execute(_statement(collection, reference, where, limit=1))
        row = cursor.fetchone()
    return row and row[1]


def page_statement(query: ItemsQuery) -> sql.Composed:
    """Return the SQL of a page, with one row more than asked: whether there is a next page."""
    where = [query.selection.where(), *query.conditions]
    if query.after:
        where.append(sql.SQL("fv.id > {}").format(sql.Literal(query.after)))
    searched = [one.column for one in query.filtered]
    return _statement(query.collection, query.reference, where, limit=query.limit + 1, searched=searched)


def find_extent(collection: Collection) -> tuple[list[float], list[str]] | None:
    """Return ([west, south, east, north], [first day, last day]) of a version, None when it is empty."""
    with reader().cursor() as cursor:
        cursor.execute(_EXTENT.format(where=Selection(collection.version).where()))
        west, south, east, north, first, last = cursor.fetchone()
    return None if west is None else ([west, south, east, north], [first.isoformat(), last.isoformat()])


def _statement(
    collection: Collection,
    reference: Reference,
    where: list[sql.Composable],
    *,
    limit: int,
    searched: list[Column] | None = None,
) -> sql.Composed:
    columns = [column for column in collection.columns if column.name != "id"]
    version = collection.version
    degrees = reference.uri == CRS84 or reference.uri.endswith("/4326")
    return _FEATURES.format(
        digits=sql.Literal(DEGREE_DIGITS if degrees else METRE_DIGITS),
        names=sql.SQL(", ").join(sql.Identifier("p", column.name) for column in columns),
        shape=reference.geometry(sql.SQL("fv.geom")),
        values=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(value_of(column, version, native=True), sql.Identifier(column.name))
            for column in collection.columns
        ),
        fields=ROW_FIELDS,
        tables=TABLES,
        searched=keyed_objects(searched or []),
        where=sql.SQL(" AND ").join(where),
        limit=sql.Literal(limit),
        keyed=keyed_objects(collection.columns),
    )
