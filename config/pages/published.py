"""What residents see of published features: a title, two facts, a place, a date."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import Point
from django.db.models import Q

from couches.models import Couche, CoucheVersion, FeatureVersion
from couches.schemas import describe, title_of
from territoires.models import Commune

FACTS = 2


@dataclass(frozen=True)
class Published:
    """One published feature, in the words of its couche."""

    title: str
    facts: list[str]
    couche: Couche
    commune: Commune
    point: Point
    observations: int
    last_observed_on: dt.date
    published_at: dt.datetime | None


def lately(limit: int) -> list[Published]:
    """Return the features published last, whatever the couche; empty before the first publication."""
    rows = (
        FeatureVersion.objects.current().select_related("couche", "commune", "feature").defer("commune__geom")
    )
    return _listed(rows.order_by("-pk")[:limit])


def of_page(rows: Iterable[FeatureVersion]) -> list[Published]:
    """Return rows read by `rows_of_commune` as residents see them."""
    return _listed(rows)


def rows_of_commune(commune: Commune, couche: Couche) -> Any:
    """Return the queryset of what is in force in a commune for a couche, latest first."""
    rows = FeatureVersion.objects.current().filter(couche=couche, commune=commune)
    return (
        rows.select_related("couche", "commune", "feature")
        .defer("commune__geom")
        .order_by("-from_version", "-pk")
    )


def _listed(rows: Iterable[FeatureVersion]) -> list[Published]:
    found = list(rows)
    dates = _publication_dates(found)
    return [_one(row, dates.get((row.couche_id, row.from_version))) for row in found]


def _one(row: FeatureVersion, published_at: dt.datetime | None) -> Published:
    title = title_of(row.couche, row.attributes)
    return Published(
        title=title,
        facts=_facts(row, title),
        couche=row.couche,
        commune=row.commune,
        point=row.geom,
        observations=row.observations,
        last_observed_on=row.last_observed_on,
        published_at=published_at,
    )


def _publication_dates(rows: list[FeatureVersion]) -> dict[tuple[int, int], dt.datetime]:
    wanted = {(row.couche_id, row.from_version) for row in rows}
    if not wanted:
        return {}
    any_of = Q()
    for couche_id, number in wanted:
        any_of |= Q(couche_id=couche_id, number=number)
    versions = CoucheVersion.objects.filter(any_of)
    return {(v.couche_id, v.number): v.published_at for v in versions}


def _facts(row: FeatureVersion, title: str) -> list[str]:
    # The answers alone: their questions would be longer than they are.
    answers = (answer for _question, answer in describe(row.couche, row.attributes))
    return [answer for answer in answers if answer != title][:FACTS]
