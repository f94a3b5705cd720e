"""The people of the demonstration: same password for all, known to everybody, hence never elsewhere."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from comptes.models import Membership, User
from comptes.roles import Role

PASSWORD = "demo-reperes"  # noqa: S105  # public by design, demo mode only


@dataclass(frozen=True)
class Account:
    """One person: `territory` is the keyword of Membership that names it, `place` says it in French."""

    email: str
    name: str
    role: Role
    territory: dict[str, Any]
    place: StrOrPromise
    is_superuser: bool = False


ACCOUNTS = [
    Account(
        "maire@aurillac.demo", "Hélène Vidal, maire", Role.MODERATOR, {"commune_id": "15014"}, "Aurillac"
    ),
    Account(
        "secretaire@aurillac.demo", "Paul Serre, accueil", Role.CLERK, {"commune_id": "15014"}, "Aurillac"
    ),
    Account("maire@ytrac.demo", "Jean Delmas, maire", Role.MODERATOR, {"commune_id": "15267"}, "Ytrac"),
    Account(
        "referent@caba.demo",
        "Driss Amrani, référent numérique",
        Role.MODERATOR,
        {"epci_id": "241500230"},
        "Bassin d'Aurillac",
    ),
    Account(
        "geomatique@cantal.demo",
        "Sophie Roux, géomaticienne",
        Role.STEWARD,
        {"national": True},
        gettext_lazy("toute la France"),
    ),
    Account(
        "admin@reperes.demo",
        "Camille Noël, administration",
        Role.ADMIN_TERRITORY,
        {"national": True},
        gettext_lazy("toute la France"),
        is_superuser=True,
    ),
]


def load_people() -> list[User]:
    """Create or repair the demo accounts and return them, in the order of ACCOUNTS.

    Safe to run twice: nobody is doubled and open sessions stay open. The communes and the EPCI
    must be there. Raises ImproperlyConfigured outside demo mode.
    """
    if not settings.REPERES_DEMO:
        raise ImproperlyConfigured(_("Les comptes de démonstration demandent REPERES_DEMO=1."))
    with transaction.atomic():
        return [_load(account) for account in ACCOUNTS]


def _load(account: Account) -> User:
    user = User.objects.filter(email=account.email).first() or User(email=account.email)
    user.display_name = account.name
    user.is_active = True
    user.is_staff = user.is_superuser = account.is_superuser
    if not user.check_password(PASSWORD):
        user.set_password(PASSWORD)
    user.save()
    mandate = {"user": user, "role": account.role, **account.territory}
    # A demonstration left open for a year must not suspend its own mayors.
    if not Membership.objects.live().filter(**mandate).update(attested_on=timezone.localdate()):
        Membership.objects.create(**mandate)
    return user
