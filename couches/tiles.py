"""A vector tile of a version, made by PostGIS in one statement.

From zoom 10, layer `objets`: points with a few light attributes, at most MAX_OBJECTS, and
a layer `avis` that says so when some are missing. Below, layer `agregats`: counts per
cell, read from what `couches/density.py` keeps. Mapbox Vector Tile 2.1, extent 4096.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connections
from psycopg import sql

from couches import density
from couches.filters import ALIVE_AT, Filters
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
    **dict.fromkeys(("limit", "number", "z"), "int"),
    "slug": "text",
}
# The version, and what a tile says with: two words of a schema too heavy to travel. Found by the
# statement that draws: a journey to the server costs as much as a third of the drawing.
_ASKED = sql.SQL("""
WITH asked AS MATERIALIZED (
    SELECT v.id, v.feature_count, v.couche_id, c.sensitive, c.title, c.style ->> 'category' AS category,
           coalesce(c.attribute_schema ->> 'x-title', 'nom') AS naming,
           c.attribute_schema -> 'properties' -> (c.style ->> 'category') -> 'x-labels' AS words
    FROM couches_couche c JOIN couches_coucheversion v ON v.couche_id = c.id
    WHERE c.slug = {slug} AND v.number = {number}
)""")
# `+ 0` keeps the planner from walking the primary key in the hope of meeting the box early.
_OBJECTS = sql.SQL("""{asked}, found AS MATERIALIZED (
    SELECT fv.id, fv.number, fv.geom, fv.attributes, fv.commune_id, fv.last_observed_on
    FROM couches_featureversion fv
    WHERE {where} AND fv.geom && ST_MakeEnvelope({west}, {south}, {east}, {north}, 4326)
    ORDER BY fv.id + 0 LIMIT {limit} + 1
), named AS MATERIALIZED (
    -- A tile is in a few communes: their names are read once, not once per object.
    SELECT jsonb_object_agg(c.code_insee, c.nom) AS noms FROM territoires_commune c
    WHERE c.code_insee IN (SELECT DISTINCT commune_id FROM found)
), drawn AS (
    -- The box above has the tile's margin: nothing is left to clip, and PROJ is not asked.
    SELECT ST_MakePoint(floor(({u} * {side} - {x}) * {extent}), floor(({v} * {side} - {y}) * {extent})) AS geom,
           fv.number, coalesce(nullif(fv.attributes ->> a.naming, ''), a.words ->> (fv.attributes ->> a.category),
                              fv.attributes ->> a.category, a.title) AS title,
           fv.attributes ->> a.category AS category,
           n.noms ->> fv.commune_id AS commune,
           fv.commune_id AS code_insee, fv.last_observed_on::text AS last_observed_on
    -- As they were found, in order.
    FROM (SELECT * FROM found LIMIT {limit}) fv CROSS JOIN asked a CROSS JOIN named n
)
SELECT coalesce((SELECT ST_AsMVT(drawn, {layer}, {extent}, 'geom', 'number') FROM drawn), '')
    -- Asked only when it has something to say: a branch that is not taken is never computed.
    || CASE WHEN (SELECT count(*) FROM found) > {limit} THEN (
        SELECT ST_AsMVT(said, {notice}, {extent}, 'geom')
        FROM (SELECT ST_MakePoint({extent} / 2, {extent} / 2) AS geom, true AS truncated, {limit} AS shown) said
    ) ELSE '' END
FROM asked""")
_ITS_COUCHE = sql.SQL("fv.couche_id = (SELECT couche_id FROM asked WHERE NOT sensitive)")
# Of a sensitive couche the middle of the cell, not of what is in it: one object alone would be where it is.
_AGGREGATES = sql.SQL("""{asked}
SELECT coalesce((SELECT ST_AsMVT(cell, {layer}, {extent}, 'geom') FROM (
    SELECT ST_MakePoint(CASE WHEN a.sensitive THEN (u.cell & 7) * {cell} + {cell} / 2 ELSE u.px END,
                        CASE WHEN a.sensitive THEN (u.cell >> 3) * {cell} + {cell} / 2 ELSE u.py END) AS geom,
           n AS count
    FROM couches_densitytile d, unnest(d.cells, d.px, d.py, d.counts) AS u(cell, px, py, n)
    WHERE d.version_id = a.id AND d.z = {z} AND d.x = {x}::int AND d.y = {y}::int
) cell), ''),
    a.feature_count = 0 OR EXISTS (
        SELECT FROM couches_densitytile d WHERE d.version_id = a.id AND d.z = 0 AND d.x = 0 AND d.y = 0)
FROM asked a""")
_SAME = {
    "u": density.U,
    "v": density.V,
    "extent": sql.Literal(EXTENT),
    "cell": sql.Literal(density.CELL_SIDE),
}


def _composed(
    statement: sql.SQL,
    layer: str,
    values: Mapping[str, sql.Composable],
    filters: Iterable[sql.Composable] = (),
) -> sql.Composed:
    return statement.format(
        asked=_ASKED.format(**values),
        where=sql.SQL(" AND ").join([_ITS_COUCHE, ALIVE_AT.format(number=values["number"]), *filters]),
        layer=sql.Literal(layer),
        notice=sql.Literal(NOTICE),
        **_SAME,
        **values,
    )


def _prepared(statement: sql.SQL, layer: str) -> str:
    """Return a statement as text, each value to come with its type: PostgreSQL plans it before it knows them."""
    values = {n: sql.SQL("{}::{}").format(sql.Placeholder(n), sql.SQL(kind)) for n, kind in _KINDS.items()}
    return _composed(statement, layer, values).as_string(None)


_PREPARED_OBJECTS = _prepared(_OBJECTS, OBJECTS)
_PREPARED_AGGREGATES = _prepared(_AGGREGATES, AGGREGATES)


def draw(slug: str, number: int, z: int, x: int, y: int) -> bytes | None:
    """Return the bytes of a tile, by one question: no byte when nothing is there, None without such a version.

    A sensitive couche is never drawn finer than the counts of zoom 9.
    """
    asked = _parameters(slug, number, z, x, y)
    if z >= FIRST_OBJECTS:
        row = fetch_row(reader(), _PREPARED_OBJECTS, asked)
        return None if row is None else bytes(row[0])
    row = fetch_row(reader(), _PREPARED_AGGREGATES, asked)
    if row is not None and not row[1]:
        # Nobody has looked yet: its objects are counted once, for everybody.
        version = CoucheVersion.objects.get(couche__slug=slug, number=number)
        row = fetch_row(connections[density.ensure(version)], _PREPARED_AGGREGATES, asked)
    return None if row is None else bytes(row[0])


def draw_filtered(version: CoucheVersion, z: int, x: int, y: int, filters: Filters) -> bytes:
    """Return the same, of the objects that filters leave, from zoom 10."""
    with reader().cursor() as cursor:
        cursor.execute(objects_sql(version, z, x, y, filters).as_string(cursor.cursor))
        row = cursor.fetchone()
    return bytes(row[0]) if row else b""


def objects_sql(version: CoucheVersion, z: int, x: int, y: int, filters: Filters) -> sql.Composed:
    """Return the statement that draws the objects of a tile, its values written in."""
    asked = _parameters(version.couche.slug, version.number, z, x, y)
    values = {name: sql.Literal(value) for name, value in asked.items()}
    return _composed(_OBJECTS, OBJECTS, values, filters.where())


def _parameters(slug: str, number: int, z: int, x: int, y: int) -> dict[str, Any]:
    west, south, east, north = tile_box(z, x, y, margin=BUFFER / EXTENT)
    return {
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "side": float(2**z),
        "x": float(x),
        "y": float(y),
        "z": z,
        "limit": MAX_OBJECTS,
        "slug": slug,
        "number": number,
    }


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
