"""A vector tile of a version, made by PostGIS in one statement.

From zoom 10, layer `objets`: points with a few light attributes, at most MAX_OBJECTS, and
a layer `avis` that says so when some are missing. Below, layer `agregats`: counts per
cell, read from what `couches/density.py` keeps. Mapbox Vector Tile 2.1, extent 4096.
"""

import json
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from couches import density
from couches.filters import Filters, in_force
from couches.mercator import tile_box
from couches.models import Couche, CoucheVersion
from couches.prepared import fetch_row
from couches.reading import reader
from couches.schemas import properties

# What is drawn changes the bytes: a higher recipe is another ETag.
RECIPE = 1
MIN_ZOOM, FIRST_OBJECTS, MAX_ZOOM = 0, density.MAX_ZOOM + 1, 18
EXTENT, BUFFER = density.EXTENT, 64
MAX_OBJECTS = 5_000
OBJECTS, AGGREGATES, NOTICE = "objets", "agregats", "avis"
# What a tile is asked with. Typed, for a statement that PostgreSQL plans before it knows them.
_KINDS = {
    **dict.fromkeys(("west", "south", "east", "north", "side", "x", "y"), "double precision"),
    "limit": "int",
    "couche": "bigint",
    "category": "text",
}


def _typed(name: str, kind: str) -> sql.Composable:
    return sql.SQL("{}::{}").format(sql.Placeholder(name), sql.SQL(kind))


# `+ 0` keeps the planner from walking the primary key in the hope of meeting the box early.
_OBJECTS = sql.SQL("""
WITH found AS MATERIALIZED (
    SELECT fv.id, fv.number, fv.geom, fv.attributes, fv.commune_id, fv.last_observed_on
    FROM couches_featureversion fv
    WHERE {where} AND fv.geom && ST_MakeEnvelope({west}, {south}, {east}, {north}, 4326)
    ORDER BY fv.id + 0 LIMIT {limit} + 1
), named AS MATERIALIZED (
    -- A tile is in a few communes: their names are read once, not once per object.
    SELECT c.code_insee, c.nom FROM territoires_commune c
    WHERE c.code_insee IN (SELECT DISTINCT commune_id FROM found)
), schema AS MATERIALIZED (
    SELECT coalesce(attribute_schema ->> 'x-title', 'nom') AS naming, title,
           attribute_schema -> 'properties' -> {category} -> 'x-labels' AS words
    FROM couches_couche WHERE id = {couche}
), drawn AS (
    -- The box above has the tile's margin: nothing is left to clip, and PROJ is not asked.
    SELECT ST_MakePoint(floor(({u} * {side} - {x}) * {extent}), floor(({v} * {side} - {y}) * {extent})) AS geom,
           fv.number, coalesce(nullif(fv.attributes ->> s.naming, ''), s.words ->> (fv.attributes ->> {category}),
                              fv.attributes ->> {category}, s.title) AS title,
           fv.attributes ->> {category} AS category, c.nom AS commune,
           fv.commune_id AS code_insee, fv.last_observed_on::text AS last_observed_on
    FROM (SELECT * FROM found ORDER BY id LIMIT {limit}) fv
    JOIN named c ON c.code_insee = fv.commune_id
    CROSS JOIN schema s
    ORDER BY fv.id
)
SELECT coalesce((SELECT ST_AsMVT(drawn, {layer}, {extent}, 'geom', 'number') FROM drawn), '')
    || coalesce((SELECT ST_AsMVT(said, {notice}, {extent}, 'geom')
        FROM (SELECT ST_MakePoint({extent} / 2, {extent} / 2) AS geom, true AS truncated, {limit} AS shown
              WHERE (SELECT count(*) FROM found) > {limit}) said), '')""")
_SAME = {
    "u": density.U,
    "v": density.V,
    "extent": sql.Literal(EXTENT),
    "layer": sql.Literal(OBJECTS),
    "notice": sql.Literal(NOTICE),
}
_PREPARED = _OBJECTS.format(
    where=sql.SQL(
        "fv.couche_id = {couche} AND fv.from_version <= {number} "
        "AND (fv.to_version IS NULL OR fv.to_version > {number})"
    ).format(couche=_typed("couche", "bigint"), number=_typed("number", "int")),
    **_SAME,
    **{name: _typed(name, kind) for name, kind in _KINDS.items()},
).as_string(None)
_AGGREGATES = sql.SQL("""
SELECT coalesce(ST_AsMVT(cell, {layer}, {extent}, 'geom'), '') FROM (
    SELECT ST_MakePoint({px}, {py}) AS geom, n AS count
    FROM couches_densitytile d, unnest(d.cells, d.px, d.py, d.counts) AS u(cell, px, py, n)
    WHERE d.version_id = {version} AND d.z = {z} AND d.x = {x} AND d.y = {y}
) cell""")


def draw(version: CoucheVersion, z: int, x: int, y: int, filters: Filters) -> bytes:
    """Return the bytes of a tile; empty when there is nothing to draw.

    A sensitive couche is never drawn finer than the counts of zoom 9.
    """
    if z >= FIRST_OBJECTS and version.couche.sensitive:
        return b""
    if z >= FIRST_OBJECTS:
        if filters:
            return _bytes(_asked(reader(), objects_sql(version, z, x, y, filters)))
        return _bytes(fetch_row(reader(), _PREPARED, _parameters(version, z, x, y)))
    statement = _aggregates(version, z, x, y)
    # Almost always counted already: asking the tile first spares asking whether it is.
    return _bytes(_asked(reader(), statement)) or _bytes(
        _asked(connections[density.ensure(version)], statement)
    )


def _asked(connection: BaseDatabaseWrapper, statement: sql.Composed) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.cursor))
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _bytes(row: tuple[Any, ...] | None) -> bytes:
    assert row is not None  # noqa: S101  # an aggregate always answers
    return bytes(row[0])


def objects_sql(version: CoucheVersion, z: int, x: int, y: int, filters: Filters) -> sql.Composed:
    """Return the statement that draws the objects of a tile, its values written in."""
    values = {name: sql.Literal(value) for name, value in _parameters(version, z, x, y).items()}
    where = sql.SQL(" AND ").join([*in_force(version), *filters.where()])
    return _OBJECTS.format(where=where, **_SAME, **values)


def _parameters(version: CoucheVersion, z: int, x: int, y: int) -> dict[str, Any]:
    west, south, east, north = tile_box(z, x, y, margin=BUFFER / EXTENT)
    return {
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "side": float(2**z),
        "x": float(x),
        "y": float(y),
        "limit": MAX_OBJECTS,
        # The schema is heavy: PostgreSQL reads the two words of it that a tile needs.
        "couche": version.couche_id,
        "number": version.number,
        "category": version.couche.style.get("category") or "",
    }


def _aggregates(version: CoucheVersion, z: int, x: int, y: int) -> sql.Composed:
    px: sql.Composable = sql.SQL("u.px")
    py: sql.Composable = sql.SQL("u.py")
    if version.couche.sensitive:
        # The middle of the cell, not of what is in it: one object alone would be where it is.
        px = sql.SQL("(u.cell & 7) * {0} + {0} / 2").format(sql.Literal(density.CELL_SIDE))
        py = sql.SQL("(u.cell >> 3) * {0} + {0} / 2").format(sql.Literal(density.CELL_SIDE))
    return _AGGREGATES.format(
        px=px,
        py=py,
        layer=sql.Literal(AGGREGATES),
        extent=sql.Literal(EXTENT),
        version=sql.Literal(version.pk),
        z=sql.Literal(z),
        x=sql.Literal(x),
        y=sql.Literal(y),
    )


def title(couche: Couche) -> sql.Composable:
    """Return the SQL of what names an object: its own name, else the label of its kind, else the couche."""
    named = couche.attribute_schema.get("x-title", "nom")
    return sql.SQL("coalesce(nullif(fv.attributes ->> {named}, ''), {label}, {couche})").format(
        named=sql.Literal(named), label=category_label(couche), couche=sql.Literal(couche.title)
    )


def category(couche: Couche) -> sql.Composable:
    """Return the SQL of the code of the attribute that tells the objects of a couche apart; NULL without one."""
    name = couche.style.get("category")
    if not name:
        return sql.SQL("NULL::text")
    return sql.SQL("(fv.attributes ->> {})").format(sql.Literal(name))


def category_label(couche: Couche) -> sql.Composable:
    """Return the SQL of the same in words."""
    name = couche.style.get("category")
    labels = properties(couche).get(name, {}).get("x-labels", {}) if name else {}
    if not labels:
        return category(couche)
    return sql.SQL("coalesce({}::jsonb ->> {code}, {code})").format(
        sql.Literal(json.dumps(labels)), code=category(couche)
    )
