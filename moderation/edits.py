"""What an official changes in a report before accepting it: checked, kept before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from contributions.models import Contribution
from couches.models import Couche
from couches.schemas import clean_attributes, describe
from moderation.refusals import CommuneChanged, NothingCompleted
from moderation.scope import locate_for

Operation = Contribution.Operation


@dataclass(frozen=True, slots=True)
class Edits:
    """All the answers as they should read, and the point (EPSG:4326); None leaves each as it is."""

    attributes: Mapping[str, Any] | None = None
    point: Point | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One answer before and after; empty where it is not given."""

    label: str
    before: str
    after: str


def apply_edits(row: Contribution, edits: Edits | None) -> tuple[dict[str, Any], list[str]]:
    """Change the unsaved `row`; return what changed, as Decision.changes spells it, and the fields.

    Raises NothingCompleted when nothing changes, CommuneChanged when the point leaves both the
    commune and the one it was handed to, ValidationError by field for what the couche refuses.
    """
    changes: dict[str, Any] = {}
    fields: list[str] = []
    if edits is not None and edits.attributes is not None:
        fields += _answers(row, edits.attributes, changes)
    if edits is not None and edits.point is not None:
        fields += _place(row, edits.point, changes)
    if not changes:
        raise NothingCompleted
    return changes, fields


def put_back(row: Contribution, changes: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Undo `changes` on the unsaved `row`; return the reverse changes and the fields."""
    reverse: dict[str, Any] = {}
    fields: list[str] = []
    if answers := changes.get("attributes"):
        row.attributes = _without_nulls(
            row.attributes | {name: before for name, (before, _after) in answers.items()}
        )
        reverse["attributes"] = {name: [after, before] for name, (before, after) in answers.items()}
        fields.append("attributes")
    if place := changes.get("geometry"):
        before, after = place
        row.geom = Point(before[0], before[1], srid=4326)
        location = locate_for(row, row.geom)
        row.near_border = location.near_border
        reverse["geometry"] = [after, before]
        fields += ["geom", "near_border"]
        if location.commune.pk != row.commune_id:
            # It had been taken home across the border: it is the neighbour's again, still handed over.
            row.handed_to, row.commune = row.commune, location.commune
            fields += ["commune", "handed_to"]
    return reverse, fields


def describe_changes(couche: Couche, changes: Mapping[str, Any]) -> list[Difference]:
    """Return what was changed in the words of the couche, for the author, the official, the register."""
    answers = changes.get("attributes", {})
    before = dict(describe(couche, _without_nulls({name: pair[0] for name, pair in answers.items()})))
    after = dict(describe(couche, _without_nulls({name: pair[1] for name, pair in answers.items()})))
    found = [Difference(label, before.get(label, ""), after.get(label, "")) for label in {**before, **after}]
    if "geometry" in changes:
        found.append(Difference(_("Lieu"), *(_written(place) for place in changes["geometry"])))
    return found


def _written(place: list[float]) -> str:
    lon, lat = place
    return f"{lat:.5f}, {lon:.5f}"


def _without_nulls(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answers.items() if value is not None}


def _answers(row: Contribution, attributes: Mapping[str, Any], changes: dict[str, Any]) -> list[str]:
    whole = row.operation in {Operation.CREATE, Operation.UPDATE}
    cleaned = clean_attributes(row.couche, dict(attributes), completing=True, partial=not whole)
    names = [name for name in {**row.attributes, **cleaned} if row.attributes.get(name) != cleaned.get(name)]
    if not names:
        return []
    changes["attributes"] = {name: [row.attributes.get(name), cleaned.get(name)] for name in sorted(names)}
    row.attributes = cleaned
    row.schema_version = row.couche.schema_version
    return ["attributes", "schema_version"]


def _place(row: Contribution, point: Point, changes: dict[str, Any]) -> list[str]:
    if point.coords == row.geom.coords:
        return []
    if row.operation in {Operation.DELETE, Operation.CONFIRM}:
        raise ValidationError({"geometry": [_("Le lieu est celui de l'objet : laissez-le vide.")]})
    location = locate_for(row, point)
    moved_home: list[str] = []
    if location.commune.pk != row.commune_id:
        if location.commune.pk != row.handed_to_id or row.operation != Operation.CREATE:
            raise CommuneChanged(
                _(
                    "Ce lieu est à %(commune)s : transmettez le signalement à cette commune, qui pourra "
                    "déplacer le point chez elle."
                )
                % {"commune": location.commune.nom}
            )
        # The neighbour it was handed to takes it home: the one change of commune there is.
        row.commune = location.commune
        row.handed_to = None
        moved_home = ["commune", "handed_to"]
    changes["geometry"] = [list(row.geom.coords), list(point.coords)]
    row.geom = point
    row.near_border = location.near_border
    row.accuracy_m = None
    row.position_source = Contribution.PositionSource.MAP
    return ["geom", "near_border", "accuracy_m", "position_source", *moved_home]
