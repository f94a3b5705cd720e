"""What a card of the queue shows: the oldest report of a group, and what its other members add."""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import mark_safe

from comptes.models import User
from contributions.models import Contribution, Photo
from couches.models import FeatureVersion
from couches.schemas import describe, title_of
from moderation.detail import differences, object_in_force
from moderation.edits import Difference
from moderation.filters import same_author
from moderation.groups import Group
from moderation.queue import in_full
from moderation.reasons import OTHER, Reason, local_rows, reasons_for
from moderation.scope import visible_to
from moderation.workflow import Action, Actor, why_not
from territoires.hamlets import nearest_hamlet

# After a week a report waits for long, after three nobody can say it was not seen (reminders at both).
LONG_DAYS, OVERDUE_DAYS = 7, 21
# The order of the buttons.
CARD_ACTIONS = (Action.ACCEPT, Action.RETURN, Action.REJECT)


@dataclass(frozen=True, slots=True)
class Member:
    """One report of a group; `told` are its answers that the oldest did not give."""

    row: Contribution
    told: list[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """One button of the open card, with the reasons that have a sentence of their own."""

    action: Action
    label: str | Promise
    why_not: str
    reasons: list[Reason]


@dataclass(slots=True)
class Card:
    """One line of the queue; what follows `is_open` is read for the open card only."""

    group: Group
    row: Contribution
    title: str
    days: int
    is_open: bool = False
    gesture: uuid.UUID | None = None
    answers: list[tuple[str, str]] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    photos: list[Photo] = field(default_factory=list)
    before: FeatureVersion | None = None
    differences: list[Difference] = field(default_factory=list)
    moved: bool = False
    choices: list[Choice] = field(default_factory=list)
    others: int = 0

    @property
    def items(self) -> str:
        """The members as scripts read them: JSON pairs [id, version], the oldest first."""
        pairs = [[str(one.id), one.version] for one in self.group.members]
        # Our own ids and numbers, between single quotes: escaped, they would weigh half as much again.
        return mark_safe(json.dumps(pairs, separators=(",", ":")))  # noqa: S308  # see above

    @property
    def ticked(self) -> str:
        """The members as a form sends them: `<id>:<version>`, one space apart."""
        return " ".join(f"{one.id}:{one.version}" for one in self.group.members)

    @property
    def subject(self) -> str:
        """The couche's title without its second half, for a line."""
        return self.row.couche.title.split(" : ")[0]

    @property
    def count(self) -> int:
        """How many reports it decides."""
        return len(self.group.members)

    @property
    def is_late(self) -> bool:
        """Say whether it has waited more than a week."""
        return self._waits and self.days > LONG_DAYS

    @property
    def is_overdue(self) -> bool:
        """Say whether it has waited more than three weeks."""
        return self._waits and self.days > OVERDUE_DAYS

    @property
    def is_held(self) -> bool:
        """Say whether it waits for a date to come."""
        return self.row.held_until is not None and self.row.held_until > timezone.localdate()

    @property
    def _waits(self) -> bool:
        return self.row.status == Contribution.Status.SUBMITTED

    @property
    def why_closed(self) -> str:
        """Why nothing can be decided from the card, or nothing when something can."""
        closed = [one.why_not for one in self.choices]
        return closed[0] if closed and all(closed) else ""


def deal(
    user: User,
    groups: list[Group],
    opened: uuid.UUID | None,
    *,
    practice: bool = False,
    open_first: bool = True,
) -> list[Card]:
    """Return the cards of `groups`, the one that holds `opened` open (else the first, unless told not to).

    A constant number of queries, whatever the groups hold.
    """
    chosen = next((one for one in groups if any(line.id == opened for line in one.members)), None)
    if chosen is None and open_first:
        chosen = groups[0] if groups else None
    wanted = {one.leader.id for one in groups} | {line.id for line in (chosen.members if chosen else ())}
    found = in_full(visible_to(user, practice=practice)).filter(pk__in=wanted)
    rows = {row.pk: row for row in found.annotate(hamlet=nearest_hamlet())}
    today = timezone.localdate()
    cards = []
    for one in groups:
        row = rows.get(one.leader.id)
        if row is None:
            continue  # decided since it was read
        days = (today - timezone.localdate(row.received_at)).days
        cards.append(Card(one, row, title_of(row.couche, row.attributes), days))
        if one is chosen:
            _open(cards[-1], rows, user)
    return cards


def _open(card: Card, rows: Mapping[uuid.UUID, Contribution], user: User) -> None:
    row = card.row
    card.is_open, card.gesture = True, uuid.uuid4()
    known = describe(row.couche, row.attributes)
    # What the title says already is not said twice.
    card.answers = [(label, value) for label, value in known if value != card.title]
    card.members = [
        Member(rows[line.id], _told_more(rows[line.id], known))
        for line in card.group.members
        if line.id in rows
    ]
    card.photos = list(Photo.objects.filter(contribution__in=[line.id for line in card.group.members]))
    card.before = object_in_force(row) if row.feature_id else None
    if card.before is not None and row.operation == Contribution.Operation.UPDATE:
        card.differences = differences(row, card.before)
        card.moved = card.before.geom != row.geom
    desk = row.handed_to or row.commune
    local = local_rows([desk])
    card.choices = [
        Choice(
            action,
            action.label,
            why_not(row, action, actor=Actor.OFFICIAL, by=user),
            [one for one in reasons_for(row.couche.slug, action, desk, rows=local) if one.code != OTHER],
        )
        for action in CARD_ACTIONS
    ]
    card.others = len(same_author(row.pk, user)) - 1 if row.has_email else 0  # type: ignore[attr-defined]


def _told_more(row: Contribution, known: Iterable[tuple[str, str]]) -> list[str]:
    same = set(known)
    return [answer[1] for answer in describe(row.couche, row.attributes) if answer not in same]
