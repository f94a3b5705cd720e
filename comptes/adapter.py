"""How allauth behaves here: officials are invited, letters leave by the outbox, pages say it all."""

import uuid
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from comptes.client_ip import client_ip
from comptes.notifications import notify

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

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Build the link on the instance's own address, never on the Host header of whoever asks."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.PUBLIC_URL + path.replace("UID-KEY", key)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to one's account."""
        return reverse("compte")

    def add_message(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Say nothing: allauth's notices would follow people, as a cookie, after they signed out."""
