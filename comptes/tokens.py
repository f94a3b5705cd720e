"""Bearer tokens: created by name, shown once, revoked by their owner."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import transaction
from django.utils.translation import gettext as _

from comptes.models import ApiToken, User

NAME_MAX = 80


def create_token(*, user: User, name: str) -> str:
    """Create a token of `user` and return its text, which is kept nowhere.

    Raises ValidationError on "name" when it is empty, too long, unreadable or already taken by
    this person, and when they hold as many tokens as allowed.
    """
    name = _clean_name(name)
    with transaction.atomic():
        # Two tabs at once must not pass the limit together.
        User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        held = ApiToken.objects.filter(user=user)
        limit = settings.REST_KNOX["TOKEN_LIMIT_PER_USER"]
        if held.count() >= limit:
            raise _refusal(_("Vous avez déjà %(limit)d jetons : révoquez-en un.") % {"limit": limit})
        if held.filter(name=name).exists():
            raise _refusal(
                _("Un de vos jetons porte déjà ce nom : donnez-en un autre, ou révoquez l'ancien.")
            )
        _row, token = ApiToken.objects.create(user, name=name)
    return token


def revoke_token(*, user: User, digest: str) -> bool:
    """Delete the token of `user` with this digest; False when there is none."""
    deleted, _by_model = ApiToken.objects.filter(user=user, digest=digest).delete()
    return bool(deleted)


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise _refusal(_("Donnez un nom à ce jeton, par exemple « QGIS du bureau »."))
    if len(name) > NAME_MAX:
        raise _refusal(_("Ce nom est trop long : %(max)d caractères au plus.") % {"max": NAME_MAX})
    try:
        name.encode()
        ProhibitNullCharactersValidator()(name)
    except (UnicodeEncodeError, ValidationError) as error:
        raise _refusal(_("Ce nom contient un caractère illisible : retapez-le.")) from error
    return name


def _refusal(message: str) -> ValidationError:
    return ValidationError({"name": [message]})
