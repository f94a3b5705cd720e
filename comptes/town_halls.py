"""The official addresses of town halls, and what is announced to them."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from comptes.links import absolute, new_link
from comptes.models import ContestLink, Membership, TownHallAddress
from comptes.notifications import notify
from comptes.roles import ATTESTED_ROLES
from territoires.models import Commune

CONTEST_DAYS = 60


def clean_address(text: object) -> str:
    """Return an e-mail address in lower case. Raises ValidationError on "email"."""
    address = text.strip().lower() if isinstance(text, str) else ""
    try:
        if len(address) > 254:
            raise ValidationError("")
        validate_email(address)
        address.encode()
    except (ValidationError, UnicodeEncodeError) as error:
        raise ValidationError(
            {"email": [_("Cette adresse électronique est incomplète : écrivez-la comme nom@exemple.fr.")]}
        ) from error
    return address


def set_address(*, commune: Commune, email: str) -> TownHallAddress:
    """Write the official address by the operator's hand: no file overwrites it. Raises ValidationError."""
    row, _created = TownHallAddress.objects.update_or_create(
        commune=commune,
        defaults={
            "email": clean_address(email),
            "source": TownHallAddress.Source.OPERATOR,
            "updated_on": timezone.localdate(),
        },
    )
    return row


def announce(mandate: Membership) -> None:
    """Tell the town hall who now decides, publishes or grants for its commune, and how to say no.

    Nothing is written when the mandate is not on a commune, or its address is not known.
    """
    if mandate.commune_id is None or mandate.role not in ATTESTED_ROLES or mandate.delegated_by_id:
        return
    address = TownHallAddress.objects.filter(commune=mandate.commune_id).first()
    if address is None:
        return
    token, digest = new_link()
    ContestLink.objects.create(
        token_hash=digest,
        commune_id=mandate.commune_id,
        person=mandate.user,
        expires_at=timezone.now() + dt.timedelta(days=CONTEST_DAYS),
    )
    notify(
        event=f"mandat:{mandate.pk}",
        template="mandat-annonce",
        recipient=address.email,
        context={
            "personne": str(mandate.user),
            "adresse": mandate.user.email,
            "role": mandate.get_role_display(),
            "commune": str(mandate.commune),
            "lien": absolute(reverse("equipe-contester", args=[token])),
            "jours": CONTEST_DAYS,
        },
    )
