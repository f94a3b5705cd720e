"""What changed between two versions, as people read it: a page of objects, fields before and after.

The delta is found in the index (`couches.deltas`), a page of it is cut by keyset, and only
the rows of that page are read: the cost is the changes', never the couche's. What is
withdrawn leaves its number and nothing else.
"""

from dataclasses import dataclass, field
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from psycopg import sql

from couches.deltas import DELTA_SQL, delta_parameters
from couches.models import Couche, FeatureVersion
from couches.reading import reader
from couches.schemas import properties, readable, title_of
from territoires.models import Commune, Departement, Epci
from territoires.scope import Territory

CHANGES = ("added", "changed", "withdrawn")
PAGE = 50
_SELECT = """
SELECT * FROM (
    SELECT coalesce(after_id, before_id) AS row_id, feature_id,
        CASE WHEN {after} THEN after_id END AS after_id, CASE WHEN {before} THEN before_id END AS before_id
    FROM ({delta}) delta
    WHERE coalesce(after_id, before_id) > %(beyond)s
    ORDER BY coalesce(after_id, before_id) OFFSET 0
) step
WHERE {kind} ORDER BY row_id LIMIT %(limit)s
"""
# Absent from a territory, before or after, is absent for who looks at that territory.
_KINDS = {
    "": "(after_id IS NOT NULL OR before_id IS NOT NULL)",
    "added": "(after_id IS NOT NULL AND before_id IS NULL)",
    "changed": "(after_id IS NOT NULL AND before_id IS NOT NULL)",
    "withdrawn": "(after_id IS NULL AND before_id IS NOT NULL)",
}


@dataclass(frozen=True)
class FieldChange:
    """A field before and after, empty when there was or is no answer."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """One object that changed: `place` is [lon, lat] in EPSG:4326, None when withdrawn; `was` when it moved."""

    change: str
    number: int
    title: str = ""
    commune: str = ""
    place: tuple[float, float] | None = None
    was: tuple[float, float] | None = None
    fields: list[FieldChange] = field(default_factory=list)


def differences(
    couche: Couche,
    since: int,
    until: int,
    *,
    kind: str = "",
    territory: Territory | None = None,
    beyond: int = 0,
) -> tuple[list[Difference], int | None]:
    """Return a page of what changed, and the key that the next page starts beyond (None at the end).

    `kind` is one of CHANGES, or empty for all. Raises BadInterval unless since < until.
    """
    found = _keys(couche, since, until, kind, territory, beyond)
    page = found[:PAGE]
    keys = [key for _row, _feature, *both in page for key in both if key is not None]
    rows = (
        FeatureVersion.objects.filter(pk__in=keys).select_related("commune", "feature").defer("commune__geom")
    )
    by_key: dict[int | None, FeatureVersion] = {row.pk: row for row in rows}
    shown = [
        _difference(couche, by_key.get(before), by_key.get(after)) for _row, _feature, after, before in page
    ]
    return shown, page[-1][0] if len(found) > PAGE else None


def _keys(
    couche: Couche, since: int, until: int, kind: str, territory: Territory | None, beyond: int
) -> list[tuple[int, Any, int | None, int | None]]:
    query = sql.SQL(_SELECT).format(
        delta=sql.SQL(DELTA_SQL),
        after=_inside("after_id", territory),
        before=_inside("before_id", territory),
        kind=sql.SQL(_KINDS[kind]),
    )
    parameters = {**delta_parameters(couche, since, until), "beyond": beyond, "limit": PAGE + 1}
    with reader().cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def _inside(key: str, territory: Territory | None) -> sql.Composable:
    """Say whether the row of a side is in the territory, through its primary key."""
    if territory is None:
        return sql.SQL("true")
    if isinstance(territory, Commune):
        column = "(c.code_insee = {0} OR c.successor_id = {0})"
    elif isinstance(territory, Epci):
        column = "c.epci_id = {0}"
    elif isinstance(territory, Departement):
        column = "c.departement_id = {0}"
    else:
        column = "d.region_id = {0}"
    return sql.SQL(
        """EXISTS (SELECT FROM couches_featureversion v JOIN territoires_commune c ON c.code_insee = v.commune_id
            JOIN territoires_departement d ON d.code = c.departement_id
            WHERE v.id = delta.{key} AND {place})"""
    ).format(key=sql.Identifier(key), place=sql.SQL(column).format(sql.Literal(territory.pk)))


def _difference(couche: Couche, before: FeatureVersion | None, after: FeatureVersion | None) -> Difference:
    if after is None:
        assert before is not None  # noqa: S101  # a difference has a side
        return Difference("withdrawn", before.feature.number)
    title = title_of(couche, after.attributes)
    place = (after.geom.x, after.geom.y)
    if before is None:
        return Difference("added", after.feature.number, title, after.commune.nom, place)
    was = (before.geom.x, before.geom.y)
    return Difference(
        "changed",
        after.feature.number,
        title,
        after.commune.nom,
        place,
        was if was != place else None,
        list(_changed_fields(couche, before, after)),
    )


def _changed_fields(couche: Couche, before: FeatureVersion, after: FeatureVersion) -> list[FieldChange]:
    """Compare field by field: place, the couche's own answers by their labels, then what we count."""
    pairs = [
        (_("Position"), _place(before), _place(after)),
        (_("Commune"), before.commune.nom, after.commune.nom),
    ]
    definitions = properties(couche)
    names = [*definitions, *sorted((before.attributes.keys() | after.attributes.keys()) - definitions.keys())]
    for name in names:
        old, new = before.attributes.get(name), after.attributes.get(name)
        if old != new:
            definition = definitions.get(name)
            label = definition["title"] if definition else name
            pairs.append((label, _answer(old, definition), _answer(new, definition)))
    pairs += [
        (_("Observations"), number_format(before.observations), number_format(after.observations)),
        (
            _("Observateurs distincts"),
            number_format(before.distinct_observers),
            number_format(after.distinct_observers),
        ),
        (
            _("Dernière observation"),
            date_format(before.last_observed_on),
            date_format(after.last_observed_on),
        ),
        (_("Précision"), _metres(before.accuracy_m), _metres(after.accuracy_m)),
        (_("À moins de 100 m d'une autre commune"), _yes(before.near_border), _yes(after.near_border)),
        (
            _("Accepté par la personne qui l'a saisi"),
            _yes(before.self_accepted),
            _yes(after.self_accepted),
        ),
        (_("Origine"), before.get_origin_display(), after.get_origin_display()),
    ]
    return [FieldChange(label, old, new) for label, old, new in pairs if old != new]


def _answer(value: Any, definition: dict[str, Any] | None) -> str:
    if value is None:
        return ""
    # An answer of an older schema has no label of its own any more.
    return readable(value, definition) if definition else str(value)


def _place(row: FeatureVersion) -> str:
    return f"{number_format(row.geom.y, 7)} ; {number_format(row.geom.x, 7)}"


def _metres(value: float | None) -> str:
    return "" if value is None else _("%(metres)s m") % {"metres": number_format(round(value, 1), 1)}


def _yes(value: bool) -> str:
    return _("oui") if value else _("non")
