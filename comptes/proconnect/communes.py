"""Claiming a commune that nobody holds, on the word of ProConnect's SIRET.

The first nine digits of a SIRET are the SIREN of the legal body, and a commune is one (R123-220 and
following, code de commerce). Working there opens nothing by itself: the person must ask, and only
where nobody holds the commune is the answer yes at once. The town hall is told by letter then,
as after a claim by code, and may contest.
"""

import enum
import logging

from django.db import transaction
from django.urls import reverse

from comptes.claims import FIRST_ROLES, holders
from comptes.links import absolute
from comptes.mandates import Action, Via, grant
from comptes.models import TownHallAddress, User
from comptes.notifications import notify
from comptes.permissions import roles_opening
from comptes.roles import Gesture
from territoires.models import Commune

log = logging.getLogger(__name__)

SIREN_LENGTH, SIRET_LENGTH = 9, 14


class Outcome(enum.Enum):
    """What became of a claim."""

    GRANTED = "granted"
    ASKED = "asked"
    HELD_BY_YOU = "held_by_you"


def commune_of(siret: str) -> Commune | None:
    """Return the commune of today whose SIREN begins `siret`, None when there is none."""
    if len(siret) != SIRET_LENGTH or not siret.isascii() or not siret.isdigit():
        return None
    found = Commune.objects.current().filter(siren=siret[:SIREN_LENGTH], successor=None)
    return found.defer("geom").order_by("pk").first()


def is_held(commune: Commune) -> bool:
    """Say whether somebody holds the commune itself; a mandate on its EPCI holds nothing of it."""
    return holders(commune).exists()


def claim(*, by: User, siret: str) -> Outcome:
    """Give the commune of `siret` to `by` if nobody holds it, else write to who grants its roles.

    Two who claim at once come one after the other: the second finds it held. Raises
    Commune.DoesNotExist when `siret` is no commune's.
    """
    commune = commune_of(siret)
    if commune is None:
        raise Commune.DoesNotExist
    with transaction.atomic():
        _wait_for_turn(commune)
        held = holders(commune)
        if held.filter(user=by).exists():
            return Outcome.HELD_BY_YOU
        if held.exists():
            _ask(commune, by)
            return Outcome.ASKED
        for role in FIRST_ROLES:
            grant(user=by, role=role, territory=commune, by=by, via=Via.PERSON, action=Action.CLAIMED)
        log.info("commune %s claimed through ProConnect by user %s", commune.pk, by.pk)
    return Outcome.GRANTED


def _wait_for_turn(commune: Commune) -> None:
    """Lock the commune's row, then what a claim by code locks: the two doors take turns too.

    NO KEY: reports of the commune keep coming in meanwhile.
    """
    Commune.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=commune.pk)
    TownHallAddress.objects.select_for_update(of=("self",)).filter(commune=commune).first()


def _ask(commune: Commune, by: User) -> None:
    """Write once to those who grant roles in the commune, else to those who hold it otherwise."""
    held = holders(commune)
    readers = held.filter(role__in=roles_opening(Gesture.GRANT_ROLES)) or held
    for address in sorted({mandate.user.email for mandate in readers}):
        notify(
            event=f"demande-proconnect:{commune.pk}:{by.pk}",
            template="demande-proconnect",
            recipient=address,
            context={
                "commune": commune.nom,
                "nom": str(by),
                "adresse": by.email,
                "lien": absolute(reverse("equipe")),
            },
        )
