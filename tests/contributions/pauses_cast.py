"""Pauses around the centre of Aurillac, and reports that fall into them."""

import datetime as dt
from typing import Any

from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.utils import timezone

from comptes.models import User
from contributions import pauses
from contributions.models import Pause
from contributions.zones import circle
from tests.contributions.factories import payload

ADDRESS = "/api/v1/contributions/"
CENTRE = Point(2.44, 44.93, srid=4326)
SOON = dt.timedelta(days=3)


def opened(by: User, **changes: Any) -> Pause:
    """A refusal of 500 m around the centre of Aurillac, for three days."""
    asked: dict[str, Any] = {
        "mode": Pause.Mode.REFUSE, "reason_code": Pause.Reason.FLOOD, "message": "Appelez le 04 71 00 00 00.",
        "ends": timezone.now() + SOON,
    }  # fmt: skip
    if "commune" not in changes:
        asked["zone"] = circle(CENTRE, 500)
    return pauses.open_pause(**{"by": by, **asked, **changes})


def at(lon: float, lat: float, **changes: Any) -> dict[str, Any]:
    return payload(geometry={"type": "Point", "coordinates": [lon, lat]}, **changes)


def box(west: float, south: float, east: float, north: float) -> MultiPolygon:
    return MultiPolygon(Polygon.from_bbox((west, south, east, north)), srid=4326)
