"""How many objects where: counts per cell, kept for each version, so no low zoom reads the rows.

A cell is an eighth of a web tile on each side (32 px), at each zoom from 0 to 9. One pass
over the version fills every zoom at once, the first time somebody looks; afterwards a
tile is one row by its key, at a hundred objects or at a million.
"""

from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from psycopg import sql

from couches.filters import in_force
from couches.mercator import Box, cell_of, latitude, longitude
from couches.models import CoucheVersion, DensityTile
from couches.reading import reader

MAX_ZOOM = 9
EXTENT = 4096
# 2^3 cells on each side of a tile.
CELL_BITS = 3
CELL_SIDE = EXTENT >> CELL_BITS
# A view may ask for so many tiles on each side; beyond, it is given a coarser grid.
_WIDEST = 6
# One pass over a national couche takes seconds, which the web's five could cut short.
_SETTINGS = "SET LOCAL statement_timeout = '60s'; SET LOCAL work_mem = '64MB'"
_FILL = sql.SQL("""
WITH fine AS (
    SELECT floor(u * {side})::int AS cx, floor(v * {side})::int AS cy,
           count(*) AS n, sum(u) AS su, sum(v) AS sv
    -- OFFSET 0: each place is computed once, and a million of them are not kept.
    FROM (SELECT {u} AS u, {v} AS v FROM couches_featureversion fv WHERE {where} OFFSET 0) place GROUP BY 1, 2
), cells AS (
    SELECT z, cx >> ({zoom} - z) AS cx, cy >> ({zoom} - z) AS cy, sum(n) AS n, sum(su) AS su, sum(sv) AS sv
    FROM fine CROSS JOIN generate_series(0, {zoom}) AS z GROUP BY 1, 2, 3
)
INSERT INTO couches_densitytile (version_id, z, x, y, cells, px, py, counts)
SELECT {version}, z, cx >> {bits}, cy >> {bits},
       array_agg(((cy & {mask}) << {bits}) | (cx & {mask}) ORDER BY cy, cx),
       array_agg(least({extent} - 1, floor((su / n * (1 << z) - (cx >> {bits})) * {extent}))::int ORDER BY cy, cx),
       array_agg(least({extent} - 1, floor((sv / n * (1 << z) - (cy >> {bits})) * {extent}))::int ORDER BY cy, cx),
       array_agg(n::int ORDER BY cy, cx)
FROM cells GROUP BY z, cx >> {bits}, cy >> {bits}
ON CONFLICT DO NOTHING""")
# Where a point is in the square of the world, from 0 to 1: what EPSG:3857 is, without calling PROJ.
U = sql.SQL("((ST_X(fv.geom) + 180) / 360)")
V = sql.SQL("((1 - asinh(tan(radians(greatest(-85.05, least(85.05, ST_Y(fv.geom)))))) / pi()) / 2)")


@dataclass(frozen=True)
class Cell:
    """A cell of the grid: the middle of its objects in degrees, and how many they are."""

    lon: float
    lat: float
    count: int


def ensure(version: CoucheVersion) -> str:
    """Count a version's objects per cell if nobody has yet; return the alias that knows them.

    Two visitors at once: the second waits for the first, and finds the work done.
    """
    alias = reader().alias
    if version.feature_count == 0 or _known(version, alias):
        return alias
    # A replica cannot be written to, and may not have received yet what is written now.
    with transaction.atomic(using=DEFAULT_DB_ALIAS), connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(_SETTINGS)
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('couches.density'), %s)", [version.pk])
        if not _known(version, DEFAULT_DB_ALIAS):
            cursor.execute(_filling(version).as_string(cursor.cursor))
    return DEFAULT_DB_ALIAS


def _known(version: CoucheVersion, alias: str) -> bool:
    return DensityTile.objects.using(alias).filter(version=version, z=0, x=0, y=0).exists()


def _filling(version: CoucheVersion) -> sql.Composed:
    return _FILL.format(
        u=U,
        v=V,
        where=sql.SQL(" AND ").join(in_force(version)),
        side=sql.Literal(1 << (MAX_ZOOM + CELL_BITS)),
        zoom=sql.Literal(MAX_ZOOM),
        bits=sql.Literal(CELL_BITS),
        mask=sql.Literal((1 << CELL_BITS) - 1),
        extent=sql.Literal(EXTENT),
        version=sql.Literal(version.pk),
    )


_EXTENT = sql.SQL("""
SELECT min(d.x + (u.cell & {mask}) / {across}), min(d.y + (u.cell >> {bits}) / {across}),
       max(d.x + ((u.cell & {mask}) + 1) / {across}), max(d.y + ((u.cell >> {bits}) + 1) / {across})
FROM couches_densitytile d, unnest(d.cells) AS u(cell) WHERE d.version_id = {version} AND d.z = {z}""")


def extent(version: CoucheVersion) -> Box | None:
    """Return west, south, east, north around a version's objects, in degrees; None when it holds none.

    To whole cells of zoom 9 (about 7 km in France), from the counts: the rows are not read.
    """
    alias = ensure(version)
    statement = _EXTENT.format(
        mask=sql.Literal((1 << CELL_BITS) - 1),
        bits=sql.Literal(CELL_BITS),
        across=sql.Literal(float(1 << CELL_BITS)),
        version=sql.Literal(version.pk),
        z=sql.Literal(MAX_ZOOM),
    )
    with connections[alias].cursor() as cursor:
        cursor.execute(statement.as_string(cursor.cursor))
        left, top, right, bottom = cursor.fetchone()
    if left is None:
        return None
    whole = 2**MAX_ZOOM
    west, east = round(longitude(float(left) / whole), 5), round(longitude(float(right) / whole), 5)
    return west, round(latitude(float(bottom) / whole), 5), east, round(latitude(float(top) / whole), 5)


def level_of(zoom: int, box: Box) -> int:
    """Return the zoom of the tiles whose cells are 64 px at `zoom`, coarser when the box is wide."""
    level = max(0, zoom - 1)
    while level > 0 and _span(level, box) > _WIDEST:
        level -= 1
    return level


def _span(level: int, box: Box) -> int:
    west, south, east, north = box
    left, top = cell_of(west, north, level)
    right, bottom = cell_of(east, south, level)
    return max(right - left, bottom - top) + 1


def cells_in(version: CoucheVersion, box: Box, level: int) -> list[Cell]:
    """Return the cells of a box (degrees, EPSG:4326) whose middle is inside, at tile zoom `level` ≤ 9.

    Of a sensitive couche, the middle is the grid's and not the objects'.
    """
    alias = ensure(version)
    west, south, east, north = box
    left, top = cell_of(west, north, level)
    right, bottom = cell_of(east, south, level)
    tiles = DensityTile.objects.using(alias).filter(
        version=version, z=level, x__range=(left, right), y__range=(top, bottom)
    )
    found = [cell for tile in tiles for cell in _cells_of(tile, coarse=version.couche.sensitive)]
    return [cell for cell in found if west <= cell.lon <= east and south <= cell.lat <= north]


def _cells_of(tile: DensityTile, *, coarse: bool) -> list[Cell]:
    found = []
    for index, px, py, count in zip(tile.cells, tile.px, tile.py, tile.counts, strict=True):
        if coarse:
            px, py = middle(index)
        u, v = (tile.x + (px + 0.5) / EXTENT) / 2**tile.z, (tile.y + (py + 0.5) / EXTENT) / 2**tile.z
        found.append(from_square(u, v, count))
    return found


def middle(index: int) -> tuple[int, int]:
    """Return the middle of a cell of a tile, in the tile's own units."""
    mask = (1 << CELL_BITS) - 1
    return (index & mask) * CELL_SIDE + CELL_SIDE // 2, (index >> CELL_BITS) * CELL_SIDE + CELL_SIDE // 2


def from_square(u: float, v: float, count: int) -> Cell:
    """Return a cell from its place in the square of the world (0 to 1, from the north-west)."""
    return Cell(round(longitude(u), 5), round(latitude(v), 5), count)
