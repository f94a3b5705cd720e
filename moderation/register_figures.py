"""How a commune answers: how many, what, how fast, over twelve months; and what still waits."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.db.models import Min
from django.utils import timezone

from contributions.models import Contribution
from couches.models import Couche
from moderation.models import Decision
from moderation.register import decided_in
from territoires.models import Commune

PERIOD = dt.timedelta(days=365)
# Beyond it nobody reads the exact number.
COUNT_CEILING = 10_000

Action = Decision.Action
# What answers an author; holding, handing over and reopening are steps on the way.
ANSWERS = (Action.ACCEPT, Action.COMPLETE, Action.MERGE, Action.RETURN, Action.REJECT)

# Totals come with the details in one reading: a row is of one couche, of one outcome, of both, or of all.
FIGURES = """
SELECT answer.couche, answer.outcome, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY answer.days)
FROM (
    SELECT contribution.couche_id AS couche, decision.to_status AS outcome,
           extract(epoch FROM decision.at - contribution.received_at) / 86400.0 AS days
    FROM ({decisions}) AS decision
    JOIN contributions_contribution AS contribution ON contribution.id = decision.contribution_id
) AS answer
GROUP BY GROUPING SETS ((answer.couche, answer.outcome), (answer.couche), (answer.outcome), ())
"""


@dataclass(frozen=True, slots=True)
class Row:
    """The answers of one couche (None: of all): by outcome (a Status), and the median delay in days."""

    couche: Couche | None
    accepted: int
    merged: int
    returned: int
    rejected: int
    median_days: float

    @property
    def answers(self) -> int:
        """How many in all."""
        return self.accepted + self.merged + self.returned + self.rejected


@dataclass(frozen=True, slots=True)
class Figures:
    """`total` is None when nothing was answered in `since`..now; `waiting` stops at the ceiling."""

    since: dt.date
    total: Row | None
    rows: list[Row]
    waiting: int
    waiting_since: dt.datetime | None

    @property
    def waiting_days(self) -> int:
        """How long the oldest has waited, in whole days."""
        return (timezone.now() - self.waiting_since).days if self.waiting_since else 0


def figures_of(here: Commune) -> Figures:
    """Return the figures of `here`: three queries, whatever the number of decisions."""
    since = timezone.now() - PERIOD
    counts: dict[int | None, dict[str | None, tuple[int, float]]] = {}
    for couche, outcome, count, median in _read(here, since):
        counts.setdefault(couche, {})[outcome] = (count, float(median))
    couches = Couche.objects.in_bulk([key for key in counts if key is not None])
    rows = [_row(couche, counts[couche.pk]) for couche in sorted(couches.values(), key=_rank)]
    waiting = Contribution.objects.filter(desk=here.pk, status=Contribution.Status.SUBMITTED).order_by()
    return Figures(
        since=timezone.localdate(since),
        total=_row(None, counts[None]) if counts else None,
        rows=rows,
        waiting=waiting[:COUNT_CEILING].count(),
        waiting_since=waiting.aggregate(Min("received_at"))["received_at__min"],
    )


def _read(here: Commune, since: dt.datetime) -> list[tuple[int | None, str | None, int, float]]:
    """Return (couche, outcome, count, median days) of each group; None stands for all."""
    answers = decided_in(here).filter(action__in=ANSWERS, at__gte=since).order_by()
    sql, parameters = answers.values("contribution_id", "to_status", "at").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(FIGURES.format(decisions=sql), parameters)
        # Without any answer, the group of all is one row of nothing.
        return [row for row in cursor.fetchall() if row[2]]


def _row(couche: Couche | None, counts: dict[str | None, tuple[int, float]]) -> Row:
    status = Contribution.Status
    outcomes = (status.ACCEPTED, status.MERGED, status.RETURNED, status.REJECTED)
    accepted, merged, returned, rejected = (counts.get(one.value, (0, 0.0))[0] for one in outcomes)
    _all, median = counts[None]
    return Row(couche, accepted, merged, returned, rejected, median)


def _rank(couche: Couche) -> tuple[int, str]:
    return couche.order, couche.slug
