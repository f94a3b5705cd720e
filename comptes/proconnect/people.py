"""Who ProConnect may open an account for: those who come for a commune of this instance, or are invited."""

import logging

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from comptes.models import Invitation, User
from comptes.proconnect.communes import commune_of
from comptes.proconnect.refusals import EmailTaken, NoCommune, NoEmail, NoSiret
from comptes.proconnect.tokens import Identity

log = logging.getLogger(__name__)


def welcome(identity: Identity) -> User:
    """Create the account, without password and without role, of somebody who has none.

    Raises EmailTaken when an account has that address (an address proves nothing: it must be linked
    from within), NoEmail, and, unless an invitation waits for that address, NoSiret, or NoCommune
    when their establishment is not a commune. The invitation itself is accepted by its link.
    """
    try:
        validate_email(identity.email)
    except ValidationError as error:
        raise NoEmail from error
    if User.objects.filter(email=identity.email).exists():
        raise EmailTaken
    if not Invitation.objects.pending().filter(email=identity.email).exists():
        if not identity.siret:
            raise NoSiret
        if commune_of(identity.siret) is None:
            raise NoCommune
    log.info("account opened through ProConnect")
    return User.objects.create_user(identity.email, display_name=identity.name[:120] or _("Agent"))
