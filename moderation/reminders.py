"""Reports left without answer: reminders at 7 and 21 days, then those above are told.

Rows first, letters after: what is late is written down in one transaction with the jobs that will
write the letters, so that nothing is recalled twice and nothing is forgotten by a kill.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from comptes.deferral import defer
from comptes.mandates import LEVELS, level
from comptes.models import Membership, User
from comptes.notifications import notify
from contributions.models import Contribution
from moderation.awaited import awaited_by, deciders, levels_of, nearest_first, something_awaits
from moderation.delays import ESCALATION_DAYS, STAGES, late, midnight
from moderation.digests import already_written
from moderation.letter_items import letter_context, list_for
from moderation.models import Escalation, Reminder

WRITE_REMINDER = "moderation.write_reminder"
WRITE_ESCALATION = "moderation.write_escalation"
BATCH = 1_000
Wanted = Callable[[Membership], QuerySet[Contribution]]


@transaction.atomic
def follow_delays(day: dt.date) -> tuple[int, int]:
    """Note what became late by that local day, pass on what waited too long, and have letters written.

    Returns (reports recalled, reports passed on). Run again the same day it does nothing more.
    """
    passed_on = _escalate(day)
    recalled = _recall(day)
    if recalled:
        reminded = Contribution.objects.pending().filter(Exists(_reminders_of(day)))
        _plan(WRITE_REMINDER, something_awaits(deciders(), reminded), day)
    if passed_on:
        told = Contribution.objects.pending().filter(Exists(_escalations_of(day)))
        _plan(WRITE_ESCALATION, something_awaits(deciders().filter(commune=None), told), day)
    return recalled, passed_on


@transaction.atomic
def write_reminder(*, user_id: int, day: dt.date) -> int:
    """Write one person's reminder of that day; return how many reports it tells of, 0 for no letter.

    What was passed on to their level the same day is in the other letter.
    """

    def recalled(mandate: Membership) -> QuerySet[Contribution]:
        just_told = _escalations_of(day).filter(level=level(mandate))
        return awaited_by(mandate).filter(Exists(_reminders_of(day)), ~Exists(just_told))

    return _write("rappel", user_id, day, recalled, deciders())


@transaction.atomic
def write_escalation(*, user_id: int, day: dt.date) -> int:
    """Write to one person what was passed on to their level that day; return how many, 0 for no letter."""

    def told(mandate: Membership) -> QuerySet[Contribution]:
        return awaited_by(mandate).filter(Exists(_escalations_of(day).filter(level=level(mandate))))

    return _write("transmission", user_id, day, told, deciders().filter(commune=None))


def _write(template: str, user_id: int, day: dt.date, wanted: Wanted, mandates: QuerySet[Membership]) -> int:
    user = User.objects.select_for_update(of=("self",), no_key=True).filter(pk=user_id).first()
    if user is None or already_written(event := f"{template}:{user.pk}:{day:%Y-%m-%d}", user):
        return 0
    own = nearest_first(mandates.filter(user=user))
    listing = list_for((mandate, wanted(mandate)) for mandate in own)
    if not listing.total:
        return 0
    notify(
        event=event,
        template=template,
        recipient=user.email,
        context=letter_context(user, listing, day=day),
    )
    return listing.total


def _plan(task: str, people: Iterable[int], day: dt.date) -> None:
    for user_id in sorted(people):
        defer(task, once=f"{task}:{user_id}:{day:%Y-%m-%d}", user_id=user_id, day=day.isoformat())


def _recall(day: dt.date) -> int:
    """Note each stage that a pending report has reached; return how many reports are recalled today."""
    for stage in STAGES:
        known = Reminder.objects.filter(
            contribution=OuterRef("pk"), stage=stage, since=OuterRef("waiting_since")
        )
        rows = late(Contribution.objects.pending(), days=stage, day=day).filter(~Exists(known))
        for some in _by_batch(rows.values_list("pk", "waiting_since")):
            Reminder.objects.bulk_create(
                [Reminder(contribution_id=pk, stage=stage, since=since, on=day) for pk, since in some],
                ignore_conflicts=True,
            )
    return Reminder.objects.filter(on=day).values("contribution").distinct().count()


def _escalate(day: dt.date) -> int:
    """Pass on each report that has waited 21 days to the next level up where somebody decides."""
    told = Escalation.objects.filter(contribution=OuterRef("pk"), at__gte=OuterRef("waiting_since"))
    rows = late(Contribution.objects.pending(), days=ESCALATION_DAYS, day=day).filter(~Exists(told))
    count = 0
    for some in _by_batch(rows.values_list("pk", "desk", "level")):
        already = _levels_told([pk for pk, _desk, _level in some])
        levels = dict(levels_of({desk for _pk, desk, _level in some}))
        made = [
            Escalation(contribution_id=pk, level=above, at=timezone.now())
            for pk, desk, expected in some
            if (above := _next_level(levels.get(desk, []), expected, already.get(pk, set())))
        ]
        Escalation.objects.bulk_create(made, ignore_conflicts=True)
        count += len(made)
    return count


def _next_level(deciding: list[str], expected: str, told: set[str]) -> str | None:
    """Return the nearest level above the one that should answer, and above those told before.

    `deciding`: the levels where somebody decides, nearest first; `expected`: Contribution.Level. Who
    should answer is the level expected or, when it has nobody, the first above that has.
    """
    lowest = LEVELS.index(expected or "commune")
    answering = [name for name in deciding if LEVELS.index(name) >= lowest]
    reached = max((LEVELS.index(name) for name in told), default=0)
    return next((name for name in answering[1:] if LEVELS.index(name) > reached), None)


def _by_batch(rows: QuerySet[Contribution, Any]) -> Iterator[list[Any]]:
    """Yield the rows a thousand at a time: all France may be late the day this starts."""
    flow = rows.order_by().iterator(chunk_size=BATCH)
    while some := list(islice(flow, BATCH)):
        yield some


def _levels_told(ids: list[Any]) -> dict[Any, set[str]]:
    told: dict[Any, set[str]] = {}
    for pk, name in Escalation.objects.filter(contribution__in=ids).values_list("contribution", "level"):
        told.setdefault(pk, set()).add(name)
    return told


def _reminders_of(day: dt.date) -> QuerySet[Reminder]:
    return Reminder.objects.filter(contribution=OuterRef("pk"), on=day)


def _escalations_of(day: dt.date) -> QuerySet[Escalation]:
    """Return the day's escalations of the outer contribution: local midnight to local midnight."""
    return Escalation.objects.filter(
        contribution=OuterRef("pk"), at__gte=midnight(day), at__lt=midnight(day + dt.timedelta(days=1))
    )
