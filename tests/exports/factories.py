"""Published points to export: texts that break formats, places in two legal projections."""

import datetime as dt
import uuid
from typing import Any

from django.contrib.gis.geos import Point

from couches.models import Couche, CoucheVersion
from couches.publication import Change, publish

DAY = dt.date(2026, 11, 20)
LONG_TEXT = "é" * 300
HOSTILE_TEXTS = ['=HYPERLINK("x")', "+33471454646", "-12,5", "@SUM(A1)", "＝1+1"]
REPORT: dict[str, Any] = {
    "operators": [
        {"operator": "20801", "calls": "none", "data": "poor"},
        {"operator": "20815", "sms": "ok"},
        {"operator": "64710", "calls": "ok"},
    ],
    "display": "emergency_only",
    "bars": 2,
    "volte": False,
    "comment": "L'Haÿ-les-Roses, Œuilly 🏔️ \"derrière\" l'église",
}


def change(kind: str = "create", feature_id: uuid.UUID | None = None, **given: Any) -> Change:
    """Return a change to zones-blanches, in Aurillac unless told otherwise."""
    defaults: dict[str, Any] = {"last_observed_on": DAY}
    if kind == "create":
        defaults |= {
            "geom": Point(2.4412345, 44.9312345, srid=4326),
            "attributes": REPORT,
            "commune_id": "15014",
            "accuracy_m": 12.5,
        }
    return Change(kind, feature_id or uuid.uuid4(), **{**defaults, **given})  # type: ignore[arg-type]  # a literal


def zones() -> Couche:
    """The couche with the keyed list."""
    return Couche.objects.get(slug="zones-blanches")


def release(*changes: Change, couche: Couche | None = None) -> CoucheVersion:
    """Publish changes as the next version."""
    version = publish(couche=couche or zones(), changes=changes, by=None)
    return CoucheVersion.objects.select_related("couche").get(pk=version.pk)
