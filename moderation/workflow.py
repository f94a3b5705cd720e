"""The life of a contribution as one table, and `apply()`, the only writer of its status.

The table is read by everything that speaks of states: `apply()`, the buttons, the database
trigger (`transition_pairs`) and the diagram of docs/etats.md.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import ProgrammingError, transaction
from django.utils import timezone
from psycopg.errors import InsufficientPrivilege

from comptes import permissions
from comptes.models import User
from comptes.roles import Gesture
from contributions.models import Contribution
from couches.models import FeatureVersion
from moderation import reasons
from moderation.letters import write_to_author
from moderation.merging import MergeTarget, find_target
from moderation.models import Decision
from moderation.refusals import (
    AlreadyDecided,
    NotAllowedFrom,
    NotYourGesture,
    OthersRelyOnIt,
    OutOfTerritory,
    Refusal,
    StaleVersion,
    TooLateToCorrect,
)

Status = Contribution.Status
Action = Decision.Action
Actor = Decision.Actor


@dataclass(frozen=True, slots=True)
class Transition:
    """Where a gesture leads, whose gesture it is, and whether the author is owed a reason."""

    to: Status
    actor: Actor
    gesture: Gesture | None = None
    reason_required: bool = False


def _official(to: Status, *, reason_required: bool = False) -> Transition:
    return Transition(to, Actor.OFFICIAL, Gesture.DECIDE, reason_required)


# Every legal change; whatever is not here is refused, by Python and by the database.
TRANSITIONS: dict[tuple[Status, Action], Transition] = {
    (Status.SUBMITTED, Action.ACCEPT): _official(Status.ACCEPTED),
    (Status.SUBMITTED, Action.REJECT): _official(Status.REJECTED, reason_required=True),
    (Status.SUBMITTED, Action.RETURN): _official(Status.RETURNED, reason_required=True),
    (Status.SUBMITTED, Action.MERGE): _official(Status.MERGED),
    (Status.SUBMITTED, Action.WITHDRAW): Transition(Status.WITHDRAWN, Actor.AUTHOR),
    (Status.SUBMITTED, Action.CORRECT): Transition(Status.SUBMITTED, Actor.AUTHOR),
    (Status.RETURNED, Action.ANSWER): Transition(Status.SUBMITTED, Actor.AUTHOR),
    (Status.RETURNED, Action.WITHDRAW): Transition(Status.WITHDRAWN, Actor.AUTHOR),
    (Status.ACCEPTED, Action.REOPEN): _official(Status.SUBMITTED, reason_required=True),
    (Status.ACCEPTED, Action.PUBLISH): Transition(Status.PUBLISHED, Actor.PUBLICATION),
}
FINAL = frozenset(Status) - {status for status, _action in TRANSITIONS}
# What an official may choose, in the order of the buttons.
OFFICIAL_ACTIONS = (Action.ACCEPT, Action.RETURN, Action.MERGE, Action.REJECT, Action.REOPEN)

# How long an author may change what they have just sent, from the moment it was received.
CORRECTION_WINDOW = dt.timedelta(hours=1)


def transition_pairs() -> list[tuple[str, str]]:
    """Return every (from, to) the table allows, sorted: what the database trigger repeats."""
    return sorted({(status.value, move.to.value) for (status, _action), move in TRANSITIONS.items()})


def reason_required(action: Action) -> bool:
    """Say whether this gesture owes the author a reason, wherever it starts from."""
    return any(move.reason_required for (_status, one), move in TRANSITIONS.items() if one == action)


def find_transition(status: str, action: Action, actor: Actor) -> Transition:
    """Return what the table says. Raises NotAllowedFrom or NotYourGesture."""
    state = Status(status)
    move = TRANSITIONS.get((state, action))
    if move is None:
        raise NotAllowedFrom(str(state.label), str(action.label))
    if move.actor != actor:
        raise NotYourGesture
    return move


def check(contribution: Contribution, action: Action, *, actor: Actor, by: User | None = None) -> Transition:
    """Return the transition, or raise the Refusal (or comptes' Forbidden) that explains why not.

    Looks at the person, the territory and the table; the version, the reason and the merge
    target belong to one precise decision and are checked by `apply()`.
    """
    if actor == Actor.OFFICIAL:
        _check_mandate(contribution, action, by)
    return _check_table(contribution, action, actor)


def can(contribution: Contribution, action: Action, *, actor: Actor, by: User | None = None) -> bool:
    """Say whether `check()` would let it pass."""
    return why_not(contribution, action, actor=actor, by=by) == ""


def why_not(contribution: Contribution, action: Action, *, actor: Actor, by: User | None = None) -> str:
    """Return the sentence a greyed button shows, or nothing when the gesture is open."""
    try:
        check(contribution, action, actor=actor, by=by)
    except (Refusal, permissions.Forbidden) as refusal:
        return str(refusal)
    return ""


def apply(
    *,
    contribution_id: uuid.UUID,
    action: Action | str,
    actor: Actor | str,
    by: User | None = None,
    version: int | None,
    reason_code: str = "",
    public_reason: str = "",
    reason: str = "",
    into: uuid.UUID | None = None,
) -> Decision:
    """Take one decision, all or nothing: status, version, Decision and the author's letter.

    `version` is the one the person had before their eyes; only the author, who reads no
    version, may leave it None. `into` is what to merge into. The version is compared before
    the table: somebody who comes second must learn who decided, not that « accepter » is closed.

    Raises Contribution.DoesNotExist, comptes.permissions.Forbidden, or a Refusal of
    `moderation.refusals`.
    """
    try:
        with transaction.atomic():
            contribution = _lock(contribution_id, into)
            return _decide(
                contribution,
                Action(action),
                actor=Actor(actor),
                by=by,
                version=version,
                reason_code=reason_code,
                public_reason=public_reason,
                reason=reason,
                into=into,
            )
    except ProgrammingError as error:
        # The mandate ended between our look and the write: the trigger has the last word.
        if isinstance(error.__cause__, InsufficientPrivilege) and (
            error.__cause__.diag.constraint_name == "decision_within_territory"
        ):
            raise OutOfTerritory from error
        raise


def _lock(contribution_id: uuid.UUID, into: uuid.UUID | None) -> Contribution:
    """Lock the row, and its merge target, in one order for everybody: no deadlock.

    NO KEY: a photo that arrives meanwhile refers to the row and must not wait.
    """
    wanted = [contribution_id] if into is None else [contribution_id, into]
    rows = (
        Contribution.objects.select_for_update(of=("self",), no_key=True)
        .select_related("couche", "commune")
        .defer("commune__geom")
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    for row in rows:
        if row.pk == contribution_id:
            return row
    raise Contribution.DoesNotExist


def _decide(
    contribution: Contribution,
    action: Action,
    *,
    actor: Actor,
    by: User | None,
    version: int | None,
    reason_code: str,
    public_reason: str,
    reason: str,
    into: uuid.UUID | None,
) -> Decision:
    if actor == Actor.OFFICIAL:
        _check_mandate(contribution, action, by)
    if version != contribution.version and (version is not None or actor == Actor.OFFICIAL):
        raise StaleVersion(current_version=contribution.version, decision=last_decision(contribution))
    move = _check_table(contribution, action, actor)
    told = reasons.public_reason(
        action=action,
        couche=contribution.couche.slug,
        code=reason_code,
        text=public_reason,
        required=move.reason_required,
        commune=contribution.commune,
    )
    target = find_target(contribution, into, by=by) if action == Action.MERGE else None
    decision = _write(
        contribution,
        Decision(
            contribution=contribution,
            actor=actor,
            action=action,
            from_status=contribution.status,
            to_status=move.to,
            version=contribution.version + 1,
            by=by,
            at=timezone.now(),
            reason_code=reason_code,
            reason=reason,
            public_reason=told,
            self_accepted=action == Action.ACCEPT and by is not None and by.pk == contribution.entered_by_id,
        ),
        target,
    )
    write_to_author(decision)
    return decision


def _check_table(contribution: Contribution, action: Action, actor: Actor) -> Transition:
    move = find_transition(contribution.status, action, actor)
    if action == Action.WITHDRAW and contribution.merged.exists():
        # Other people's reports live on through this one: they may not vanish with it.
        raise OthersRelyOnIt
    if action == Action.CORRECT:
        _check_correctable(contribution)
    return move


def correct_until(contribution: Contribution) -> dt.datetime:
    """Return the instant from which the author may no longer correct."""
    return contribution.received_at + CORRECTION_WINDOW


def _check_correctable(contribution: Contribution) -> None:
    """Raise unless the hour still runs and no official relied on what was said."""
    if timezone.now() >= correct_until(contribution):
        raise TooLateToCorrect(correct_until(contribution))
    # Reopened, answered after a question, or taken for the same as another: somebody has read it.
    if contribution.decisions.exclude(actor=Actor.AUTHOR).exists() or contribution.merged.exists():
        raise AlreadyDecided


def _check_mandate(contribution: Contribution, action: Action, by: User | None) -> None:
    """Raise unless `by` may decide on the contribution's commune, and on its object's."""
    if by is None:
        raise permissions.SignInFirst
    permissions.check(by, Gesture.DECIDE, contribution.commune)
    if action == Action.ACCEPT and contribution.feature_id is not None:
        state = FeatureVersion.objects.current().filter(feature=contribution.feature_id)
        home = state.select_related("commune").defer("commune__geom").first()
        # A point put in one's own commune does not open the neighbour's object.
        if (
            home is not None
            and home.commune_id != contribution.commune_id
            and not permissions.can(by, Gesture.DECIDE, home.commune)
        ):
            raise OutOfTerritory


def _write(contribution: Contribution, decision: Decision, target: MergeTarget | None) -> Decision:
    """Write the decision, then the status: the trigger wants them in that order."""
    decision.save(force_insert=True)
    contribution.status = decision.to_status
    contribution.version = decision.version
    changed = ["status", "version"]
    if target is not None:
        contribution.merged_into = target.contribution
        contribution.published_feature_id = target.feature_id
        changed += ["merged_into", "published_feature"]
    contribution.save(update_fields=changed)
    return decision


def last_decision(contribution: Contribution) -> Decision | None:
    """Return the decision that made the current version, or None before the first."""
    return contribution.decisions.select_related("by").order_by("-version").first()
