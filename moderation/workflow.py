"""`check()` and `apply()`: the only writer of a contribution's status.

What is legal is the table of `moderation.transitions`; what each gesture changes besides the
status is in `edits`, `turns`, `merging` and `undoing`.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import ProgrammingError, transaction
from django.utils import timezone
from psycopg.errors import InsufficientPrivilege

from comptes import permissions
from comptes.models import User
from comptes.roles import Gesture
from contributions.models import Contribution
from couches.models import FeatureVersion
from moderation import reasons, turns
from moderation.edits import Edits, apply_edits
from moderation.letters import take_back_letter, write_to_author
from moderation.merging import find_target
from moderation.models import Decision
from moderation.refusals import (
    AlreadyDecided,
    DecidedAbove,
    OthersRelyOnIt,
    OutOfTerritory,
    ReasonTextRequired,
    Refusal,
    SamePerson,
    StaleVersion,
    TooLateToCorrect,
)
from moderation.scope import check_decides
from moderation.transitions import (
    CORRECTION_WINDOW,
    FINAL,
    OFFICIAL_ACTIONS,
    TRANSITIONS,
    Action,
    Actor,
    Status,
    Transition,
    find_transition,
    reason_required,
    transition_pairs,
)
from moderation.undoing import check_undo, undo_fields

__all__ = [
    "CORRECTION_WINDOW",
    "FINAL",
    "OFFICIAL_ACTIONS",
    "TRANSITIONS",
    "Action",
    "Actor",
    "Status",
    "Transition",
    "Wish",
    "apply",
    "can",
    "check",
    "correct_until",
    "find_transition",
    "last_decision",
    "reason_required",
    "transition_pairs",
    "why_not",
]


@dataclass(frozen=True, slots=True)
class Wish:
    """What one decision says beyond its name; each gesture reads what concerns it.

    `public_reason` is what the author and the register read, `reason` stays between officials (or
    is the author's own message); `into` is what to merge into; `edits` what « compléter » changes;
    `until` the date to hold until; `to` whom to hand it to (`turns.destinations`); `gesture` the
    id of the click.
    """

    reason_code: str = ""
    public_reason: str = ""
    reason: str = ""
    into: uuid.UUID | None = None
    edits: Edits | None = None
    until: dt.date | None = None
    to: str = ""
    gesture: uuid.UUID | None = None


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
    **wish: Any,
) -> Decision:
    """Take one decision, all or nothing: status, version, Decision and the author's letter.

    `version` is the one the person had before their eyes; only the author, who reads no
    version, may leave it None. `wish` holds the fields of Wish. The version is compared before
    the table: somebody who comes second must learn who decided, not that « accepter » is closed.

    Raises Contribution.DoesNotExist, comptes.permissions.Forbidden, ValidationError by field (for
    edits), or a Refusal of `moderation.refusals`.
    """
    wanted = Wish(**wish)
    try:
        with transaction.atomic():
            contribution = _lock(contribution_id, wanted.into)
            return _decide(contribution, Action(action), Actor(actor), by, version, wanted)
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
        Contribution.with_practice.select_for_update(of=("self",), no_key=True)
        .select_related("couche", "commune", "handed_to")
        .defer("commune__geom", "handed_to__geom")
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
    actor: Actor,
    by: User | None,
    version: int | None,
    wish: Wish,
) -> Decision:
    if actor == Actor.OFFICIAL:
        _check_mandate(contribution, action, by)
    last = last_decision(contribution)
    if version != contribution.version and (version is not None or actor == Actor.OFFICIAL):
        raise StaleVersion(current_version=contribution.version, decision=last)
    move = _check_table(contribution, action, actor)
    if action == Action.UNDO:
        check_undo(contribution, last, by=by)
    decision = Decision(
        contribution=contribution,
        actor=actor,
        action=action,
        from_status=contribution.status,
        to_status=move.to,
        version=contribution.version + 1,
        by=by,
        at=timezone.now(),
        commune_id=contribution.desk,
        gesture=wish.gesture,
        reason_code=wish.reason_code,
        reason=wish.reason,
        public_reason=_told(contribution, action, move, wish),
        self_accepted=action in {Action.ACCEPT, Action.COMPLETE}
        and by is not None
        and by.pk == contribution.entered_by_id,
    )
    # What the trigger judges is the row as it was: the decision is written before it changes.
    changed = _consequences(contribution, decision, last, wish)
    decision.save(force_insert=True)
    contribution.status = decision.to_status
    contribution.version = decision.version
    contribution.save(update_fields=["status", "version", *changed])
    if action == Action.UNDO and last is not None and take_back_letter(last):
        return decision
    write_to_author(decision)
    return decision


def _told(contribution: Contribution, action: Action, move: Transition, wish: Wish) -> str:
    """Return the public reason. Raises ReasonRequired, UnknownReason or ReasonTextRequired."""
    if move.actor != Actor.OFFICIAL:
        if move.reason_required and not wish.reason:
            raise ReasonTextRequired
        return wish.public_reason
    return reasons.public_reason(
        action=action,
        couche=contribution.couche.slug,
        code=wish.reason_code,
        text=wish.public_reason,
        required=move.reason_required,
        commune=turns.desk_of(contribution),
    )


def _consequences(
    contribution: Contribution, decision: Decision, last: Decision | None, wish: Wish
) -> list[str]:
    """Change the unsaved row as the gesture asks, note it on the decision; return the fields changed."""
    action = Action(decision.action)
    fields: list[str] = []
    if action == Action.UNDO:
        assert last is not None  # noqa: S101  # check_undo() came first
        decision.changes, fields = undo_fields(contribution, last)
        return fields
    if action == Action.MERGE:
        target = find_target(contribution, wish.into, by=decision.by)
        contribution.merged_into = target.contribution
        contribution.published_feature_id = target.feature_id
        fields += ["merged_into", "published_feature"]
    elif action == Action.COMPLETE:
        decision.changes, fields = apply_edits(contribution, wish.edits)
    elif action == Action.TRANSFER:
        before = [contribution.handed_to_id, contribution.level]
        fields += turns.hand_over(contribution, wish.to)
        decision.changes = {"turn": [before, [contribution.handed_to_id, contribution.level]]}
    elif action == Action.APPEAL:
        assert last is not None  # noqa: S101  # a refusal is a decision
        contribution.level = turns.check_appeal(contribution, last.at, last.by)
        contribution.appealed_at = decision.at
        fields += ["level", "appealed_at"]
    held = turns.check_hold(wish.until) if action == Action.HOLD else None
    if held != contribution.held_until:
        contribution.held_until = held
        fields.append("held_until")
    return fields


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
    """Raise unless `by` may decide at the desk asked, and on the object's commune."""
    if by is None:
        raise permissions.SignInFirst
    if contribution.practice_of_id is not None:
        check_decides(by, contribution)
        return
    if action == Action.UNDO and contribution.handed_to_id is not None:
        # Whoever passed it on may take that back, though it is at the neighbour's now.
        permissions.check(by, Gesture.DECIDE, contribution.commune)
        return
    permissions.check(by, Gesture.DECIDE, turns.desk_of(contribution))
    if contribution.appealed_at is not None:
        _check_appeal_judge(contribution, action, by)
    if action in {Action.ACCEPT, Action.COMPLETE} and contribution.feature_id is not None:
        state = FeatureVersion.objects.current().filter(feature=contribution.feature_id)
        home = state.select_related("commune").defer("commune__geom").first()
        # A point put in one's own commune does not open the neighbour's object.
        if (
            home is not None
            and home.commune_id != contribution.desk
            and not permissions.can(by, Gesture.DECIDE, home.commune)
        ):
            raise OutOfTerritory


def _check_appeal_judge(contribution: Contribution, action: Action, by: User) -> None:
    """Raise unless `by` decides above the commune and is not who refused."""
    if not turns.above_commune(by, contribution):
        raise DecidedAbove
    refused_by = (
        contribution.decisions.filter(action=Action.REJECT, at__lt=contribution.appealed_at)
        .order_by("-version")
        .values_list("by", flat=True)
        .first()
    )
    if action != Action.UNDO and refused_by == by.pk:
        raise SamePerson


def last_decision(contribution: Contribution) -> Decision | None:
    """Return the decision that made the current version, or None before the first."""
    return contribution.decisions.select_related("by").order_by("-version").first()
