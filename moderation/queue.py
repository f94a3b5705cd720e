"""Reads the queue: only what somebody may see, filtered, oldest first, one page at a time.

A page costs what it shows, whatever waits: each desk gives its oldest by the index
`contribution_desk`, and those are merged.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Exists, FloatField, Func, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone

from contributions.models import Contact, Contribution, Photo
from couches.models import Couche
from moderation.filters import Cursor, Filters, condition
from moderation.groups import Group, Line, group
from moderation.models import Decision
from moderation.scope import desks_of, reports_of, visible_to
from moderation.turns import held
from territoires.models import Commune

if TYPE_CHECKING:
    from comptes.models import User

# Beyond this nobody reads the exact number, and counting would cost the whole table.
COUNT_CEILING = 10_000
# Rows looked at to make the cards of a page: groups are found among them, and nowhere else.
WINDOW = 400
CARDS = 20


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the queue; `next` is None on the last, `remaining` stops at the ceiling."""

    rows: list[Contribution]
    next: Cursor | None
    remaining: int


@dataclass(frozen=True, slots=True)
class Cards:
    """One page of groups; `next` is where to go on and the window to go on in, None on the last."""

    groups: list[Group]
    next: tuple[Cursor, Cursor | None] | None
    remaining: int


_photos = (
    Photo.objects.filter(contribution=OuterRef("pk"))
    .order_by()
    .values("contribution")
    .annotate(n=Count("pk"))
)


def in_full(rows: QuerySet[Contribution]) -> QuerySet[Contribution]:
    """Return `rows` with all that a list shows, in a constant number of queries."""
    return (
        rows.select_related("couche", "commune", "handed_to", "entered_by")
        .defer("commune__geom", "handed_to__geom")
        .annotate(
            photo_count=Coalesce(Subquery(_photos.values("n")), 0),
            has_email=Exists(Contact.objects.filter(contribution=OuterRef("pk"))),
        )
    )


def read_page(user: "User", filters: Filters, *, practice: bool = False) -> Page:
    """Return one page of what `user` may see, oldest first, and how many match in all."""
    found = reports_of(user, practice=practice).filter(condition(filters, user))
    desks = desks_of(user, practice=practice)
    ids = [
        pk
        for pk, _at in _oldest(desks, _beyond(found, filters.after), ("pk", "received_at"), filters.limit + 1)
    ]
    seen = in_full(visible_to(user, practice=practice))
    rows = {row.pk: row for row in seen.filter(pk__in=ids[: filters.limit])}
    page = [rows[pk] for pk in ids[: filters.limit] if pk in rows]
    return Page(
        rows=page,
        next=Cursor(page[-1].received_at, page[-1].pk) if page and len(ids) > filters.limit else None,
        remaining=_count(desks, found),
    )


def read_cards(
    user: "User",
    filters: Filters,
    couches: Mapping[int, Couche],
    *,
    practice: bool = False,
    count: int = CARDS,
) -> Cards:
    """Return one page of groups, the one whose oldest report came first on top.

    A window of rows is read from `filters.since`, grouped, and shown by pages: `filters.after` is the
    leader of the last group already shown. Only when the window is through is the next one read, so
    that no report shows twice while somebody leafs through.
    """
    found = reports_of(user, practice=practice).filter(condition(filters, user))
    desks = desks_of(user, practice=practice)
    lines = _read_window(desks, _beyond(found, filters.since))
    window, more = lines[:WINDOW], len(lines) > WINDOW
    groups = group(window, couches)
    if filters.after is not None:
        start = (filters.after.received_at, filters.after.id)
        groups = [one for one in groups if (one.leader.received_at, one.leader.id) > start]
    following: tuple[Cursor, Cursor | None] | None = None
    if len(groups) > count:
        following = (groups[count - 1].leader.cursor, filters.since)
    elif more:
        following = (window[-1].cursor, window[-1].cursor)
    return Cards(groups=groups[:count], next=following, remaining=_count(desks, found))


def set_aside(user: "User", *, practice: bool = False) -> dict[str, int]:
    """Return what an empty queue tells: `held`, handed `above`, and `answered` these last seven days."""
    week_ago = timezone.now() - dt.timedelta(days=7)
    desks = desks_of(user, practice=practice)
    answers = Decision.objects.standing().filter(at__gte=week_ago, actor="official")
    answers = answers.filter(by=user, commune__in=desks) if practice else answers.filter(commune__in=desks)
    waiting = reports_of(user, practice=practice).filter(status=Contribution.Status.SUBMITTED)
    return {
        "held": _count(desks, waiting.filter(held())),
        "above": _count(desks, waiting.exclude(level=Contribution.Level.COMMUNE)),
        "answered": answers.exclude(action=Decision.Action.HOLD).order_by()[:COUNT_CEILING].count(),
    }


def _beyond(rows: QuerySet[Contribution], cursor: Cursor | None) -> QuerySet[Contribution]:
    if cursor is None:
        return rows
    # A row comparison in two conditions: the first one can walk the index.
    return rows.filter(received_at__gte=cursor.received_at).exclude(
        received_at=cursor.received_at, pk__lte=cursor.id
    )


def _read_window(desks: QuerySet[Commune], rows: QuerySet[Contribution]) -> list[Line]:
    """Return the oldest rows as grouping reads them, one more than the window."""
    today = timezone.localdate()
    placed = rows.annotate(
        x=Func("geom", function="ST_X", output_field=FloatField()),
        y=Func("geom", function="ST_Y", output_field=FloatField()),
    )
    columns = (
        "pk", "received_at", "version", "couche_id", "desk", "operation", "feature_id", "attributes", "x", "y",
        "status", "handed_to_id", "level", "held_until", "appealed_at",
    )  # fmt: skip
    return [
        Line(
            id=pk,
            version=version,
            received_at=received_at,
            couche_id=couche_id,
            desk=desk,
            operation=operation,
            feature_id=feature_id,
            attributes=json.loads(attributes) if isinstance(attributes, str) else attributes,
            x=x,
            y=y,
            # A report handed over or appealed has its own story, and its own answer.
            alone=status != Contribution.Status.SUBMITTED or bool(handed_to or appealed_at),
            turn=(level, held_until is not None and held_until > today),
        )
        for pk, received_at, version, couche_id, desk, operation, feature_id, attributes, x, y,
            status, handed_to, level, held_until, appealed_at
        in _oldest(desks, placed, columns, WINDOW + 1)
    ]  # fmt: skip


def _oldest(
    desks: QuerySet[Commune], rows: QuerySet[Contribution], columns: tuple[str, ...], limit: int
) -> list[tuple[Any, ...]]:
    """Return `columns` (the id then the instant first) of the oldest `limit` of `rows` at these desks."""
    ordered = rows.filter(AT_DESK).order_by("received_at", "pk").values_list(*columns)[:limit]
    query = """
        SELECT found.* FROM ({desks}) AS bureau CROSS JOIN LATERAL ({rows}) AS found (id, at{others})
        ORDER BY found.at, found.id LIMIT %s
    """
    others = "".join(f", c{n}" for n in range(len(columns) - 2))
    return _run(query, desks, ordered, others, limit)


def _count(desks: QuerySet[Commune], rows: QuerySet[Contribution]) -> int:
    """Count `rows` at these desks, up to the ceiling."""
    # The limit inside keeps each desk a walk of its own: flattened, the whole would be read.
    ones = rows.filter(AT_DESK).order_by().values_list("pk")[:COUNT_CEILING]
    query = """
        SELECT count(*) FROM (
            SELECT 1 FROM ({desks}) AS bureau CROSS JOIN LATERAL ({rows}) AS found (id{others}) LIMIT %s
        ) AS counted
    """
    found = _run(query, desks, ones, "", COUNT_CEILING)
    return int(found[0][0]) if found else 0


# The row's desk is that of the desks listed beside it: a correlated condition, which Django cannot write.
AT_DESK = Q(desk=RawSQL("bureau.code_insee", []))


def _run(
    query: str, desks: QuerySet[Commune], rows: QuerySet[Any, Any], others: str, limit: int
) -> list[tuple[Any, ...]]:
    """Run `query`, whose parts Django compiles, parameters bound."""
    try:
        desks_sql, desks_parameters = desks.order_by().values_list("code_insee").query.sql_with_params()
        rows_sql, rows_parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    text = query.format(desks=desks_sql, rows=rows_sql, others=others)
    with connection.cursor() as cursor:
        cursor.execute(text, [*desks_parameters, *rows_parameters, limit])
        return cursor.fetchall()
