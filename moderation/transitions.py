"""The life of a contribution as one table: everything that speaks of states reads it.

`workflow.apply()`, the buttons, the database trigger (`transition_pairs`), the diagram of
docs/etats.md.
"""

import datetime as dt
from dataclasses import dataclass

from comptes.roles import Gesture
from contributions.models import Contribution
from moderation.models import Decision
from moderation.refusals import NotAllowedFrom, NotYourGesture

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
    (Status.SUBMITTED, Action.COMPLETE): _official(Status.ACCEPTED),
    (Status.SUBMITTED, Action.REJECT): _official(Status.REJECTED, reason_required=True),
    (Status.SUBMITTED, Action.RETURN): _official(Status.RETURNED, reason_required=True),
    (Status.SUBMITTED, Action.MERGE): _official(Status.MERGED),
    (Status.SUBMITTED, Action.HOLD): _official(Status.SUBMITTED, reason_required=True),
    (Status.SUBMITTED, Action.TRANSFER): _official(Status.SUBMITTED, reason_required=True),
    (Status.SUBMITTED, Action.WITHDRAW): Transition(Status.WITHDRAWN, Actor.AUTHOR),
    (Status.SUBMITTED, Action.CORRECT): Transition(Status.SUBMITTED, Actor.AUTHOR),
    (Status.RETURNED, Action.ANSWER): Transition(Status.SUBMITTED, Actor.AUTHOR),
    (Status.RETURNED, Action.WITHDRAW): Transition(Status.WITHDRAWN, Actor.AUTHOR),
    (Status.ACCEPTED, Action.REOPEN): _official(Status.SUBMITTED, reason_required=True),
    (Status.ACCEPTED, Action.PUBLISH): Transition(Status.PUBLISHED, Actor.PUBLICATION),
    (Status.REJECTED, Action.APPEAL): Transition(Status.SUBMITTED, Actor.AUTHOR, reason_required=True),
    # Taking back one's own last gesture, for a moment; `undoing.check_undo` says until when.
    (Status.SUBMITTED, Action.UNDO): _official(Status.SUBMITTED),
    (Status.ACCEPTED, Action.UNDO): _official(Status.SUBMITTED),
    (Status.REJECTED, Action.UNDO): _official(Status.SUBMITTED),
    (Status.RETURNED, Action.UNDO): _official(Status.SUBMITTED),
    (Status.MERGED, Action.UNDO): _official(Status.SUBMITTED),
}
# What nothing leaves, but a second thought at once or an appeal.
FINAL = frozenset(Status) - {
    status for status, action in TRANSITIONS if action not in {Action.UNDO, Action.APPEAL}
}
# What an official may choose, in the order of the buttons.
OFFICIAL_ACTIONS = (
    Action.ACCEPT,
    Action.COMPLETE,
    Action.RETURN,
    Action.MERGE,
    Action.REJECT,
    Action.TRANSFER,
    Action.HOLD,
    Action.REOPEN,
)

# How long an author may change what they have just sent, from the moment it was received.
CORRECTION_WINDOW = dt.timedelta(hours=1)


def transition_pairs() -> list[tuple[str, str]]:
    """Return every (from, to) the table allows, sorted: what the database trigger repeats."""
    return sorted({(status.value, move.to.value) for (status, _action), move in TRANSITIONS.items()})


def reason_required(action: Action) -> bool:
    """Say whether this gesture owes the author a reason, wherever it starts from."""
    return any(
        move.reason_required and move.actor == Actor.OFFICIAL
        for (_status, one), move in TRANSITIONS.items()
        if one == action
    )


def find_transition(status: str, action: Action, actor: Actor) -> Transition:
    """Return what the table says. Raises NotAllowedFrom or NotYourGesture."""
    state = Status(status)
    move = TRANSITIONS.get((state, action))
    if move is None:
        raise NotAllowedFrom(str(state.label), str(action.label))
    if move.actor != actor:
        raise NotYourGesture
    return move
