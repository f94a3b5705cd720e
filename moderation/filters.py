"""What to look for in the queue: read from an address's query string, checked, never trusted.

Both doors read the same filters. An unknown value is refused, never ignored, since an ignored
filter shows more than was asked.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from django.contrib.gis.geos import Polygon
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from comptes.models import User
from comptes.permissions import communes_for
from comptes.roles import Gesture
from contributions.models import Contact, Contribution, Photo
from couches.models import Couche
from moderation.turns import expected_of, held
from territoires.models import CODE_INSEE_PATTERN
from territoires.points import point_from_text

MAX_PAGE = 100
MAX_AGE = 3650
# One address left more reports than this: whoever looks for its others has seen enough.
MAX_BY_AUTHOR = 500
CURSOR = re.compile(r"(\d{8}T\d{12})-([0-9a-f]{32})")
SLUG = re.compile(r"[a-z0-9-]{1,40}")
REFERENCE = re.compile(r"[0-9a-f]{4,32}")

# What awaits a decision is not a state: it is SUBMITTED, not held, and asked of who reads.
MINE, HELD, ABOVE, ALL = "a-decider", "mis-en-attente", "transmis", "tous"
TURNS = (MINE, HELD, ABOVE)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row read; the next page starts after it."""

    received_at: dt.datetime
    id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.received_at.astimezone(dt.UTC):%Y%m%dT%H%M%S%f}-{self.id.hex}"


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look for; every field was checked by `parse_filters`.

    `status` is a state, one of TURNS, or nothing for all. `age` is in whole days since reception.
    `author` is a report, to find those left with the same address; `reference` the lowest and highest
    id that a prefix names. `since` is where the window of grouped reports starts (`groups.py`).
    """

    status: str = ""
    commune: str = ""
    couche: str = ""
    bbox: Polygon | None = None
    age: int = 0
    near_border: bool | None = None
    photo: bool | None = None
    author: uuid.UUID | None = None
    reference: tuple[uuid.UUID, uuid.UUID] | None = None
    after: Cursor | None = None
    since: Cursor | None = None
    grouped: bool = False
    limit: int = field(default=50)

    @property
    def narrow(self) -> bool:
        """Say whether less is shown than all of one state or turn."""
        kept = {"status", "after", "since", "grouped", "limit"}
        return any(getattr(self, one.name) != one.default for one in fields(self) if one.name not in kept)


def condition(filters: Filters, user: User) -> Q:
    """Return the condition on contributions, the cursor left out; `user` says whose turn it is."""
    wanted: dict[str, Any] = {
        "status": Contribution.Status.SUBMITTED if filters.status in TURNS else filters.status,
        "commune": filters.commune,
        "couche__slug": filters.couche,
        "geom__coveredby": filters.bbox,
        "received_at__lte": timezone.now() - dt.timedelta(days=filters.age) if filters.age else None,
        "pk__range": filters.reference,
    }
    found = Q(**{name: value for name, value in wanted.items() if value})
    if filters.near_border is not None:
        found &= Q(near_border=filters.near_border)
    if filters.author is not None:
        found &= Q(pk__in=same_author(filters.author, user))
    if filters.photo is not None:
        has_photo = Q(Exists(Photo.objects.filter(contribution=OuterRef("pk"))))
        found &= has_photo if filters.photo else ~has_photo
    return found & _turn(filters.status, user)


def _turn(status: str, user: User) -> Q:
    if status == MINE:
        return (Q(held_until=None) | ~held()) & expected_of(user)
    if status == HELD:
        return held()
    return ~Q(level=Contribution.Level.COMMUNE) if status == ABOVE else Q()


def same_author(wanted: uuid.UUID, user: User) -> list[uuid.UUID]:
    """Return what the address that left `wanted` also left, within what `user` sees; the newest first.

    A report of elsewhere tells nothing: not even which of one's own are by the same hand. One that
    was left without an address is alone.
    """
    seen = Contact.objects.filter(contribution__desk__in=communes_for(user, Gesture.SEE_QUEUE).values("pk"))
    same = seen.filter(contribution=wanted).values("email_sha256")
    others = seen.filter(email_sha256__in=same).exclude(contribution=wanted)
    newest = others.order_by("-contribution__received_at").values_list("contribution", flat=True)
    return [wanted, *newest[:MAX_BY_AUTHOR]]


def parse_filters(params: Mapping[str, str], *, default_status: str = "") -> Filters:
    """Return the filters of an address's query string. Raises ValidationError by field."""
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for name, (target, read) in READERS.items():
        raw = params.get(name, default_status if name == "status" else "")
        if not raw:
            continue
        try:
            values[target] = read(raw)
        except ValidationError as error:
            errors[name] = error.messages
    if errors:
        raise ValidationError(errors)
    return Filters(**values)


def _status(raw: str) -> str:
    if raw == ALL:
        return ""
    if raw not in TURNS and raw not in Contribution.Status.values:
        raise ValidationError(
            _("État inconnu : choisissez parmi %(values)s.")
            % {"values": ", ".join([*TURNS, *Contribution.Status.values, ALL])}
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


def _age(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", raw) or not 1 <= int(raw) <= MAX_AGE:
        raise ValidationError(_("Donnez un nombre de jours entre 1 et %(max)d.") % {"max": MAX_AGE})
    return int(raw)


def _yes_or_no(raw: str) -> bool:
    if raw not in {"oui", "non"}:
        raise ValidationError(_("Répondez « oui » ou « non »."))
    return raw == "oui"


def _identifier(raw: str) -> uuid.UUID:
    try:
        return uuid.UUID(raw)
    except ValueError as error:
        raise ValidationError(
            _("Donnez l'identifiant d'un signalement, par exemple 3f2b8c1e-6d4a-4a57-9c1b-2f60d2a3b4c5.")
        ) from error


def _reference(raw: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Return the lowest and the highest id that begin so."""
    digits = raw.strip().lower().replace("-", "")
    if not REFERENCE.fullmatch(digits):
        raise ValidationError(_("Donnez au moins les quatre premiers caractères de la référence."))
    return uuid.UUID(digits.ljust(32, "0")), uuid.UUID(digits.ljust(32, "f"))


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


# Name in the address: (field of Filters, reader).
READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "status": ("status", _status),
    "commune": ("commune", _commune),
    "couche": ("couche", _couche),
    "bbox": ("bbox", _bbox),
    "age": ("age", _age),
    "limite": ("near_border", _yes_or_no),
    "photo": ("photo", _yes_or_no),
    "auteur": ("author", _identifier),
    "reference": ("reference", _reference),
    "groupes": ("grouped", _yes_or_no),
    "after": ("after", _cursor),
    "depuis": ("since", _cursor),
    "limit": ("limit", _limit),
}
