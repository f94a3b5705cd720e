"""Builds points from what strangers send: nothing reaches a spatial lookup before this.

drf-gis's own field takes NaN, 1e999, latitude 480 and a foreign `crs` for good
coin; a raw string in a spatial lookup has been an arbitrary write
(CVE-2026-15307). So numbers are checked as numbers first, and the geometry is
built from them last.
"""

import re

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Plain or scientific ASCII decimals with a point or a French comma, bounded in length:
# JavaScript writes 1e-7 for a place on the Greenwich meridian.
NUMBER = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]{0,30})?(?:[eE][+-]?[0-9]{1,3})?")
MAX_TEXT = 48
_MEMBERS = frozenset({"type", "coordinates"})


def point_from_geojson(document: object) -> Point:
    """Return the point (EPSG:4326) of a GeoJSON geometry, as `coordinates_from_geojson` reads it."""
    lon, lat = coordinates_from_geojson(document)
    return Point(lon, lat, srid=4326)


def coordinates_from_geojson(document: object) -> tuple[float, float]:
    """Return (longitude, latitude) of a GeoJSON geometry `{"type": "Point", "coordinates": [lon, lat]}`.

    Whatever `document` is, raises nothing but ValidationError on "geometry": another
    type, a `crs` member (RFC 7946 has none), more than two numbers, NaN, infinity,
    out of range, empty.
    """
    if not isinstance(document, dict):
        raise _refused(_("Donnez une géométrie GeoJSON de type Point."))
    if "crs" in document:
        raise _refused(
            _("Retirez le membre « crs » : les coordonnées GeoJSON sont en longitude et latitude WGS84.")
        )
    if document.get("type") != "Point":
        raise _refused(_("Seul le type Point est accepté : donnez un seul point."))
    if not document.keys() <= _MEMBERS:
        raise _refused(_("Ne gardez que « type » et « coordinates » dans la géométrie."))
    coordinates = document.get("coordinates")
    if not isinstance(coordinates, list | tuple) or len(coordinates) != 2:
        raise _refused(_("Donnez exactement deux nombres : longitude puis latitude."))
    lon, lat = coordinates
    if not _is_number(lon) or not _is_number(lat):
        raise _refused(_("La longitude et la latitude doivent être des nombres."))
    return _in_range(lon, lat)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def point_from_text(lon: str, lat: str) -> Point:
    """Return the point (EPSG:4326) of two decimals as typed, "2,4397" or "2.4397".

    Raises ValidationError on "geometry", and nothing else.
    """
    return _point(_number(lon, _("longitude")), _number(lat, _("latitude")))


def _number(text: object, name: str) -> float:
    typed = text.strip() if isinstance(text, str) and len(text) <= MAX_TEXT else ""
    if not NUMBER.fullmatch(typed):
        raise _refused(_("La %(name)s doit être un nombre de degrés, par exemple 44,9262.") % {"name": name})
    return float(typed.replace(",", "."))


def _point(lon: float, lat: float) -> Point:
    return Point(*_in_range(lon, lat), srid=4326)


def _in_range(lon: float, lat: float) -> tuple[float, float]:
    # A NaN fails every comparison; an int of a thousand digits is compared before it is a float.
    if not -180 <= lon <= 180:
        raise _refused(_("La longitude doit être comprise entre -180 et 180 degrés."))
    if not -90 <= lat <= 90:
        raise _refused(_("La latitude doit être comprise entre -90 et 90 degrés."))
    return float(lon), float(lat)


def _refused(message: str) -> ValidationError:
    return ValidationError({"geometry": [message]})
