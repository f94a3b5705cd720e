"""From accepted contributions to a version of the couche: all or nothing, exactly once.

The number of queries does not depend on the number of contributions.
"""

import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from comptes.deferral import defer
from comptes.models import User
from comptes.permissions import check_publish
from contributions.models import Contribution
from contributions.validation import BY_OFFICIALS
from couches.models import Couche, CoucheVersion, FeatureVersion
from couches.publication import NothingToPublish, publish
from couches.schemas import properties
from moderation.folding import Batch, Merged, Piece, State, fold
from moderation.letters import WRITE_LETTERS
from moderation.models import Decision
from moderation.workflow import Action, Actor, Status, find_transition

# One statement for all the decisions, one for all the statuses: the trigger wants them in that order.
WRITE_DECISIONS = """
INSERT INTO moderation_decision (
    contribution_id, actor, action, from_status, to_status, version, by_id, at,
    commune_id, reason_code, reason, public_reason, self_accepted)
SELECT id, %(actor)s, %(action)s, status, %(to)s, version + 1, %(by)s, %(at)s, desk, '', '', '', false
FROM contributions_contribution WHERE id = ANY(%(ids)s)
"""
WRITE_STATUSES = """
UPDATE contributions_contribution AS contribution
SET status = %(to)s, version = contribution.version + 1,
    published_in_id = %(version)s, published_feature_id = pair.feature
FROM unnest(%(ids)s::uuid[], %(features)s::uuid[]) AS pair(id, feature)
WHERE contribution.id = pair.id
"""
# A merged contribution keeps its status: it was settled when it was merged, it is counted now.
WRITE_COUNTED = """
UPDATE contributions_contribution AS contribution
SET published_in_id = %(version)s, published_feature_id = pair.feature
FROM unnest(%(ids)s::uuid[], %(features)s::uuid[]) AS pair(id, feature)
WHERE contribution.id = pair.id
"""


def publish_accepted(*, couche: Couche, by: User | None, note: str = "") -> CoucheVersion | None:
    """Publish everything accepted of `couche` as one version; None when nothing is new.

    `by` is the steward who asked, None for the couche's own policy. What speaks of an object
    withdrawn meanwhile stays accepted: `blocked()` lists it. Raises comptes' Forbidden.
    """
    if by is not None:
        check_publish(by)
    with transaction.atomic():
        # One publication of a couche at a time. NO KEY: reports keep coming in meanwhile.
        Couche.objects.select_for_update(of=("self",), no_key=True).get(pk=couche.pk)
        batch = _collect(couche)
        try:
            version = publish(couche=couche, changes=batch.changes, by=by, note=note)
        except NothingToPublish:
            return None
        _settle(batch, version=version, by=by)
        defer(WRITE_LETTERS, version_id=version.pk)
        return version


def waiting(couche: Couche) -> QuerySet[Contribution]:
    """Return what the next publication of `couche` would look at."""
    return Contribution.objects.filter(couche=couche, status=Status.ACCEPTED)


def blocked(couche: Couche) -> QuerySet[Contribution]:
    """Return the accepted contributions whose object is no longer in force: reopen and refuse them."""
    in_force = FeatureVersion.objects.current().filter(feature=OuterRef("feature"))
    return waiting(couche).exclude(operation=Contribution.Operation.CREATE).exclude(Exists(in_force))


def _collect(couche: Couche) -> Batch:
    accepted = _pieces(
        waiting(couche)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
        .annotate(
            self_accepted=Exists(
                Decision.objects.filter(
                    contribution=OuterRef("pk"), version=OuterRef("version"), self_accepted=True
                )
            )
        ),
        couche,
    )
    uncounted = Contribution.objects.filter(couche=couche, status=Status.MERGED, published_in=None)
    merged = {
        row.pk: Merged(_piece(row), row.merged_into_id, row.published_feature_id)
        for row in _with_observer(uncounted)
    }
    roots = dict(
        Contribution.objects.filter(
            pk__in={one.into_contribution for one in merged.values()}, status=Status.PUBLISHED
        ).values_list("pk", "published_feature")
    )
    features = {one.feature_id for one in accepted if one.feature_id}
    features |= {one.into_feature for one in merged.values() if one.into_feature}
    features |= set(roots.values())
    return fold(accepted, merged, _states(features), roots)


def _with_observer(rows: QuerySet[Contribution]) -> QuerySet[Contribution]:
    return rows.annotate(observer=F("contact__email_sha256"))


def _pieces(rows: QuerySet[Contribution], couche: Couche) -> list[Piece]:
    official = frozenset(
        name for name, definition in properties(couche).items() if definition.get("x-complete")
    )
    found = list(_with_observer(rows))
    completed = _completed([row.pk for row in found if row.operation == Contribution.Operation.UPDATE])
    return [
        replace(_piece(row), carried=official - completed.get(row.pk, set()))
        if row.operation == Contribution.Operation.UPDATE and row.channel not in BY_OFFICIALS
        else _piece(row)
        for row in found
    ]


def _completed(rows: list[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    """Return the answers that officials wrote themselves in these reports before accepting them."""
    written: dict[uuid.UUID, set[str]] = {}
    decisions = Decision.objects.standing().filter(contribution__in=rows, action=Action.COMPLETE)
    for pk, changes in decisions.values_list("contribution", "changes"):
        written.setdefault(pk, set()).update(changes.get("attributes", {}))
    return written


def _piece(row: Contribution) -> Piece:
    imported = row.channel == Contribution.Channel.IMPORT
    return Piece(
        id=row.pk,
        operation=row.operation,
        feature_id=row.feature_id,
        received_at=row.received_at,
        # The day as the resident's calendar says it.
        observed_on=timezone.localdate(row.observed_at),
        geom=row.geom,
        attributes=row.attributes,
        commune_id=row.commune_id,
        accuracy_m=row.accuracy_m,
        near_border=row.near_border,
        self_accepted=getattr(row, "self_accepted", False),
        origin=FeatureVersion.Origin.IMPORT if imported else FeatureVersion.Origin.CONTRIBUTION,
        observer=row.observer,  # type: ignore[attr-defined]  # annotated by _with_observer()
    )


def _states(features: set[uuid.UUID]) -> dict[uuid.UUID, State]:
    """Return what is in force of these objects, with everybody already counted on them."""
    observers: dict[uuid.UUID, set[str | None]] = {}
    sources = Contribution.objects.filter(published_feature__in=features, published_in__isnull=False).exclude(
        operation=Contribution.Operation.DELETE
    )
    for feature, observer in (
        sources.order_by().values_list("published_feature", "contact__email_sha256").distinct()
    ):
        observers.setdefault(feature, set()).add(observer)
    return {
        row.feature_id: State(
            commune_id=row.commune_id,
            observations=row.observations,
            distinct_observers=row.distinct_observers,
            last_observed_on=row.last_observed_on,
            origin=row.origin,
            observers=frozenset(one for one in observers.get(row.feature_id, ()) if one),
            nameless=None in observers.get(row.feature_id, ()),
            attributes=row.attributes,
        )
        for row in FeatureVersion.objects.current().filter(feature__in=features)
    }


def _settle(batch: Batch, *, version: CoucheVersion, by: User | None) -> None:
    """Write what became of each contribution of the batch, in three statements."""
    move = find_transition(Status.ACCEPTED, Action.PUBLISH, Actor.PUBLICATION)
    shared: dict[str, Any] = {
        "actor": Actor.PUBLICATION.value,
        "action": Action.PUBLISH.value,
        "to": move.to.value,
        "by": by.pk if by else None,
        "at": version.published_at,
        "version": version.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE_DECISIONS, shared | _arrays(batch.published))
        cursor.execute(WRITE_STATUSES, shared | _arrays(batch.published))
        cursor.execute(WRITE_COUNTED, shared | _arrays(batch.counted))


def _arrays(pairs: Iterable[tuple[uuid.UUID, uuid.UUID]]) -> dict[str, Any]:
    both = list(pairs)
    return {"ids": [one for one, _ in both], "features": [other for _, other in both]}
