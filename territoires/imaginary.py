"""Bac-à-Sable, the commune that does not exist: where officials practise on invented reports.

It lies in the ocean, has no piece, so `locate()` never answers it, and ended before it began,
so no list, search, export or synchronisation of today's communes meets it. The database holds
to all three (`commune_sandbox_apart`, `piece_not_of_sandbox`).
"""

import datetime as dt
import math

from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.utils.translation import gettext as _

from territoires.location import Location, OutsideFrance
from territoires.models import SANDBOX_CODE, SANDBOX_DEPARTEMENT, Commune, Departement

NAME = "Bac-à-Sable"
# Bay of Biscay, 300 km from any shore (EPSG:4326).
CENTRE = (-6.0, 46.0)
# Bearings every 30°, in metres from the town hall: a coast that nobody will take for a circle.
REACH_M = (3900, 4300, 3600, 4700, 4100, 3500, 4400, 3800, 4600, 4000, 3400, 4200)
ENDED = dt.date(1900, 1, 2)
METRES_PER_DEGREE = 111_200


def ensure_sandbox() -> Commune:
    """Return the imaginary commune, made when it is missing; safe to call at any time."""
    departement, _created = Departement._base_manager.get_or_create(
        code=SANDBOX_DEPARTEMENT, defaults={"nom": NAME}
    )
    commune, _created = Commune._base_manager.defer("geom").get_or_create(
        code_insee=SANDBOX_CODE,
        defaults={
            "nom": NAME,
            "departement": departement,
            "geom": _outline(),
            "chef_lieu": Point(*CENTRE, srid=4326),
            "approximate": True,
            "millesime": ENDED.year,
            "valid_to": ENDED,
            "is_sandbox": True,
        },
    )
    return commune


def place(east_m: float, north_m: float) -> Point:
    """Return the point EPSG:4326 so many metres east and north of the town hall."""
    lon, lat = CENTRE
    return Point(
        round(lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(lat))), 7),
        round(lat + north_m / METRES_PER_DEGREE, 7),
        srid=4326,
    )


def locate_in_sandbox(point: Point) -> Location:
    """Return the imaginary commune for a point (EPSG:4326) of it. Raises OutsideFrance elsewhere."""
    commune = ensure_sandbox()
    if not Commune._base_manager.filter(pk=commune.pk, geom__covers=point).exists():
        raise OutsideFrance(
            _("Ce point est hors de la commune imaginaire : au bac à sable, restez dans son contour.")
        )
    return Location(commune=commune, near_border=False)


def _outline() -> MultiPolygon:
    corners = [
        place(reach * math.sin(math.radians(30 * rank)), reach * math.cos(math.radians(30 * rank)))
        for rank, reach in enumerate(REACH_M)
    ]
    ring = [(corner.x, corner.y) for corner in [*corners, corners[0]]]
    return MultiPolygon(Polygon(ring, srid=4326), srid=4326)
