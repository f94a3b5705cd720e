"""Pages of the second factor: what one has, adding, removing, recovery codes, proving it is oneself.

allauth's views hold the ceremonies; here are their addresses, their caching, and the record that a
factor just added was shown: who adds one must not be asked for it at the next click.
"""

from typing import Any

from allauth.account import views as account_views
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.base import views as base_views
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as codes_views
from allauth.mfa.totp import views as totp_views
from allauth.mfa.webauthn import views as key_views
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from comptes import second_factor
from comptes.permissions import decides_somewhere

NEXT_KEY = "second_factor_next"
personal = method_decorator([login_required, never_cache], name="dispatch")


@personal
class Overview(base_views.IndexView):
    """What opens this account besides the password, and what is missing."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Remember where the person was going when they were led here."""
        wanted = request.GET.get("next", "")
        if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
            request.session[NEXT_KEY] = wanted
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what this person owes, and what this session has shown."""
        user = self.request.user
        required = settings.REPERES_MFA == "required" and decides_somewhere(user)
        return super().get_context_data(**kwargs) | {
            "required": required,
            "shown": second_factor.is_shown(self.request, user),
            "has_factor": second_factor.has_factor(user),
            "next": _next(self.request),
        }


class _Added:
    """After adding a factor: it was shown, here and now."""

    request: HttpRequest
    kind: Authenticator.Type

    def form_valid(self, form: Any) -> HttpResponse:
        """Add it, and record it in the session."""
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]  # of the view beside
        user = self.request.user
        added = Authenticator.objects.filter(user_id=user.pk, type=self.kind).latest("pk")
        record_authentication(self.request, user, "mfa", id=added.pk, type=added.type)
        second_factor.forget(user)
        return response


@personal
class ActivateTotp(_Added, totp_views.ActivateTOTPView):
    """Adds an application that makes codes: QR code, secret in letters, one code to prove it works."""

    kind = Authenticator.Type.TOTP


@personal
class DeactivateTotp(totp_views.DeactivateTOTPView):
    """Removes the application."""


@personal
class AddKey(_Added, key_views.AddWebAuthnView):
    """Adds a passkey or a security key."""

    kind = Authenticator.Type.WEBAUTHN


@personal
class RemoveKey(key_views.RemoveWebAuthnView):
    """Removes a key of one's own; somebody else's does not exist here."""

    success_url = reverse_lazy("mfa_index")


@personal
class RecoveryCodes(codes_views.ViewRecoveryCodesView):
    """Shows recovery codes, the first time only."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add where the person was going."""
        return super().get_context_data(**kwargs) | {"next": _next(self.request)}


@personal
class NewRecoveryCodes(codes_views.GenerateRecoveryCodesView):
    """Makes ten others; the earlier ones die."""


@method_decorator(never_cache, name="dispatch")
class SignInSecondStep(base_views.AuthenticateView):
    """Second step of signing in, for who has a second factor."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show the step again, with what was wrong."""
        response = super().form_invalid(form)
        response.status_code = 422
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether this person has a key: the button of who has none would only fail."""
        keys = Authenticator.objects.filter(
            user_id=self.stage.login.user.pk, type=Authenticator.Type.WEBAUTHN
        )
        return super().get_context_data(**kwargs) | {"has_key": keys.exists()}


@personal
class ConfirmPassword(account_views.ReauthenticateView):
    """Asks for the password again before something grave."""


@personal
class ConfirmCode(base_views.ReauthenticateView):
    """Asks for a code of the application, or a recovery code."""


@personal
class ConfirmKey(key_views.ReauthenticateWebAuthnView):
    """Asks for a key."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show the page again with the reason, rather than allauth's way to the sign-in page."""
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Keep the form that was refused, which allauth's would drop."""
        return super().get_context_data(**kwargs) | kwargs


def _next(request: HttpRequest) -> str:
    return request.session.get(NEXT_KEY) or reverse("compte")
