"""One click, one or many reports: decided each for itself or as a group, once, and undone together.

The device names its gesture: sent again after a cut, it is answered again, never done twice.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from comptes.models import User
from comptes.permissions import Forbidden
from moderation.models import Decision
from moderation.refusals import GestureUnknown, NotVisible, Refusal, StaleVersion
from moderation.scope import visible_to
from moderation.workflow import Action, Actor, apply

MAX_ITEMS = 100
# What says of one report « it stands » says of those like it « they count as confirmations of it ».
STANDS = frozenset({Action.ACCEPT, Action.COMPLETE})
SAME_THING = "doublon"


@dataclass(frozen=True, slots=True)
class Item:
    """A report, in the version that was on the screen."""

    id: uuid.UUID
    version: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one report: `decision` when applied, else the `refusal` that says why not."""

    item: Item
    decision: Decision | None = None
    refusal: Exception | None = None

    @property
    def applied(self) -> bool:
        """Say whether the decision was taken."""
        return self.decision is not None

    @property
    def detail(self) -> str:
        """The sentence people read when it was not."""
        if isinstance(self.refusal, ValidationError):
            return " ".join(self.refusal.messages)
        return str(self.refusal or "")


class GroupRefused(Refusal):
    """A group is decided whole or not at all; `outcome` is the member that held it back."""

    def __init__(self, outcome: Outcome) -> None:
        """Tell what the member's own refusal tells."""
        self.outcome = outcome
        super().__init__(
            _("Rien n'a été décidé pour ce groupe, car un de ses signalements ne s'y prête plus. %(why)s")
            % {"why": outcome.detail}
        )


def take(
    *,
    gesture: uuid.UUID,
    by: User,
    action: Action,
    items: Sequence[Item],
    together: bool = False,
    practice: bool = False,
    **wish: Any,
) -> list[Outcome]:
    """Decide on `items` (1 to 100, no id twice) as the click `gesture`; return one outcome each, in order.

    Each for itself; or `together`, all or nothing: then accepting the first merges the others into
    it, and any other action is the same for all. `practice` decides in one's own sandbox. `wish`
    holds the fields of workflow.Wish. Sent again, the same gesture decides nothing more. Raises
    GroupRefused, when together only.
    """
    first, *others = items
    plan = [(first, action, wish)]
    if together and action in STANDS:
        merge = {"reason_code": SAME_THING, "into": first.id}
        plan += [(one, Action.MERGE, merge) for one in others]
    else:
        plan += [(one, action, wish) for one in others]
    with transaction.atomic():
        done = {row.contribution_id: row for row in _decided(gesture, by)}
        # In the order of the ids for separate decisions, so that two clicks never wait in a ring;
        # in a group the first comes first, since the others refer to it.
        ordered = plan if together else sorted(plan, key=lambda one: one[0].id)
        found = {}
        for item, one, words in ordered:
            words = words | {"gesture": gesture}
            outcome = _already(item, done) or _decide(item, one, words, by, practice=practice)
            if together and not outcome.applied:
                raise GroupRefused(outcome)
            found[item.id] = outcome
    return [found[item.id] for item in items]


def undo(*, gesture: uuid.UUID, by: User) -> list[Outcome]:
    """Take back all that `gesture` decided, or nothing; return one outcome a report.

    Asked again, it answers the same. Raises GestureUnknown (nothing of one's own under that id) or
    the Refusal of the report that can no longer be undone.
    """
    second = uuid.uuid5(gesture, "undo")
    with transaction.atomic():
        taken_back = list(_decided(second, by))
        if taken_back:
            return [Outcome(Item(one.contribution_id, one.version), decision=one) for one in taken_back]
        decisions = list(_decided(gesture, by).order_by("-pk"))
        if not decisions:
            raise GestureUnknown
        outcomes = []
        for one in decisions:
            decision = apply(
                contribution_id=one.contribution_id,
                action=Action.UNDO,
                actor=Actor.OFFICIAL,
                by=by,
                version=one.version,
                gesture=second,
            )
            outcomes.append(Outcome(Item(one.contribution_id, decision.version), decision=decision))
    return outcomes[::-1]


def _decided(gesture: uuid.UUID, by: User) -> Any:
    return Decision.objects.of_gesture(gesture).filter(by=by).select_related("by").order_by("pk")


def _already(item: Item, done: dict[uuid.UUID, Decision]) -> Outcome | None:
    """Return the outcome of the first time this gesture came, or None."""
    return Outcome(item, decision=done[item.id]) if item.id in done else None


def _decide(item: Item, action: Action, wish: dict[str, Any], by: User, *, practice: bool) -> Outcome:
    outcome = Outcome(item)
    if not visible_to(by, practice=practice).filter(pk=item.id).exists():
        return replace(outcome, refusal=NotVisible())
    try:
        decision = apply(
            contribution_id=item.id,
            action=action,
            actor=Actor.OFFICIAL,
            by=by,
            version=item.version,
            **wish,
        )
    except StaleVersion as refusal:
        # The same gesture, on its way twice at once: whoever came second finds it done.
        mine = refusal.decision
        if mine is not None and mine.gesture == wish["gesture"] and mine.by_id == by.pk:
            return replace(outcome, decision=mine)
        return replace(outcome, refusal=refusal)
    except (Refusal, Forbidden, ValidationError) as refusal:
        return replace(outcome, refusal=refusal)
    return replace(outcome, decision=decision)
