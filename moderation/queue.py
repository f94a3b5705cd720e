"""Reads the queue: only what somebody may see, filtered, oldest first, one page at a time."""

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.gis.geos import Polygon
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from comptes.permissions import communes_for
from comptes.roles import Gesture
from contributions.models import Contact, Contribution
from couches.models import Couche
from territoires.models import CODE_INSEE_PATTERN
from territoires.points import point_from_text

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from comptes.models import User

MAX_PAGE = 100
# Beyond this nobody reads the exact number, and counting would cost the whole table.
COUNT_CEILING = 10_000
CURSOR = re.compile(r"(\d{8}T\d{12})-([0-9a-f]{32})")
SLUG = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row read; the next page starts after it."""

    received_at: dt.datetime
    id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.received_at.astimezone(dt.UTC):%Y%m%dT%H%M%S%f}-{self.id.hex}"


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look for; every field was checked by `parse_filters`."""

    status: str = ""
    commune: str = ""
    couche: str = ""
    bbox: Polygon | None = None
    after: Cursor | None = None
    limit: int = field(default=50)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the queue; `next` is None on the last, `remaining` stops at the ceiling."""

    rows: list[Contribution]
    next: Cursor | None
    remaining: int


def visible_to(user: "User | AnonymousUser") -> QuerySet[Contribution]:
    """Return the contributions of the desks whose queue `user` may see now: the only way in.

    A report handed to the neighbour is at the neighbour's desk, and no longer at ours.
    """
    return Contribution.objects.filter(desk__in=communes_for(user, Gesture.SEE_QUEUE).values("pk"))


def in_full(rows: QuerySet[Contribution]) -> QuerySet[Contribution]:
    """Return `rows` with all that a list shows, in a constant number of queries."""
    return (
        rows.select_related("couche", "commune", "entered_by")
        .defer("commune__geom")
        .annotate(
            photo_count=Count("photos"),
            has_email=Exists(Contact.objects.filter(contribution=OuterRef("pk"))),
        )
    )


def read_page(user: "User | AnonymousUser", filters: Filters) -> Page:
    """Return one page of what `user` may see, oldest first, and how many match in all."""
    found = _matching(visible_to(user), filters)
    rows = in_full(found)
    if filters.after is not None:
        # A row comparison in two conditions: the first one can walk the index.
        rows = rows.filter(received_at__gte=filters.after.received_at).exclude(
            received_at=filters.after.received_at, pk__lte=filters.after.id
        )
    page = list(rows.order_by("received_at", "pk")[: filters.limit + 1])
    more = len(page) > filters.limit
    page = page[: filters.limit]
    return Page(
        rows=page,
        next=Cursor(page[-1].received_at, page[-1].pk) if more else None,
        remaining=found.order_by()[:COUNT_CEILING].count(),
    )


def _matching(rows: QuerySet[Contribution], filters: Filters) -> QuerySet[Contribution]:
    wanted: dict[str, Any] = {
        "status": filters.status,
        "commune": filters.commune,
        "couche__slug": filters.couche,
        "geom__coveredby": filters.bbox,
    }
    return rows.filter(**{name: value for name, value in wanted.items() if value})


def parse_filters(params: Mapping[str, str], *, default_status: str = "") -> Filters:
    """Return the filters of an address's query string.

    Raises ValidationError by field: an unknown value is refused, never ignored, since an
    ignored filter shows more than was asked.
    """
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    readers = {
        "status": _status, "commune": _commune, "couche": _couche,
        "bbox": _bbox, "after": _cursor, "limit": _limit,
    }  # fmt: skip
    for name, read in readers.items():
        raw = params.get(name, default_status if name == "status" else "")
        if not raw:
            continue
        try:
            values[name] = read(raw)
        except ValidationError as error:
            errors[name] = error.messages
    if errors:
        raise ValidationError(errors)
    return Filters(**values)


def _status(raw: str) -> str:
    if raw == "tous":
        return ""
    if raw not in Contribution.Status.values:
        raise ValidationError(
            _("État inconnu : choisissez parmi %(values)s.")
            % {"values": ", ".join(Contribution.Status.values)}
        )
    return raw


def _commune(raw: str) -> str:
    if not re.fullmatch(CODE_INSEE_PATTERN, raw, re.ASCII):
        raise ValidationError(_("Donnez un code INSEE de cinq caractères, par exemple 15014."))
    return raw


def _couche(raw: str) -> str:
    if not SLUG.fullmatch(raw) or not Couche.objects.filter(slug=raw).exists():
        raise ValidationError(_("Couche inconnue : choisissez-en une dans la liste /api/v1/couches/."))
    return raw


def _bbox(raw: str) -> Polygon:
    """Build the box from four checked numbers: no raw text reaches a spatial lookup."""
    numbers = raw.split(",")
    refusal = ValidationError(
        _("Donnez quatre nombres « ouest,sud,est,nord » en degrés, par exemple 2.3,44.8,2.6,45.")
    )
    if len(numbers) != 4:
        raise refusal
    try:
        low, high = point_from_text(numbers[0], numbers[1]), point_from_text(numbers[2], numbers[3])
    except ValidationError as error:
        raise refusal from error
    if low.x >= high.x or low.y >= high.y:
        raise refusal
    box = Polygon.from_bbox((low.x, low.y, high.x, high.y))
    box.srid = 4326
    return box


def _cursor(raw: str) -> Cursor:
    found = CURSOR.fullmatch(raw)
    try:
        if found:
            moment = dt.datetime.strptime(found[1], "%Y%m%dT%H%M%S%f").replace(tzinfo=dt.UTC)
            if moment.year > 1900:
                return Cursor(moment, uuid.UUID(found[2]))
    except ValueError:
        pass  # refused just below, like any other text
    raise ValidationError(_("Repère de page inconnu : repartez de la première page."))


def _limit(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", raw) or not 1 <= int(raw) <= MAX_PAGE:
        raise ValidationError(_("Donnez un nombre de lignes entre 1 et %(max)d.") % {"max": MAX_PAGE})
    return int(raw)
