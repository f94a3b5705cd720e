"""Claiming a commune that nobody holds, on the word of ProConnect's SIRET.

The first nine digits of a SIRET are the SIREN of the legal body, and a commune is one (R123-220 and
following, code de commerce). Working there opens nothing by itself: the person must ask, and only
where nobody holds the commune is the answer yes at once.
"""

import enum
import logging

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from comptes.models import Membership, User
from comptes.notifications import notify
from comptes.querysets import MembershipQuerySet
from comptes.roles import Role
from territoires.models import Commune

log = logging.getLogger(__name__)

SIREN_LENGTH, SIRET_LENGTH = 9, 14
# Who holds one of these on the commune itself holds the commune.
HOLDERS = (Role.MODERATOR, Role.ADMIN_TERRITORY)


class Outcome(enum.Enum):
    """What became of a claim."""

    GRANTED = "granted"
    ASKED = "asked"
    HELD_BY_YOU = "held_by_you"


def commune_of(siret: str) -> Commune | None:
    """Return the commune of today whose SIREN begins `siret`, None when there is none."""
    if len(siret) != SIRET_LENGTH or not siret.isascii() or not siret.isdigit():
        return None
    found = Commune.objects.filter(siren=siret[:SIREN_LENGTH], successor=None, valid_to=None)
    return found.defer("geom").order_by("pk").first()


def is_held(commune: Commune) -> bool:
    """Say whether somebody holds the commune itself; a mandate on its EPCI holds nothing of it."""
    return _holders(commune).exists()


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
        holders = _holders(commune)
        if holders.filter(user=by).exists():
            return Outcome.HELD_BY_YOU
        if holders.exists():
            _ask(commune, by)
            return Outcome.ASKED
        for role in HOLDERS:
            Membership.objects.create(user=by, role=role, commune=commune)
        log.info("commune %s claimed through ProConnect by user %s", commune.pk, by.pk)
    return Outcome.GRANTED


def _wait_for_turn(commune: Commune) -> None:
    """Lock the commune's row. NO KEY: its reports keep coming in meanwhile."""
    Commune.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=commune.pk)


def _holders(commune: Commune) -> MembershipQuerySet:
    return Membership.objects.live().filter(commune=commune, role__in=HOLDERS)


def _ask(commune: Commune, by: User) -> None:
    """Write once to those who grant roles here: the commune's own, else those above, else its holders."""
    granting = Membership.objects.live().covering(commune).filter(role=Role.ADMIN_TERRITORY)
    readers = granting.filter(commune=commune)
    if not readers.exists():
        readers = granting if granting.exists() else _holders(commune)
    for address in sorted(set(readers.values_list("user__email", flat=True))):
        notify(
            event=f"demande-proconnect:{commune.pk}:{by.pk}",
            template="demande-proconnect",
            recipient=address,
            context={
                "commune": commune.nom,
                "nom": str(by),
                "adresse": by.email,
                "compte": settings.PUBLIC_URL + reverse("compte"),
            },
        )
