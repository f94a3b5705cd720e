"""Pauses: an official opens one on their own land, anybody reads it, only anonymous reports feel it.

What was acknowledged is never refused afterwards, and what is refused is kept by who sends it: a
pause is a « not yet », with its end.
"""

import datetime as dt
import math
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.gis.geos import MultiPolygon, Point
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from comptes.permissions import SignInFirst, WrongRole, check_second_factor, communes_for
from comptes.roles import Gesture
from contributions.limits import NotYet, delay
from contributions.models import PAUSE_DAYS, PAUSE_MESSAGE, Contribution, Pause
from contributions.querysets import PauseQuerySet
from contributions.zones import area_m2
from couches.models import Couche
from couches.text import clean_text
from territoires.models import Commune

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from comptes.models import User

# A border drawn by hand is a stroke wide: nearer than this, nobody is told that they spill over.
# Beyond the border the pause has no effect whatever it covers (`codes_insee`).
TOLERANCE_M = 25
# The lookup of each submission reads them all.
MAX_LIVE = 20
MAX_NAMED = 5
LOOKED_BACK = dt.timedelta(days=7)
LOGGED = 100

# The communes a zone covers, less a stroke along its edge: through the pieces of at most 64 vertices.
COMMUNES_OF_ZONE = """
WITH drawn AS (
    SELECT ST_SetSRID(%(zone)s::geometry, 4326) AS geom,
           ST_Buffer(ST_SetSRID(%(zone)s::geometry, 4326)::geography, -%(tolerance)s)::geometry AS heart
)
SELECT DISTINCT commune.code_insee, commune.nom, ST_Intersects(piece.geom, drawn.heart)
FROM drawn
JOIN territoires_communepiece AS piece ON piece.geom && drawn.geom AND ST_Intersects(piece.geom, drawn.geom)
JOIN territoires_commune AS commune ON commune.code_insee = piece.commune_id AND commune.valid_to IS NULL
ORDER BY commune.nom
"""


class ZonePaused(NotYet):
    """Anonymous reports are refused here until the pause ends; the same may pass after."""

    code = "zone-en-pause"
    status = 403

    def __init__(self, pause: Pause) -> None:
        super().__init__(announce(pause), wait=_seconds_to(pause.ends))


class ZoneSlowed(NotYet):
    """A slow pause lets few anonymous reports through, and this one is one too many for now."""

    code = "zone-ralentie"

    def __init__(self, pause: Pause, wait: int) -> None:
        super().__init__(
            _("%(announce)s Rien n'est perdu : renvoyez dans %(delay)s.")
            % {"announce": announce(pause), "delay": delay(wait)},
            wait=wait,
        )


@dataclass(frozen=True, slots=True)
class Logged:
    """A pause as the register tells it: no person, no outline.

    `place` is coarse (« Environ 2 km² à Aurillac »); `until` is when it ends or ended, early when
    `ended_early`; `mode` and `reason` are the French words of the interface.
    """

    opened_at: dt.datetime
    starts: dt.datetime
    until: dt.datetime
    ended_early: bool
    place: str
    couche: str
    mode: str
    reason: str
    message: str

    @property
    def until_words(self) -> str:
        """When it ends, after « jusqu'au »."""
        return say_until(self.until)

    @property
    def is_over(self) -> bool:
        """Whether it acts no more."""
        return self.until <= timezone.now()


# --- effect ------------------------------------------------------------------------------------------


def on(point: Point, *, commune: Commune, couche: Couche) -> list[Pause]:
    """Return the live pauses that hold a report there, the last to end first; refusals before the rest.

    `point` EPSG:4326, on an edge included. One indexed query.
    """
    rows = Pause.objects.live().covering(point, commune=commune, couche=couche).defer("zone")
    return sorted(rows.order_by("-ends", "pk")[:MAX_LIVE], key=lambda row: row.mode != Pause.Mode.REFUSE)


def refuse(found: list[Pause]) -> None:
    """Raise ZonePaused when one of the pauses `on` a place refuses."""
    if found and found[0].mode == Pause.Mode.REFUSE:
        raise ZonePaused(found[0])


def check_place(point: Point, *, commune: Commune, couche: Couche) -> None:
    """Refuse a report's move, on "geometry", to where a pause would have refused to receive it."""
    try:
        refuse(on(point, commune=commune, couche=couche))
    except ZonePaused as refusal:
        raise ValidationError({"geometry": [str(refusal)]}) from refusal


def announce(pause: Pause) -> str:
    """Say a pause to who reports there: until when, why, and what to do meanwhile."""
    if pause.mode == Pause.Mode.SLOW:
        head = _("Les signalements sans compte sont ralentis ici jusqu'au %(until)s.")
        what = ""
    else:
        head = _("Les signalements sans compte sont suspendus ici jusqu'au %(until)s.")
        what = _(
            "Votre texte est gardé : renvoyez-le après cette date, ou appelez la mairie, qui peut le saisir."
        )
    said = _("La mairie dit : « %(message)s »") % {"message": pause.message}
    return " ".join(part for part in [head % {"until": say_until(pause.ends)}, said, what] if part)


def say_until(moment: dt.datetime) -> str:
    """Say an end after « jusqu'au »: a midnight is the day before, included."""
    local = timezone.localtime(moment)
    if local.time() == dt.time.min:
        return _("%(day)s inclus") % {"day": date_format(local - dt.timedelta(days=1), "j F Y")}
    return date_format(local, _("j F Y à G \\h i"))


# --- opening and ending ------------------------------------------------------------------------------


def check_may_pause(user: "User | AnonymousUser") -> None:
    """Raise Forbidden unless `user` decides somewhere now."""
    if user.pk is None:
        raise SignInFirst
    if not communes_for(user, Gesture.DECIDE).exists():
        raise WrongRole


@transaction.atomic
def open_pause(
    *,
    by: "User",
    mode: str,
    reason_code: str,
    message: str,
    ends: dt.datetime,
    starts: dt.datetime | None = None,
    commune: Commune | None = None,
    zone: MultiPolygon | None = None,
    couche: Couche | None = None,
) -> Pause:
    """Open a pause in the whole of `commune`, or in `zone` (EPSG:4326, from `contributions.zones`).

    Raises Forbidden for who decides nowhere, ValidationError by field: a zone that goes beyond the
    communes where they decide names those it enters.
    """
    check_may_pause(by)
    check_second_factor(by)
    row = drawn_up(
        by=by, mode=mode, reason_code=reason_code, message=message, ends=ends, starts=starts,
        commune=commune, zone=zone, couche=couche,
    )  # fmt: skip
    row.save(force_insert=True)
    return row


def drawn_up(
    *,
    by: "User",
    mode: str,
    reason_code: str,
    message: str,
    ends: dt.datetime,
    starts: dt.datetime | None = None,
    commune: Commune | None = None,
    zone: MultiPolygon | None = None,
    couche: Couche | None = None,
) -> Pause:
    """Return what `open_pause` would store, all checked, nothing written."""
    now = timezone.now()
    begins = max(starts or now, now)
    errors = _errors(mode=mode, reason_code=reason_code, begins=begins, ends=ends)
    try:
        message = clean_text(message, max_length=PAUSE_MESSAGE).replace("\n", " ")
    except ValidationError as error:
        errors["message"] = error.messages
    if not message:
        errors["message"] = [_("Écrivez la phrase que les habitants liront.")]
    codes: list[str] = []
    try:
        codes = _codes(by, commune, zone)
    except ValidationError as error:
        errors |= error.message_dict
    if _crowded(codes, now):
        errors["ends"] = [_("Vingt pauses y sont déjà ouvertes ou prévues : terminez-en une d'abord.")]
    if errors:
        raise ValidationError(errors)
    return Pause(
        zone=zone, codes_insee=codes, couche=couche, mode=mode, reason_code=reason_code, message=message,
        starts=begins, ends=ends, created_by=by, created_at=now,
    )  # fmt: skip


@transaction.atomic
def end_pause(*, by: "User", pk: int) -> Pause:
    """End a pause now, whoever opened it; ending it twice, or after its time, is nothing.

    Raises Pause.DoesNotExist unless `by` decides now in every commune where it acts, Forbidden without
    a second factor.
    """
    check_second_factor(by)
    row = endable_by(by).select_for_update(of=("self",)).get(pk=pk)
    if row.ended_at is None and row.ends > timezone.now():
        row.ended_at, row.ended_by = timezone.now(), by
        row.save(update_fields=["ended_at", "ended_by"])
    return row


def seen_by(user: "User") -> PauseQuerySet:
    """Return the pauses that act where `user` decides now, the latest first."""
    codes = list(communes_for(user, Gesture.DECIDE).order_by().values_list("pk", flat=True))
    return Pause.objects.filter(codes_insee__overlap=codes)


def endable_by(user: "User") -> PauseQuerySet:
    """Return the pauses whose communes are all among those where `user` decides now."""
    codes = list(communes_for(user, Gesture.DECIDE).order_by().values_list("pk", flat=True))
    return Pause.objects.filter(codes_insee__contained_by=codes)


def place_of_report(user: "User", identifier: uuid.UUID) -> Point | None:
    """Return where a report lies (EPSG:4326) when `user` decides there, else None."""
    rows = Contribution.objects.filter(commune__in=communes_for(user, Gesture.DECIDE), pk=identifier)
    found: Point | None = rows.values_list("geom", flat=True).first()
    return found


def waiting_in(row: Pause) -> int:
    """Return how many anonymous reports of the last seven days wait where `row` would act."""
    rows = Contribution.objects.pending().anonymous()
    rows = rows.filter(commune__in=row.codes_insee, received_at__gte=timezone.now() - LOOKED_BACK)
    if row.couche_id is not None:
        rows = rows.filter(couche=row.couche_id)
    if row.zone is not None:
        rows = rows.filter(geom__coveredby=row.zone)
    return rows.count()


# --- what everybody may read --------------------------------------------------------------------------


def live_in(commune: Commune) -> list[Logged]:
    """Return the pauses that act in `commune` now, for its page and the report's."""
    return _logged(Pause.objects.live().of_commune(commune), commune)


def public_log(commune: Commune) -> list[Logged]:
    """Return the pauses of `commune`, those past included, the latest first: rows of the register."""
    return _logged(Pause.objects.of_commune(commune), commune)


def words_of_place(row: Pause, names: list[str]) -> str:
    """Say coarsely where a pause acts: no outline can be read from it."""
    places = ", ".join(names[:MAX_NAMED]) + ("…" if len(names) > MAX_NAMED else "")
    if row.zone is None:
        return _("Toute la commune : %(places)s") % {"places": places}
    return _("Environ %(area)s : %(places)s") % {"area": _area(area_m2(row.zone)), "places": places}


def names_of(rows: list[Pause]) -> dict[str, str]:
    """Return the names of the communes where pauses act, by code, in one query."""
    codes = {code for row in rows for code in row.codes_insee}
    return dict(Commune.objects.filter(pk__in=codes).order_by("nom").values_list("pk", "nom"))


def _logged(rows: QuerySet[Pause], commune: Commune) -> list[Logged]:
    return [
        Logged(
            opened_at=row.created_at,
            starts=row.starts,
            until=row.until,
            ended_early=row.ended_at is not None,
            place=words_of_place(row, [commune.nom]),
            couche=row.couche.title if row.couche else "",
            mode=str(row.get_mode_display()),
            reason=str(Pause.Reason(row.reason_code).label),
            message=row.message,
        )
        for row in rows.select_related("couche")[:LOGGED]
    ]


def _area(square_metres: float) -> str:
    """Return an area with one significant digit or two: what « coarse » means here."""
    if square_metres < 1_000_000:
        hectares = max(1, round(square_metres / 10_000))
        return _("%(n)d ha") % {"n": hectares}
    digits = 1 - math.floor(math.log10(square_metres / 1_000_000))
    kilometres = round(square_metres / 1_000_000, max(0, min(digits, 1)))
    return _("%(n)s km²") % {"n": f"{kilometres:g}".replace(".", ",")}


# --- checks --------------------------------------------------------------------------------------------


def _errors(*, mode: str, reason_code: str, begins: dt.datetime, ends: dt.datetime) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if mode not in Pause.Mode.values:
        errors["mode"] = [_("Choisissez « ralentis » ou « suspendus ».")]
    if reason_code not in Pause.Reason.values:
        errors["reason_code"] = [_("Choisissez un motif de la liste.")]
    if ends <= begins:
        errors["ends"] = [_("La pause doit finir après avoir commencé : choisissez une date plus tardive.")]
    elif ends > begins + dt.timedelta(days=PAUSE_DAYS):
        errors["ends"] = [_("Une pause dure %(max)d jours au plus.") % {"max": PAUSE_DAYS}]
    elif begins > timezone.now() + dt.timedelta(days=PAUSE_DAYS):
        errors["starts"] = [_("Une pause se prévoit %(max)d jours à l'avance au plus.") % {"max": PAUSE_DAYS}]
    return errors


def _codes(by: "User", commune: Commune | None, zone: MultiPolygon | None) -> list[str]:
    """Return the codes of the communes where the pause will act, all of them its author's."""
    own = communes_for(by, Gesture.DECIDE)
    if zone is None:
        if commune is None:
            raise ValidationError({"commune": [_("Choisissez une commune, ou dessinez une zone.")]})
        if not own.filter(pk=commune.pk).exists():
            raise ValidationError({"commune": [_spills([commune.nom])]})
        return [commune.pk]
    with connection.cursor() as cursor:
        cursor.execute(COMMUNES_OF_ZONE, {"zone": bytes(zone.ewkb), "tolerance": float(TOLERANCE_M)})
        entered = cursor.fetchall()
    mine = set(own.filter(pk__in=[code for code, _nom, _deep in entered]).values_list("pk", flat=True))
    foreign = list(dict.fromkeys(nom for code, nom, deep in entered if deep and code not in mine))
    if foreign:
        raise ValidationError({"zone": [_spills(foreign)]})
    if not mine:
        raise ValidationError({"zone": [_("Cette zone ne touche aucune commune où vous décidez.")]})
    return sorted(mine)


def _crowded(codes: list[str], now: dt.datetime) -> bool:
    others = Pause.objects.to_come_or_live(now).filter(codes_insee__overlap=codes)
    found = Counter(code for held in others.values_list("codes_insee", flat=True) for code in held)
    return any(found[code] >= MAX_LIVE for code in codes)


def _spills(names: list[str]) -> str:
    return _(
        "Cette zone déborde sur une commune où vous ne décidez pas : %(names)s. Réduisez-la, ou demandez à "
        "qui y décide."
    ) % {"names": ", ".join(names[:MAX_NAMED]) + ("…" if len(names) > MAX_NAMED else "")}


def _seconds_to(moment: dt.datetime) -> int:
    return max(1, math.ceil((moment - timezone.now()).total_seconds()))
