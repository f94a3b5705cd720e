"""Builds zones from what officials draw, type or paste: counted and checked before any geometry exists.

GEOS takes half a million vertices, NaN and bow-ties for good coin, and some at a price: numbers are
looked at as numbers first, the geometry is built last, and its soundness judged once it is small.
"""

import json
import re
from typing import Any

from django.contrib.gis.geos import LinearRing, MultiPolygon, Point, Polygon
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from pyproj import Geod

from contributions.models import PAUSE_VERTICES
from territoires.points import point_from_geojson, point_from_text

MAX_TEXT = 20_000
MAX_SIDE_DEGREES = 1.5
MIN_AREA_DEGREES = 1e-8
MIN_RADIUS_M, MAX_RADIUS_M = 50, 5_000
CIRCLE_VERTICES = 48
RING_DIGITS = 6
SPHEROID = Geod(ellps="WGS84")
# "44,93 2,44", "44.93, 2.44", "44.93;2.44": what separates two numbers of a line, decimals set apart.
BETWEEN = re.compile(r"\s*;\s*|,?\s+|(?<=\.\d),(?=[-+\d])|(?<=\d),(?=[-+]?\d+\.)")

Ring = list[tuple[float, float]]


def zone_from_text(raw: object) -> MultiPolygon:
    """Return the zone (EPSG:4326) of a pasted text: a vertex a line, « latitude, longitude », or GeoJSON.

    The last vertex need not repeat the first. Raises nothing but ValidationError on "vertices".
    """
    text = raw.strip() if isinstance(raw, str) else ""
    if len(text) > MAX_TEXT:
        raise _too_many()
    if text.startswith("{"):
        return zone_from_geojson(_json(text))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > PAUSE_VERTICES:
        raise _too_many()
    return _zone([[[_vertex(line, rank) for rank, line in enumerate(lines, start=1)]]])


def zone_from_geojson(document: object) -> MultiPolygon:
    """Return the zone (EPSG:4326) of a GeoJSON Polygon or MultiPolygon, RFC 7946.

    Whatever `document` is, raises nothing but ValidationError on "vertices": another type, a `crs`,
    more than 200 vertices, other than two finite numbers a vertex, a ring that is open or crosses
    itself.
    """
    if not isinstance(document, dict) or document.get("type") not in {"Polygon", "MultiPolygon"}:
        raise _refused(_("Donnez une géométrie GeoJSON de type Polygon ou MultiPolygon."))
    if not set(document) <= {"type", "coordinates"}:
        raise _refused(_("Ne gardez que « type » et « coordinates » dans la géométrie."))
    found = document.get("coordinates")
    polygons = [found] if document["type"] == "Polygon" else found
    # Counted before a single one is read.
    if _count(polygons, depth=3) > PAUSE_VERTICES:
        raise _too_many()
    return _zone([[_ring(ring) for ring in _list(polygon)] for polygon in _list(polygons)])


def circle(centre: Point, radius_m: int) -> MultiPolygon:
    """Return a regular polygon of 48 vertices inscribed in a circle on the WGS84 spheroid.

    `centre` EPSG:4326; `radius_m` metres, 50 to 5,000. Raises ValidationError on "radius".
    """
    if not MIN_RADIUS_M <= radius_m <= MAX_RADIUS_M:
        raise ValidationError(
            {
                "radius": [
                    _("Donnez un rayon de %(min)d à %(max)d mètres.")
                    % {"min": MIN_RADIUS_M, "max": MAX_RADIUS_M}
                ]
            }
        )
    azimuths = [360 * rank / CIRCLE_VERTICES for rank in range(CIRCLE_VERTICES)]
    many = len(azimuths)
    lons, lats, _back = SPHEROID.fwd([centre.x] * many, [centre.y] * many, azimuths, [radius_m] * many)
    ring = [(round(lon, RING_DIGITS), round(lat, RING_DIGITS)) for lon, lat in zip(lons, lats, strict=True)]
    return _zone([[ring]])


def area_m2(zone: MultiPolygon) -> float:
    """Return the area of a zone (EPSG:4326) on the WGS84 spheroid, in square metres."""
    total = 0.0
    for polygon in zone.coords:
        for rank, ring in enumerate(polygon):
            lons, lats = zip(*ring, strict=True)
            area, _perimeter = SPHEROID.polygon_area_perimeter(lons, lats)
            total += abs(area) if rank == 0 else -abs(area)
    return total


def _zone(polygons: list[list[Ring]]) -> MultiPolygon:
    if not polygons or not all(polygons):
        raise _refused(_("Donnez au moins trois sommets."))
    zone = MultiPolygon([Polygon(*(_closed(ring) for ring in rings)) for rings in polygons], srid=4326)
    if zone.num_coords > PAUSE_VERTICES:
        raise _too_many()
    if not zone.valid:
        raise _refused(_("Le contour se croise ou se touche : donnez les sommets en faisant le tour."))
    # In degrees: three aligned points enclose hectares between their geodesics.
    if zone.area < MIN_AREA_DEGREES:
        raise _refused(_("Cette zone n'a pas de surface : écartez ses sommets."))
    west, south, east, north = zone.extent
    if max(east - west, north - south) > MAX_SIDE_DEGREES:
        raise _refused(_("Cette zone est trop grande : une centaine de kilomètres de côté au plus."))
    return zone


def _closed(ring: Ring) -> LinearRing:
    distinct = ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring
    if len(set(distinct)) < 3:
        raise _refused(_("Donnez au moins trois sommets."))
    return LinearRing([*distinct, distinct[0]])


def _ring(raw: object) -> Ring:
    vertices = [_on_earth({"type": "Point", "coordinates": vertex}) for vertex in _list(raw)]
    if len(vertices) < 4 or vertices[0] != vertices[-1]:
        raise _refused(_("Un anneau GeoJSON compte au moins quatre sommets et finit où il commence."))
    return vertices


def _on_earth(document: object) -> tuple[float, float]:
    try:
        point = point_from_geojson(document)
    except ValidationError as error:
        raise _refused(" ".join(error.messages)) from error
    return point.x, point.y


def _vertex(line: str, rank: int) -> tuple[float, float]:
    numbers = BETWEEN.split(line)
    if len(numbers) != 2:
        raise _refused(
            _("Ligne %(rank)d : écrivez une latitude puis une longitude, par exemple « 44,9262 2,4397 ».")
            % {"rank": rank}
        )
    try:
        point = point_from_text(numbers[1], numbers[0])
    except ValidationError as error:
        told = " ".join(error.messages)
        raise _refused(_("Ligne %(rank)d : %(told)s") % {"rank": rank, "told": told}) from error
    return point.x, point.y


def _count(found: object, *, depth: int) -> int:
    """Return how many vertices stand at `depth` lists down, at most a few more than the limit."""
    if not isinstance(found, list):
        return 0
    if depth == 1:
        return len(found)
    total = 0
    for one in found[: PAUSE_VERTICES + 1]:
        total += _count(one, depth=depth - 1)
        if total > PAUSE_VERTICES:
            break
    return max(total, len(found) if len(found) > PAUSE_VERTICES else 0)


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise _refused(_("Les coordonnées d'un polygone sont des listes de listes de nombres."))
    return found


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refused(_("Ce texte n'est pas du JSON : collez-le en entier.")) from error


def _too_many() -> ValidationError:
    return _refused(_("Trop de sommets : %(max)d au plus. Simplifiez le contour.") % {"max": PAUSE_VERTICES})


def _refused(message: str) -> ValidationError:
    return ValidationError({"vertices": [message]})
