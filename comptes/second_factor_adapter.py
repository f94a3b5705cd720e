"""How allauth's second factors behave here: sealed secrets, our own drawing of the QR code."""

import base64
import hashlib
import io
from typing import Any, ClassVar

import segno
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comptes.models import User


class SecondFactorAdapter(DefaultMFAAdapter):
    """A secret that makes codes must be read again, so it cannot be hashed: it is sealed with SECRET_KEY."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("Ce code ne va pas. Attendez le suivant, et recopiez-le aussitôt."),
        "cannot_delete_authenticator": gettext_lazy("Cette double vérification ne peut pas être retirée."),
        "cannot_generate_recovery_codes": gettext_lazy("Ajoutez d'abord une application ou une clé."),
    }

    def get_totp_issuer(self) -> str:
        """Name this instance as the application lists it."""
        return f"{_('Repères')} {super()._get_site_name().partition(':')[0]}"

    def _get_site_name(self) -> str:
        return _("Repères")

    def build_totp_svg(self, url: str) -> str:
        """Draw the QR code of `url`, dark on light whatever the theme, so that every camera reads it."""
        drawing = io.BytesIO()
        segno.make(url, error="m").save(drawing, kind="svg", scale=5, border=4, dark="#000", light="#fff")
        return drawing.getvalue().decode()

    def encrypt(self, text: str) -> str:
        """Seal a secret before it goes to the table."""
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open what `encrypt` sealed, under SECRET_KEY or one of its fallbacks."""
        return _seal().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        """Name a key whose owner gave it no name."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Clé %(number)d") % {"number": count + 1}

    def get_public_key_credential_user_entity(self, user: AbstractBaseUser) -> dict[str, Any]:
        """Say whose key it is, as the browser will show it."""
        assert isinstance(user, User)  # noqa: S101  # our only kind of user
        return super().get_public_key_credential_user_entity(user) | {"display_name": str(user)}


def _seal() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(b"comptes.second_factor:" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
