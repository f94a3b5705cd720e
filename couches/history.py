"""What happened to a published object, version by version, in words.

Read from the intervals of its rows: a row that follows another is a change, a hole
between two is a withdrawal and a return. Nothing of what a withdrawn object said is told.
"""

import datetime as dt
import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.contrib.gis.geos import Point
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from couches.cleaners import EMPTY
from couches.models import Couche, CoucheVersion, Feature, FeatureVersion
from couches.schemas import properties, readable

# A place observed every week for four years; beyond, the oldest events are not told.
MAX_ROWS = 200
_EARTH_M = 6_371_008.8


class What(Enum):
    """What a version did to an object."""

    ADDED = "added"
    CHANGED = "changed"
    OBSERVED = "observed"
    WITHDRAWN = "withdrawn"
    BACK = "back"


@dataclass(frozen=True)
class Difference:
    """One field before and after, as a person reads it."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Event:
    """One version that touched the object."""

    version: int
    published_at: dt.datetime | None
    what: What
    differences: list[Difference] = field(default_factory=list)


def rows_of(feature: Feature) -> list[FeatureVersion]:
    """Return the latest states of a feature, the oldest first."""
    rows = FeatureVersion.objects.filter(feature=feature).select_related("commune__departement")
    return list(rows.defer("commune__geom").order_by("-from_version")[:MAX_ROWS])[::-1]


def events(couche: Couche, rows: list[FeatureVersion], *, told: bool) -> list[Event]:
    """Return what happened, the latest first; `told` False gives versions and dates alone."""
    happened: list[tuple[int, What, list[Difference]]] = []
    before: FeatureVersion | None = None
    for row in rows:
        if before is None:
            happened.append((row.from_version, What.ADDED, []))
        elif before.to_version == row.from_version:
            changed = differences(couche, before, row)
            what = What.OBSERVED if _same_content(before, row) else What.CHANGED
            happened.append((row.from_version, what, changed))
        else:
            happened.append((before.to_version or 0, What.WITHDRAWN, []))
            happened.append((row.from_version, What.BACK, differences(couche, before, row)))
        before = row
    if before is not None and before.to_version is not None:
        happened.append((before.to_version, What.WITHDRAWN, []))
    dates = _dates(couche, [number for number, _what, _changed in happened])
    return [
        Event(number, dates.get(number), what, changed if told else [])
        for number, what, changed in reversed(happened)
    ]


def _dates(couche: Couche, numbers: list[int]) -> dict[int, dt.datetime]:
    versions = CoucheVersion.objects.filter(couche=couche, number__in=numbers)
    return dict(versions.values_list("number", "published_at"))


def _same_content(before: FeatureVersion, after: FeatureVersion) -> bool:
    return (
        before.attributes == after.attributes
        and before.geom.coords == after.geom.coords
        and before.commune_id == after.commune_id
    )


def differences(couche: Couche, before: FeatureVersion, after: FeatureVersion) -> list[Difference]:
    """Return the fields that differ, in the order of the couche's form, then what is ours."""
    found = []
    known = properties(couche)
    others = sorted((before.attributes.keys() | after.attributes.keys()) - known.keys())
    for name in [*known, *others]:
        old, new = before.attributes.get(name), after.attributes.get(name)
        if old != new:
            definition = known.get(name, {})
            shown = (_shown(old, definition), _shown(new, definition))
            found.append(Difference(definition.get("title", name), *shown))
    return found + _own_differences(couche, before, after)


def _own_differences(couche: Couche, before: FeatureVersion, after: FeatureVersion) -> list[Difference]:
    pairs = [
        (_("Commune"), before.commune.nom, after.commune.nom),
        (_("Nombre d'observations"), _number(before.observations), _number(after.observations)),
        (_("Dernière observation"), _day(before.last_observed_on), _day(after.last_observed_on)),
    ]
    if before.geom.coords != after.geom.coords:
        moved = _("déplacée de %(distance)s") % {"distance": _metres(distance_m(before.geom, after.geom))}
        pairs.insert(0, (_("Position"), "" if couche.sensitive else place(before.geom), moved))
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def _shown(value: Any, definition: dict[str, Any]) -> str:
    return "" if value in EMPTY else readable(value, definition)


def place(point: Point) -> str:
    """Return latitude and longitude as a person copies them: degrees, five decimals (about a metre)."""
    return f"{point.y:.5f}, {point.x:.5f}"


def distance_m(one: Point, other: Point) -> float:
    """Return the metres between two places given in degrees (EPSG:4326), on the sphere."""
    low, high = math.radians(one.y), math.radians(other.y)
    half = math.sin((high - low) / 2) ** 2
    half += math.cos(low) * math.cos(high) * math.sin(math.radians(other.x - one.x) / 2) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(half)))


def _metres(distance: float) -> str:
    if distance >= 1_000:
        return _("%(n)s km") % {"n": number_format(distance / 1_000, 1)}
    return _("%(n)s m") % {"n": number_format(max(1, round(distance)), 0)}


def _number(value: int) -> str:
    return str(number_format(value, 0, force_grouping=True))


def _day(value: dt.date) -> str:
    return str(date_format(value, "j F Y"))
