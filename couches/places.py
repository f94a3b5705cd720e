"""What the public map and its list read: few objects with their place, or counts per cell.

Everything here has a bound: at most MAX_OBJECTS objects are drawn, at most SCANNED rows
are counted for a view that no stored count answers, and a total beyond COUNTED is said to
be "more than". A map of a million objects therefore costs what it shows.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from couches import density, tiles
from couches.density import Cell
from couches.filters import Filters, in_force
from couches.mercator import Box
from couches.models import CoucheVersion
from couches.reading import reader

MAX_OBJECTS = 400
LISTED = 10
COUNTED = 10_000
SCANNED = 100_000
# Rows read to find where the objects of a filter are.
FRAMED = 20_000
# Cells across a view, at most.
_ACROSS = 48
_FIELDS = sql.SQL("fv.id, fv.number, fv.geom, fv.attributes, fv.commune_id, fv.last_observed_on")
_TEXT = sql.SQL("""
WITH found AS MATERIALIZED (
    SELECT {fields} FROM couches_featureversion fv
    WHERE {where} AND fv.geom && ST_MakeEnvelope({west}, {south}, {east}, {north}, 4326) LIMIT {most} + 1
), size AS (SELECT count(*) AS n FROM found)
SELECT size.n, coalesce((
    SELECT json_agg(json_build_object('type', 'Feature', 'id', fv.number,
        'geometry', {geometry},
        'properties', json_build_object('title', {title}, 'category', {category}, 'commune', c.nom,
            'last_observed_on', fv.last_observed_on)) ORDER BY fv.id DESC)
    FROM (SELECT * FROM found ORDER BY id DESC LIMIT (CASE WHEN size.n > {most} THEN {few} ELSE {most} END)) fv
    JOIN territoires_commune c ON c.code_insee = fv.commune_id), '[]')::text
FROM size""")
_LIVE = sql.SQL("""
SELECT count(*), avg(u), avg(v) FROM (
    SELECT {u} AS u, {v} AS v FROM couches_featureversion fv
    WHERE {where} AND fv.geom && ST_MakeEnvelope({west}, {south}, {east}, {north}, 4326) LIMIT {most}
) place GROUP BY floor(u * {side}), floor(v * {side})""")
# The page is chosen before anything is joined: within a large territory, that is a sort of bare numbers.
_LIST = sql.SQL("""
SELECT fv.id, fv.number, {title}, {category}, c.nom, c.code_insee, fv.last_observed_on, fv.observations
FROM (
    SELECT chosen.* FROM (
        SELECT fv.id FROM couches_featureversion fv WHERE {where} ORDER BY {order} DESC LIMIT {most} + 1
    ) page JOIN couches_featureversion chosen ON chosen.id = page.id
) fv
JOIN territoires_commune c ON c.code_insee = fv.commune_id
ORDER BY fv.id DESC""")
_COUNT = sql.SQL(
    "SELECT count(*) FROM (SELECT FROM couches_featureversion fv WHERE {where} LIMIT {most} + 1) n"
)
_FRAME = sql.SQL("""
SELECT min(ST_X(p.geom)), min(ST_Y(p.geom)), max(ST_X(p.geom)), max(ST_Y(p.geom))
FROM (SELECT fv.geom FROM couches_featureversion fv WHERE {where} LIMIT {most}) p""")


@dataclass(frozen=True)
class View:
    """What a rectangle of the map shows: `features` is the text of a JSON array.

    `cells` is None while the objects are few enough to be drawn; then `features` holds all
    of them, else the first LISTED ones. `exact` is False when `total` is only "at least".
    """

    total: int
    exact: bool
    features: str
    cells: list[Cell] | None


@dataclass(frozen=True)
class Listed:
    """One line of the list."""

    row: int
    number: int
    title: str
    category: str
    commune: str
    code_insee: str
    last_observed_on: dt.date
    observations: int


@dataclass(frozen=True)
class Page:
    """A page of the list; `following` is what asks for the next one, None at the end."""

    objects: list[Listed]
    following: int | None


def view(version: CoucheVersion, filters: Filters, box: Box, zoom: int) -> View:
    """Return what a rectangle (degrees, EPSG:4326) shows at a zoom of the map.

    A sensitive couche shows its counts alone, whatever the zoom.
    """
    coarse = version.couche.sensitive
    found, features = _objects(version, filters, box)
    if found <= MAX_OBJECTS and not coarse:
        return View(found, exact=True, features=features, cells=None)
    level = density.level_of(zoom, box)
    if coarse or (not filters and level <= density.MAX_ZOOM):
        cells = density.cells_in(version, box, min(level, density.MAX_ZOOM))
    else:
        cells = _live(version, filters, box, zoom)
    total = sum(cell.count for cell in cells)
    return View(total, exact=total < SCANNED or not filters, features=features, cells=cells)


def _objects(version: CoucheVersion, filters: Filters, box: Box) -> tuple[int, str]:
    [(count, features)] = _rows(objects_sql(version, filters, box))
    return count, features


def objects_sql(version: CoucheVersion, filters: Filters, box: Box) -> sql.Composed:
    """Return the statement that reads the objects of a box: their number, up to one too many, and their text."""
    couche = version.couche
    geometry = "NULL::json" if couche.sensitive else "ST_AsGeoJSON(fv.geom, 6)::json"
    return _TEXT.format(
        fields=_FIELDS,
        where=_where(version, filters, placed=True),
        geometry=sql.SQL(geometry),
        title=tiles.title(couche),
        category=tiles.category_label(couche),
        most=sql.Literal(MAX_OBJECTS),
        few=sql.Literal(LISTED),
        **_edges(box),
    )


def _live(version: CoucheVersion, filters: Filters, box: Box, zoom: int) -> list[Cell]:
    """Count the rows of a box per cell of 64 px, reading SCANNED of them at most."""
    west, _south, east, _north = box
    bits = min(max(zoom, 0) + 2, 24)
    while bits > 2 and (east - west) / 360 * 2**bits > _ACROSS:
        bits -= 1
    statement = _LIVE.format(
        u=density.U,
        v=density.V,
        where=_where(version, filters, placed=True),
        most=sql.Literal(SCANNED),
        side=sql.Literal(1 << bits),
        **_edges(box),
    )
    return [density.from_square(u, v, count) for count, u, v in _rows(statement)]


def listed(version: CoucheVersion, filters: Filters, before: int | None = None) -> Page:
    """Return a page of the list, the latest rows first; `before` is what the page before said follows."""
    found = [Listed(*row) for row in _rows(list_sql(version, filters, before))]
    shown = found[:LISTED]
    return Page(shown, shown[-1].row if len(found) > LISTED else None)


def list_sql(version: CoucheVersion, filters: Filters, before: int | None) -> sql.Composed:
    """Return the statement that reads a page of the list, and one line more."""
    clauses = [*in_force(version), *filters.where()]
    if before is not None:
        clauses.append(sql.SQL("fv.id < {}").format(sql.Literal(before)))
    return _LIST.format(
        title=tiles.title(version.couche),
        category=sql.SQL("coalesce({}, '')").format(tiles.category_label(version.couche)),
        where=sql.SQL(" AND ").join(clauses),
        # Within a territory its own index finds the few rows; walking the primary key would pass all.
        order=sql.SQL("fv.id + 0" if filters.territory else "fv.id"),
        most=sql.Literal(LISTED),
    )


def count(version: CoucheVersion, filters: Filters) -> tuple[int, bool]:
    """Return how many objects answer the filters, and whether there are more than that."""
    if not filters:
        return version.feature_count, False
    [(found,)] = _rows(_COUNT.format(where=_where(version, filters), most=sql.Literal(COUNTED)))
    return min(found, COUNTED), found > COUNTED


def frame(version: CoucheVersion, filters: Filters) -> Box | None:
    """Return the box of what answers the filters, of the whole version without any; None when empty.

    Of a sensitive couche, always the whole, to its cells.
    """
    if not filters or version.couche.sensitive:
        return density.extent(version)
    statement = _FRAME.format(where=_where(version, filters), most=sql.Literal(FRAMED))
    [(west, south, east, north)] = _rows(statement)
    return None if west is None else (west, south, east, north)


def _where(version: CoucheVersion, filters: Filters, *, placed: bool = False) -> sql.Composed:
    return sql.SQL(" AND ").join([*in_force(version, placed=placed), *filters.where()])


def _edges(box: Box) -> dict[str, sql.Composable]:
    return {
        name: sql.Literal(edge) for name, edge in zip(("west", "south", "east", "north"), box, strict=True)
    }


def _rows(statement: sql.Composed) -> list[tuple[Any, ...]]:
    with reader().cursor() as cursor:
        cursor.execute(statement.as_string(cursor.cursor))
        return list(cursor.fetchall())
