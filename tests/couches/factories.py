"""Changes to publish in tests."""

import datetime as dt
import uuid
from typing import Any

from django.contrib.gis.geos import Point

from couches.models import Couche, FeatureVersion
from couches.publication import Change

CAFE = {"kind": "cafe", "nom": "Café de la Place"}
DAY = dt.date(2026, 11, 20)


def services() -> Couche:
    """The couche most tests publish."""
    return Couche.objects.get(slug="services")


def create(feature_id: uuid.UUID | None = None, **given: Any) -> Change:
    """Return the creation of a café in Aurillac, unless told otherwise."""
    defaults: dict[str, Any] = {
        "geom": Point(2.44, 44.93, srid=4326),
        "attributes": CAFE,
        "commune_id": "15014",
        "last_observed_on": DAY,
    }
    return Change("create", feature_id or uuid.uuid4(), **{**defaults, **given})


def content(couche: Couche, number: int) -> dict[uuid.UUID, tuple[Any, ...]]:
    """Return what each feature says at a version, read row by row."""
    return {
        row.feature_id: (
            row.geom.coords, row.attributes, row.commune_id, row.observations, row.distinct_observers,
            row.last_observed_on, row.accuracy_m, row.near_border, row.self_accepted, row.origin,
        )
        for row in FeatureVersion.objects.filter(couche=couche).at_version(number)
    }  # fmt: skip
