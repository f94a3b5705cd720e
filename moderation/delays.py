"""How long a report has waited for an answer, and what that led to. Read by pages and letters alike.

The clock starts when the report arrives, and starts again when it comes back to the queue: its
author answered or appealed, an official reopened it, or the date it was held until has come. A
correction, a transfer, or a decision undone does not move it.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import DateTimeField, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce, Greatest
from django.utils import timezone

from contributions.models import Contribution
from moderation.models import Decision, Escalation
from territoires.models import Commune

LATE_DAYS, ESCALATION_DAYS = STAGES = (7, 21)


@dataclass(frozen=True, slots=True)
class Delay:
    """A report's wait: since when, for how many whole days (0 while held), and whom it was passed on to."""

    since: dt.datetime
    days: int
    escalations: list[Escalation]

    @property
    def is_late(self) -> bool:
        """Say whether the first reminder is due."""
        return self.days >= LATE_DAYS


@dataclass(frozen=True, slots=True)
class Late:
    """Reports of a commune late for an answer: how many, and the days of the oldest."""

    count: int
    oldest_days: int


def with_waiting_since(rows: QuerySet[Contribution]) -> QuerySet[Any]:
    """Annotate `waiting_since`, the instant from which an official owes an answer; to come while held."""
    returns = (
        Decision.objects.filter(contribution=OuterRef("pk"), to_status="SUBMITTED")
        .exclude(from_status="SUBMITTED")
        .exclude(action="undo")
    )
    back = Coalesce(Subquery(returns.order_by("-version").values("at")[:1]), F("received_at"))
    # PostgreSQL's GREATEST passes over NULL: most reports are held until no date.
    return rows.annotate(waiting_since=Greatest(back, Cast("held_until", DateTimeField())))


def start_of_wait(days: int, day: dt.date) -> dt.datetime:
    """Return the instant before which a wait must have begun to last `days` on the local day `day`.

    Counted in days of the calendar: whatever hour a job runs at, and twice a day, it finds the same.
    """
    return midnight(day - dt.timedelta(days=days - 1))


def midnight(day: dt.date) -> dt.datetime:
    """Return the instant at which the local day `day` begins."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def waiting_days(since: dt.datetime, day: dt.date | None = None) -> int:
    """Return the whole days of the calendar between `since` and `day`, today when omitted."""
    return ((day or timezone.localdate()) - timezone.localdate(since)).days


def late(rows: QuerySet[Contribution], *, days: int = LATE_DAYS, day: dt.date) -> QuerySet[Any]:
    """Return those of `rows` that have waited `days` on that day, annotated with `waiting_since`."""
    before = start_of_wait(days, day)
    # The first condition walks the index; a wait never begins before the report arrives.
    return with_waiting_since(rows.filter(received_at__lt=before)).filter(waiting_since__lt=before)


def late_in(commune: Commune) -> Late | None:
    """Return what everybody may know of the late reports of a commune; None when there is none.

    A count and an age: neither place nor content, nothing is public before a decision.
    """
    rows = late(Contribution.objects.pending().filter(desk=commune.pk), day=timezone.localdate())
    waits = rows.order_by("waiting_since").values_list("waiting_since", flat=True)
    oldest = waits.first()
    return Late(waits.count(), waiting_days(oldest)) if oldest else None


def escalations_of(contribution: Contribution) -> list[Escalation]:
    """Return to whom the report was passed on for want of an answer, first one first."""
    return list(contribution.escalations.order_by("at", "pk"))


def delay_of(contribution: Contribution) -> Delay | None:
    """Return the present wait of a report; None when no official owes it an answer."""
    if contribution.status != Contribution.Status.SUBMITTED:
        return None
    # The row is in hand already, be it a practice one.
    found = with_waiting_since(Contribution.with_practice.filter(pk=contribution.pk))
    since = found.values_list("waiting_since", flat=True).get()
    return Delay(since, max(0, waiting_days(since)), escalations_of(contribution))
