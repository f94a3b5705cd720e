"""Places a resident can choose instead of typing coordinates: the town hall, what is published."""

import uuid
from dataclasses import dataclass

from couches.models import Couche, FeatureVersion
from couches.schemas import describe, title_of
from territoires.models import Commune

MAX_KNOWN = 60


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A published feature: its name and its point (degrees, EPSG:4326)."""

    id: uuid.UUID
    title: str
    commune: Commune
    couche: Couche
    lon: float
    lat: float
    facts: list[tuple[str, str]]


def known_places(commune: Commune, couche: Couche) -> list[KnownPlace]:
    """Return what is in force in `commune` for `couche`, by name, sixty at most."""
    rows = FeatureVersion.objects.current().filter(couche=couche, commune=commune)
    rows = rows.select_related("couche", "commune").defer("commune__geom").order_by("-pk")[:MAX_KNOWN]
    return sorted((_known(row) for row in rows), key=lambda place: place.title.casefold())


def known_place(feature_id: uuid.UUID) -> KnownPlace | None:
    """Return a feature in force, or None."""
    rows = FeatureVersion.objects.current().select_related("couche", "commune").defer("commune__geom")
    row = rows.filter(feature_id=feature_id).first()
    return _known(row) if row else None


def stored_attributes(feature_id: uuid.UUID) -> dict[str, object]:
    """Return what a feature in force says today, to be corrected; {} when it is gone."""
    row = FeatureVersion.objects.current().filter(feature_id=feature_id).first()
    return row.attributes if row else {}


def _known(row: FeatureVersion) -> KnownPlace:
    return KnownPlace(
        id=row.feature_id,
        title=title_of(row.couche, row.attributes),
        commune=row.commune,
        couche=row.couche,
        lon=row.geom.x,
        lat=row.geom.y,
        facts=describe(row.couche, row.attributes),
    )
