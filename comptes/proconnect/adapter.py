"""How allauth's linked accounts behave here: one provider, from the settings, and no sign-up."""

import logging
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import get_random_string
from requests import RequestException

from comptes.models import Membership
from comptes.proconnect import people, session
from comptes.proconnect.provider import NONCE_LENGTH, PROVIDER_ID, ProConnectProvider
from comptes.proconnect.refusals import (
    Cancelled,
    LinkedElsewhere,
    Refused,
    TooLate,
    Unreachable,
    Unverified,
)

log = logging.getLogger(__name__)


class ProConnectAdapter(DefaultSocialAccountAdapter):
    """Nothing of a provider is read from tables: an operator's settings say all."""

    def list_apps(
        self, request: HttpRequest | None, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return ProConnect as the settings describe it, or nothing when it is off."""
        if not settings.PROCONNECT_ISSUER or provider not in {None, PROVIDER_ID}:
            return []
        app = SocialApp(
            provider=PROVIDER_ID,
            provider_id=PROVIDER_ID,
            name="ProConnect",
            client_id=settings.PROCONNECT_CLIENT_ID,
            secret=settings.PROCONNECT_SECRET,
            settings={"oauth_pkce_enabled": settings.PROCONNECT_PKCE},
        )
        return [app]

    def get_provider(
        self, request: HttpRequest | None, provider: str, client_id: str | None = None
    ) -> ProConnectProvider:
        """Return ProConnect. Raises SocialApp.DoesNotExist when it is off."""
        return ProConnectProvider(request, app=self.get_app(request, provider, client_id))

    def generate_state_param(self, state: dict[str, Any]) -> str:
        """Return 48 characters: ProConnect refuses fewer than 32."""
        return get_random_string(NONCE_LENGTH)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """No sign-up of allauth's: `pre_social_login` has made the account, or refused."""
        return False

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> AbstractBaseUser:
        """Fill in nothing: see `comptes.proconnect.people`."""
        return sociallogin.user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find the account, link it, or make it. Raises Refused, which says why not."""
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            if sociallogin.is_existing and sociallogin.user != request.user:
                raise LinkedElsewhere
            session.remember(request, sociallogin)
            return
        if not sociallogin.is_existing:
            with transaction.atomic():
                sociallogin.connect(request, people.welcome(sociallogin.identity))
        if not Membership.objects.live().filter(user=sociallogin.user.pk).exists():
            sociallogin.state["next"] = reverse("proconnect-commune")

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: SocialAccount) -> str:
        """Back to one's account."""
        return reverse("compte")

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: ProConnectProvider,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Show our page instead of allauth's, always."""
        refusal = _as_refusal(error, exception, extra_context or {})
        raise ImmediateHttpResponse(refused(request, refusal))


def refused(request: HttpRequest, refusal: Refused) -> Any:
    """Return the page that says why ProConnect opened nothing, and what to do instead; log which."""
    log.warning("ProConnect refused: %s %s", type(refusal).__name__, refusal.why)
    return render(request, "comptes/proconnect_refus.html", {"refusal": refusal}, status=refusal.status)


def _as_refusal(error: str | None, exception: Exception | None, context: dict[str, Any]) -> Refused:
    if isinstance(exception, Refused):
        return exception
    if isinstance(exception, RequestException):
        return Unreachable(type(exception).__name__)
    if error == AuthError.CANCELLED:
        return Cancelled()
    # allauth names the state only when it found none.
    return TooLate() if "state_id" in context else Unverified(type(exception).__name__)
