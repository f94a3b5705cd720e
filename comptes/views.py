"""Sign-in and account pages."""

from typing import Any

from allauth.account import views as allauth_views
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from comptes import tokens
from comptes.attestation import to_confirm
from comptes.delegation import own_mandates
from comptes.demo import ACCOUNTS, PASSWORD
from comptes.forms import TokenForm
from comptes.models import ApiToken, Membership, User
from comptes.permissions import check_second_factor, communes_for, grants_roles
from comptes.roles import Gesture


class SignedInRequest(HttpRequest):
    """What `login_required` lets through, for the type checker."""

    user: User


class SignIn(allauth_views.LoginView):
    """allauth's sign-in; a demonstration shows its accounts."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add ProConnect where it is on, and the demo accounts in demo mode only."""
        context = super().get_context_data(**kwargs) | {"proconnect": bool(settings.PROCONNECT_ISSUER)}
        if settings.REPERES_DEMO:
            context |= {"demo_accounts": ACCOUNTS, "demo_password": PASSWORD}
        return context


sign_in = SignIn.as_view()


@method_decorator([login_required, never_cache], name="dispatch")
class ChangePassword(allauth_views.PasswordChangeView):
    """allauth's, never kept by a cache."""


@require_GET
@login_required
@never_cache
def account(request: SignedInRequest) -> HttpResponse:
    """Show who I am, my mandates with their periods, my tokens."""
    return render(request, "comptes/compte.html", _account_context(request, TokenForm()))


@require_POST
@login_required
@never_cache
@sensitive_variables("token")
def create_token(request: SignedInRequest) -> HttpResponse:
    """Create a token and show it in this answer, the only place where it ever appears.

    A token decides without a second factor: to create one, it must have been shown.
    """
    check_second_factor(request.user)
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            token = tokens.create_token(user=request.user, name=form.cleaned_data["name"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return render(request, "comptes/jeton.html", {"token": token, "name": form.cleaned_data["name"]})
    return render(request, "comptes/compte.html", _account_context(request, form), status=422)


@require_POST
@login_required
def revoke_token(request: SignedInRequest, digest: str) -> HttpResponse:
    """Revoke one of my tokens; somebody else's does not exist for me."""
    if not tokens.revoke_token(user=request.user, digest=digest):
        raise Http404(_("Ce jeton n'existe pas ou plus."))
    return redirect("compte")


def _account_context(request: SignedInRequest, form: TokenForm) -> dict[str, Any]:
    mandates = Membership.objects.filter(user=request.user)
    return {
        "mandates": mandates.with_places("delegated_by__user").order_by("-starts"),
        "tokens": ApiToken.objects.filter(user=request.user).order_by("created"),
        "form": form,
        "proconnect": bool(settings.PROCONNECT_ISSUER),
        "proconnect_linked": SocialAccount.objects.filter(user=request.user).exists(),
        "may_enter": communes_for(request.user, Gesture.ENTER_FOR_OTHERS).exists(),
        "may_lend": own_mandates(request.user).exists(),
        "may_grant_roles": grants_roles(request.user),
        "to_confirm": to_confirm(request.user),
    }
