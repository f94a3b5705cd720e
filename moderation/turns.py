"""Whose turn it is: held for a while, handed to a neighbour or to a level above, appealed."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from comptes.models import Membership, User
from comptes.permissions import communes_under, mandates_for
from comptes.roles import Gesture, Role
from contributions.models import Contribution
from moderation.refusals import (
    AlreadyAppealed,
    HoldDateInvalid,
    NobodyAbove,
    NobodyThere,
    TooLateToAppeal,
    TransferTargetInvalid,
)
from territoires.location import communes_near
from territoires.models import Commune

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

Level = Contribution.Level

# A report that waits longer than half a year is not waiting, it is forgotten.
LONGEST_HOLD = dt.timedelta(days=183)
# How far from a border a report may still be the neighbour's: a position by antennas is that bad.
NEIGHBOUR_M = 1000
# Two months, as for an appeal against an administrative decision (CRPA R. 411-1, CJA R. 421-1).
APPEAL_WINDOW = dt.timedelta(days=61)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a report may be handed: `code` is « epci », « departement » or a neighbour's INSEE code."""

    code: str
    label: str


def check_hold(until: dt.date | None) -> dt.date:
    """Return the date to hold until. Raises HoldDateInvalid unless it is to come, within half a year."""
    today = timezone.localdate()
    if until is None or not today < until <= today + LONGEST_HOLD:
        raise HoldDateInvalid(first=today + dt.timedelta(days=1), last=today + LONGEST_HOLD)
    return until


def destinations(row: Contribution) -> list[Destination]:
    """Return where `row` may be handed: neighbours nearer than 1 km, then the levels that answer.

    From the sandbox, to an intercommunality as imaginary as it is.
    """
    if row.practice_of_id is not None:
        return (
            [Destination(Level.EPCI.value, _("Communauté des Dunes (imaginaire)"))] if not row.level else []
        )
    found = [
        Destination(one.pk, one.nom) for one in communes_near(row.geom, NEIGHBOUR_M) if one.pk != row.desk
    ]
    if row.handed_to_id and row.commune_id not in {one.code for one in found}:
        found.insert(0, Destination(row.commune_id, row.commune.nom))
    desk = desk_of(row)
    if row.level == Level.COMMUNE and desk.epci is not None and _answers(desk, Level.EPCI):
        found.append(Destination(Level.EPCI.value, desk.epci.nom))
    if row.level != Level.DEPARTEMENT and _answers(desk, Level.DEPARTEMENT):
        found.append(Destination(Level.DEPARTEMENT.value, desk.departement.nom))
    return found


def hand_over(row: Contribution, to: str) -> list[str]:
    """Hand the unsaved `row` to `to`, a code of `destinations()`; return the fields changed.

    Raises TransferTargetInvalid (nothing, or not on a border) or NobodyThere.
    """
    if row.practice_of_id is None and to in {Level.EPCI, Level.DEPARTEMENT}:
        if not _answers(desk_of(row), Level(to)):
            raise NobodyThere
        row.level = to
        return ["level"]
    if to not in {one.code for one in destinations(row)}:
        raise TransferTargetInvalid
    if to == Level.EPCI:
        row.level = Level.EPCI
        return ["level"]
    row.handed_to = None if to == row.commune_id else Commune.objects.defer("geom").get(pk=to)
    row.level = Level.COMMUNE
    return ["handed_to", "level"]


def desk_of(row: Contribution) -> Commune:
    """Return the commune whose officials are asked."""
    return row.handed_to or row.commune


def check_appeal(row: Contribution, refused_at: dt.datetime, refused_by: User | None) -> Level:
    """Return the level an appeal against a refusal goes to.

    Raises AlreadyAppealed, TooLateToAppeal, or NobodyAbove when no other person decides above.
    """
    if row.appealed_at is not None:
        raise AlreadyAppealed
    if timezone.now() >= refused_at + APPEAL_WINDOW:
        raise TooLateToAppeal
    desk = desk_of(row)
    for level in (Level.EPCI, Level.DEPARTEMENT):
        # What the EPCI refused itself is judged above it.
        if row.level == level:
            continue
        if _answers(desk, level, but=refused_by):
            return level
    raise NobodyAbove


def above_commune(user: User, row: Contribution) -> bool:
    """Say whether `user` decides there by a mandate above the commune."""
    mandates = Membership.objects.live().covering(desk_of(row)).filter(role=Role.MODERATOR, user=user)
    return mandates.filter(commune__isnull=True).exists()


def held() -> Q:
    """Return the condition of reports that wait for a date to come."""
    return Q(held_until__gt=timezone.localdate())


def expected_of(user: "User | AnonymousUser") -> Q:
    """Return the condition of reports whose decision is asked of `user`'s own level, or of one below.

    Within what they see: a report handed or appealed to the EPCI is off the mayor's desk, and one
    handed to the département is off the EPCI's too. Who decides above still sees what the communes
    are asked, since many have nobody.
    """
    mandates = mandates_for(user, Gesture.SEE_QUEUE)
    above = mandates.filter(commune__isnull=True)
    levels = {epci is None for epci in above.values_list("epci", flat=True)}
    asked = Q(level=Level.COMMUNE)
    if levels:
        asked |= Q(level=Level.EPCI, desk__in=communes_under(above).values("pk"))
    if True in levels:
        higher = above.filter(epci__isnull=True)
        asked |= Q(level=Level.DEPARTEMENT, desk__in=communes_under(higher).values("pk"))
    return asked


def _answers(desk: Commune, level: Level, *, but: User | None = None) -> bool:
    """Say whether somebody (other than `but`) decides for `desk` at `level`.

    The département's level is held by whoever decides for the département, the région or France.
    """
    mandates = Membership.objects.live().covering(desk).filter(role=Role.MODERATOR)
    at = Q(epci__isnull=False) if level == Level.EPCI else Q(commune=None, epci=None)
    found = mandates.filter(at)
    return (found.exclude(user=but) if but is not None else found).exists()
