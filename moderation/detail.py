"""What an official reads before deciding: the journal, what lies near, what may be done."""

import uuid
from dataclasses import dataclass

from comptes.models import User
from contributions.duplicates import find_near
from contributions.models import Contribution
from couches.models import FeatureVersion
from couches.schemas import describe, title_of
from moderation.edits import Difference, describe_changes
from moderation.models import Decision
from moderation.practice_scenes import object_before
from moderation.scope import visible_to
from moderation.workflow import OFFICIAL_ACTIONS, Action, Actor, why_not


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Something of the same couche within 100 m that `into` may name; `status` is "" for a feature."""

    kind: str
    id: uuid.UUID
    distance_m: float
    status: str
    title: str


@dataclass(frozen=True, slots=True)
class Gesture:
    """One button: open when `why_not` is empty, else greyed with that sentence."""

    action: Action
    why_not: str

    @property
    def allowed(self) -> bool:
        """Say whether the button is live."""
        return not self.why_not


def neighbours_of(contribution: Contribution, user: User) -> list[Neighbour]:
    """Return what of the same couche lies within 100 m, nearest first.

    Features are public; a pending report shows only inside the reader's own territory.
    """
    practice_of = contribution.practice_of_id
    near = find_near(
        contribution.geom,
        contribution.couche,
        exclude=contribution.pk,
        practice_of=practice_of,
        official=True,
    )
    seen = visible_to(user, practice=practice_of is not None)
    mine = {row.pk: row for row in seen.filter(pk__in=[one.id for one in near if one.kind != "feature"])}
    found = []
    for one in near:
        if one.kind == "feature":
            found.append(Neighbour("feature", one.id, one.distance_m, "", one.label or ""))
        elif one.id in mine:
            title = title_of(contribution.couche, mine[one.id].attributes)
            found.append(Neighbour("contribution", one.id, one.distance_m, mine[one.id].status, title))
    return found


def history_of(contribution: Contribution) -> list[Decision]:
    """Return the journal, first decision first, each with its `differences`: what it completed."""
    decisions = list(contribution.decisions.select_related("by").order_by("version"))
    for one in decisions:
        one.differences = describe_changes(contribution.couche, one.changes)  # type: ignore[attr-defined]
    return decisions


def gestures_of(contribution: Contribution, user: User) -> list[Gesture]:
    """Return the buttons in their fixed places, each with why it is closed."""
    return [
        Gesture(action, why_not(contribution, action, actor=Actor.OFFICIAL, by=user))
        for action in OFFICIAL_ACTIONS
    ]


def object_in_force(contribution: Contribution) -> FeatureVersion | None:
    """Return the published state of the object a correction speaks of, or None when it is gone."""
    if contribution.practice_of_id is not None:
        return object_before(contribution)
    return FeatureVersion.objects.current().filter(feature=contribution.feature_id).first()


def differences(contribution: Contribution, before: FeatureVersion) -> list[Difference]:
    """Return what a correction changes, answer by answer, in the words of the couche."""
    couche = contribution.couche
    old, new = dict(describe(couche, before.attributes)), dict(describe(couche, contribution.attributes))
    return [
        Difference(label, old.get(label, ""), new.get(label, ""))
        for label in {**old, **new}
        if old.get(label, "") != new.get(label, "")
    ]
