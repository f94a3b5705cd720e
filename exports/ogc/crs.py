"""The CRS of OGC API – Features Part 2: their addresses, and which of their axes comes first.

PostGIS writes x then y whatever the authority says; where the authority puts north first
(EPSG:4326), coordinates are flipped on the way in and out.
"""

import math
from dataclasses import dataclass
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from psycopg import sql
from pyproj import CRS, Transformer

from exports.projections import PROJECTIONS, WGS84

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
WEB_MERCATOR = 3857
# What maps of the web and of the world speak, wherever the points are.
EVERYWHERE = (WGS84, WEB_MERCATOR)
# Beyond these, PROJ itself gives up: a box must be finite before it is compared.
MAX_COORDINATE = 1e9


@dataclass(frozen=True)
class Reference:
    """A CRS as a client names it: `uri`, the EPSG code PostGIS computes with, the order of axes."""

    uri: str
    srid: int
    north_first: bool = False

    def geometry(self, stored: sql.Composable) -> sql.Composable:
        """Return the SQL of a stored geometry (EPSG:4326, x first) in this CRS, axes in its order."""
        moved = stored
        if self.srid != WGS84:
            moved = sql.SQL("ST_Transform({}, {})").format(stored, sql.Literal(self.srid))
        return sql.SQL("ST_FlipCoordinates({})").format(moved) if self.north_first else moved


@cache
def references() -> dict[str, Reference]:
    """Return every CRS that some collection may offer, by its address."""
    found = {CRS84: Reference(CRS84, WGS84)}
    codes = {code: projection.computed_as for code, projection in PROJECTIONS.items()}
    for code, computed_as in {**codes, WEB_MERCATOR: WEB_MERCATOR}.items():
        uri = f"{_EPSG}{code}"
        north_first = CRS.from_epsg(code).axis_info[0].direction == "north"
        found[uri] = Reference(uri, computed_as, north_first)
    return found


def offered(legal: set[int]) -> list[str]:
    """Return the addresses of the CRS that cover points of these legal CRS, CRS84 first."""
    codes = [
        code
        for code, projection in PROJECTIONS.items()
        if code not in EVERYWHERE and legal <= projection.covers
    ]
    return [CRS84, *(f"{_EPSG}{code}" for code in (*EVERYWHERE, *codes))]


def read_reference(name: str, text: str, legal: set[int]) -> Reference:
    """Return the CRS that a parameter names. Raises ValidationError on `name` where it is not offered."""
    if not text:
        return references()[CRS84]
    uri = text.removeprefix("[").removesuffix("]")
    if uri in offered(legal):
        return references()[uri]
    message = _(
        "Cette projection n'est pas offerte ici : prenez une adresse de la liste « crs » de la collection."
    )
    raise ValidationError({name: [message]})


def box_condition(numbers: list[float], reference: Reference) -> sql.Composable:
    """Return the SQL that keeps points of `fv.geom` inside a box (min and max along each axis, in its order).

    A box of longitudes whose west is greater than its east crosses the antimeridian.
    Raises ValidationError on `bbox`.
    """
    first_min, second_min, first_max, second_max = numbers
    west, south, east, north = (
        (second_min, first_min, second_max, first_max)
        if reference.north_first
        else (first_min, second_min, first_max, second_max)
    )
    if south > north or (west > east and reference.srid != WGS84):
        raise ValidationError({"bbox": [_("Donnez d'abord le coin bas gauche, puis le coin haut droit.")]})
    if reference.srid == WGS84:
        return _degrees(west, south, east, north)
    try:
        to_degrees = Transformer.from_crs(reference.srid, WGS84, always_xy=True)
        rough = to_degrees.transform_bounds(west, south, east, north, densify_pts=21)
    except Exception as error:
        raise _outside() from error
    if not all(math.isfinite(value) for value in rough):
        raise _outside()
    # The rough box in degrees finds through the index; the exact test is in the asked CRS.
    exact = sql.SQL("ST_Intersects(ST_Transform(fv.geom, {srid}), ST_MakeEnvelope({box}, {srid}))").format(
        srid=sql.Literal(reference.srid),
        box=sql.SQL(", ").join(map(sql.Literal, (west, south, east, north))),
    )
    return sql.SQL("({} AND {})").format(_degrees(*rough), exact)


def _degrees(west: float, south: float, east: float, north: float) -> sql.Composable:
    boxes = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    parts = [
        sql.SQL("fv.geom && ST_MakeEnvelope({}, 4326)").format(
            sql.SQL(", ").join(map(sql.Literal, (first, south, last, north)))
        )
        for first, last in boxes
    ]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(parts))


def _outside() -> ValidationError:
    return ValidationError(
        {
            "bbox": [
                _("Ce cadre sort du domaine de sa projection : vérifiez « bbox-crs » et l'ordre des axes.")
            ]
        }
    )
