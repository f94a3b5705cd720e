"""How allauth behaves here: officials are invited, letters leave by the outbox, pages say it all."""

import time
import uuid
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from comptes.client_ip import client_ip
from comptes.models import User
from comptes.notifications import notify
from comptes.proconnect.session import remember
from comptes.second_factor_letters import tell_second_factor

# What allauth tells by mail of one's second factors → the sentence of our letter.
SECOND_FACTOR_NEWS = {
    "mfa/email/totp_activated": _("Une application de codes a été ajoutée à votre compte."),
    "mfa/email/totp_deactivated": _("L'application de codes a été retirée de votre compte."),
    "mfa/email/webauthn_added": _("Une clé a été ajoutée à votre compte."),
    "mfa/email/webauthn_removed": _("Une clé a été retirée de votre compte."),
    "mfa/email/recovery_codes_generated": _("De nouveaux codes de secours remplacent les anciens."),
    "socialaccount/email/account_connected": _("ProConnect ouvre désormais votre compte."),
}

# allauth's name of a letter → ours, with the word of its context we need.
LETTERS = {"account/email/password_reset_key": ("mot-de-passe", "password_reset_url", "lien")}


class AccountAdapter(DefaultAccountAdapter):
    """Closes the public sign-up, and replaces what allauth would send or say by ours."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "Cette adresse et ce mot de passe ne vont pas ensemble. Vérifiez les deux, ou choisissez "
            "un nouveau mot de passe."
        ),
        "too_many_login_attempts": _(
            "Trop d'essais. Attendez cinq minutes, ou choisissez un nouveau mot de passe."
        ),
        "rate_limited": _("Trop d'essais. Attendez cinq minutes."),
        "incorrect_password": _("Ce mot de passe n'est pas celui de votre compte."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are created by an administrator of a territory."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """One rule for the whole site, and never an error because a header is too short."""
        return client_ip(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the letter to the outbox: a known and an unknown address then answer as fast.

        Raises KeyError for a letter of allauth that we have no French text for.
        """
        template, theirs, ours = LETTERS[template_prefix]
        notify(
            event=f"{template}:{uuid.uuid4()}",
            template=template,
            recipient=email,
            context={ours: context[theirs]},
        )

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell people what changed in how their account opens: they may not be the one who did it."""
        news = SECOND_FACTOR_NEWS.get(template_prefix)
        if news is not None and isinstance(user, User):
            tell_second_factor(user, str(news))

    def get_login_stages(self) -> list[str]:
        """Ask for the second factor, save from whom ProConnect says that they showed one there."""
        ours = {"allauth.mfa.stages.AuthenticateStage": "comptes.proconnect.stages.SecondFactorStage"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **login: Any) -> HttpResponse | None:
        """Remember what ProConnect said of this session, or forget what it said of an earlier one."""
        remember(request, (login.get("signal_kwargs") or {}).get("sociallogin"))
        return super().pre_login(request, user, **login)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Spare those who have just signed in from typing their password again."""
        records = get_authentication_records(self.request, self.request.user)
        last = max((one["at"] for one in records), default=0.0)
        return time.time() - last >= settings.ACCOUNT_REAUTHENTICATION_TIMEOUT

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Build the link on the instance's own address, never on the Host header of whoever asks."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.PUBLIC_URL + path.replace("UID-KEY", key)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to one's account."""
        return reverse("compte")

    def add_message(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Say nothing: allauth's notices would follow people, as a cookie, after they signed out."""
