"""Forms of the second factor: allauth's fields in our words, and each code once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from cryptography.exceptions import InvalidSignature
from django import forms
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

KEY_NAME_MAX = 60
# What fido2 raises on a credential of the wrong shape, or signed by another key.
ODD = (AttributeError, IndexError, KeyError, TypeError, ValueError, InvalidSignature)


class _Code:
    """A code typed once: allauth forgets it after one period, while the neighbours still pass."""

    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError for a wrong one, or one that already served."""
        code: str = super().clean_code()  # type: ignore[misc]  # of the form beside this mixin
        if self.authenticator.type == Authenticator.Type.TOTP:
            digits = "".join(sign for sign in code if sign.isdigit())
            seconds = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
            if not cache.add(f"comptes.code:{self.user.pk}:{digits}", 1, timeout=seconds):
                raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(_Code, base_forms.AuthenticateForm):
    """`code` at sign-in: of the application, or a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_code(self, _("Code de l'application, ou code de secours"))


class ConfirmCodeForm(_Code, base_forms.ReauthenticateForm):
    """`code`, to confirm during a session that it is the same person."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_code(self, _("Code de l'application, ou code de secours"))


class ActivateTotpForm(totp_forms.ActivateTOTPForm):
    """`code`, which proves that the application holds the secret."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_code(self, _("Code à six chiffres que l'application affiche"))


class _Credential:
    """What a browser made with a key is read by libraries that trust its shape: any odd one is refused."""

    def clean(self) -> dict[str, Any]:
        """Return the cleaned form. Raises ValidationError when the credential proves nothing."""
        with _odd_is_refused():
            return super().clean() or {}  # type: ignore[misc]  # of the form beside this mixin


class AddKeyForm(_Credential, webauthn_forms.AddWebAuthnForm):
    """`name` of a key, and `credential`, what the browser made with it."""

    name = forms.CharField(
        label=_("Nom de la clé"),
        help_text=_("Pour la reconnaître, par exemple « téléphone » ou « ordinateur de la mairie »."),
        required=False,
        max_length=KEY_NAME_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class KeyForm(webauthn_forms.AuthenticateWebAuthnForm):
    """`credential` at sign-in: what the browser signed with a key."""

    def clean_credential(self) -> Authenticator:
        """Return the key. Raises ValidationError when the credential proves nothing."""
        with _odd_is_refused():
            return super().clean_credential()


class ConfirmKeyForm(KeyForm, webauthn_forms.ReauthenticateWebAuthnForm):
    """`credential`, to confirm during a session that it is the same person."""


@contextmanager
def _odd_is_refused() -> Iterator[None]:
    try:
        yield
    except ODD as error:
        raise get_adapter().validation_error("incorrect_code") from error


def _say_code(form: forms.Form, label: Any) -> None:
    field = form.fields["code"]
    field.label = label
    field.widget.attrs.pop("placeholder", None)
    # A recovery code is made of digits too.
    field.widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": 40}
