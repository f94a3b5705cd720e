"""What a contribution may be merged into: something alive, alike, and within the same hands."""

import uuid
from dataclasses import dataclass

from comptes import permissions
from comptes.models import User
from comptes.roles import Gesture
from contributions.models import Contribution
from couches.models import FeatureVersion
from moderation.refusals import (
    MergeTargetElsewhere,
    MergeTargetInvalid,
    MergeTargetMissing,
    MergeWithDelete,
)
from moderation.scope import decides, same_world

# A target in another state is either gone or itself merged; a merged one as target would
# allow a ring, so this list is also what forbids cycles.
OPEN_TO_MERGE = frozenset(
    {
        Contribution.Status.SUBMITTED,
        Contribution.Status.RETURNED,
        Contribution.Status.ACCEPTED,
        Contribution.Status.PUBLISHED,
    }
)


@dataclass(frozen=True, slots=True)
class MergeTarget:
    """Exactly one of the two: a contribution, or a feature in force (by its id)."""

    contribution: Contribution | None = None
    feature_id: uuid.UUID | None = None


def find_target(source: Contribution, into: uuid.UUID | None, *, by: User | None) -> MergeTarget:
    """Return what `into` names, once it is fit to receive `source` as an observation.

    Raises MergeTargetMissing, MergeTargetInvalid (or a subclass that says more).
    """
    if into is None:
        raise MergeTargetMissing
    if into == source.pk:
        raise MergeTargetInvalid
    contribution = (
        same_world(source)
        .select_related("commune", "handed_to")
        .defer("commune__geom", "handed_to__geom")
        .filter(pk=into)
        .first()
    )
    if contribution is not None:
        _check_contribution(source, contribution, by)
        return MergeTarget(contribution=contribution)
    if source.practice_of_id is not None:
        # An invented report is no observation of a published object.
        raise MergeTargetInvalid
    return MergeTarget(feature_id=_check_feature(source, into, by))


def _check_contribution(source: Contribution, target: Contribution, by: User | None) -> None:
    if not decides(by, target):
        raise MergeTargetElsewhere
    if target.couche_id != source.couche_id or target.status not in OPEN_TO_MERGE:
        raise MergeTargetInvalid
    if target.status == Contribution.Status.PUBLISHED and not _in_force(target.published_feature_id):
        raise MergeTargetInvalid
    deletes = {one.operation == Contribution.Operation.DELETE for one in (source, target)}
    if deletes == {True, False} or (deletes == {True} and source.feature_id != target.feature_id):
        raise MergeWithDelete


def _check_feature(source: Contribution, feature_id: uuid.UUID, by: User | None) -> uuid.UUID:
    state = (
        FeatureVersion.objects.current()
        .filter(feature=feature_id, couche=source.couche_id)
        .select_related("commune")
        .defer("commune__geom")
        .first()
    )
    if state is None:
        raise MergeTargetInvalid
    if by is None or not permissions.can(by, Gesture.DECIDE, state.commune):
        raise MergeTargetElsewhere
    if source.operation == Contribution.Operation.DELETE:
        # Somebody who says it is gone must not count as one who saw it.
        raise MergeWithDelete
    return feature_id


def _in_force(feature_id: uuid.UUID | None) -> bool:
    return FeatureVersion.objects.current().filter(feature=feature_id).exists()
