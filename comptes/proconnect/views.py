"""Doors of ProConnect: leaving for it, coming back, claiming one's commune, signing out of both."""

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account import views as allauth_views
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from comptes.proconnect import session
from comptes.proconnect.adapter import refused
from comptes.proconnect.communes import Outcome, claim, commune_of, is_held
from comptes.proconnect.provider import PROVIDER_ID, ProConnectClientAdapter
from comptes.proconnect.refusals import Refused

View = Callable[..., HttpResponse]


def if_on(view: View) -> View:
    """Let the address exist only where the operator has set ProConnect up."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.PROCONNECT_ISSUER:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@if_on
@never_cache
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Lead to ProConnect: to sign in, or (`process=connect`) to link the account of who is signed in."""
    if (limited := ratelimit.consume_or_429(request, action="login")) is not None:
        return limited
    wanted = request.POST.get("next", "")
    inside = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    linking = request.user.is_authenticated and request.POST.get("process") == AuthProcess.CONNECT
    provider = get_adapter(request).get_provider(request, PROVIDER_ID)
    try:
        away = provider.redirect(
            request,
            AuthProcess.CONNECT if linking else AuthProcess.LOGIN,
            next_url=wanted if inside else None,
        )
    except Refused as refusal:
        return refused(request, refusal)
    return _elsewhere(request, away["Location"], signing_out=False)


class _Return(OAuth2CallbackView):
    """allauth's, told which nonce this browser left with."""

    adapter: ProConnectClientAdapter

    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[Any, Any]:
        state, response = super()._get_state(request, provider)
        self.adapter.nonce = (state or {}).get("nonce", "")
        return state, response


@if_on
@never_cache
@require_GET
def come_back(request: HttpRequest) -> HttpResponse:
    """Verify what ProConnect answers; open the session, or say why not."""
    view = _Return.adapter_view(ProConnectClientAdapter(request))
    try:
        return view(request)
    except ImmediateHttpResponse as answer:
        return answer.response
    except Refused as refusal:
        return refused(request, refusal)


@if_on
@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def commune(request: HttpRequest) -> HttpResponse:
    """Show the commune of one's SIRET; claim it if nobody holds it, else ask those who do."""
    kept = session.read(request)
    linked = kept and SocialAccount.objects.filter(user_id=request.user.pk, uid=kept.uid).exists()
    found = commune_of(kept.siret) if kept and linked else None
    if kept is None or found is None:
        return render(request, "comptes/proconnect_commune.html", {"by_proconnect": linked}, status=403)
    if request.method != "POST":
        return render(
            request, "comptes/proconnect_commune.html", {"commune": found, "is_held": is_held(found)}
        )
    outcome = claim(by=request.user, siret=kept.siret)  # type: ignore[arg-type]  # login_required
    if outcome is Outcome.HELD_BY_YOU:
        return redirect("moderation-queue")
    return render(
        request,
        "comptes/proconnect_commune.html",
        {"commune": found, "granted": outcome is Outcome.GRANTED, "asked": outcome is Outcome.ASKED},
    )


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Close the session here, then lead to the end of ProConnect's (RP-Initiated Logout 1.0).

    A link or an image must not sign anybody out: POST only.
    """
    kept = session.read(request) if request.user.is_authenticated else None
    answer: HttpResponse = allauth_views.logout(request)
    if kept is None or not kept.end_session:
        return answer
    query = {
        "id_token_hint": kept.id_token,
        "state": signing.dumps("deconnexion", salt="comptes.proconnect", compress=False),
        "post_logout_redirect_uri": settings.PUBLIC_URL + reverse("proconnect-deconnecte"),
    }
    return _elsewhere(request, f"{kept.end_session}?{urlencode(query)}", signing_out=True)


@if_on
@never_cache
@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    """Come back from ProConnect's sign-out; whatever the address says, there is nothing left to do."""
    return redirect(settings.LOGOUT_REDIRECT_URL)


def _elsewhere(request: HttpRequest, address: str, *, signing_out: bool) -> HttpResponse:
    """Return a page that leaves at once.

    Not a redirection: browsers apply `form-action 'self'` to where an answer to a form leads, and
    ProConnect leads on to servers that no policy could list.
    """
    context = {"address": address, "signing_out": signing_out}
    return render(request, "comptes/proconnect_depart.html", context)
