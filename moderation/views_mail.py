"""How often one is written to: the choice of each mandate, and the link that stops it without signing in."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from moderation.awaited import mandates_with_digest, nearest_first
from moderation.digests import UnknownStop, choose_rhythms, stop_digests, user_of_stop
from moderation.forms_mail import RhythmsForm


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Choose when the digest of each mandate leaves."""
    user = request.user
    assert not isinstance(user, AnonymousUser)  # noqa: S101  # login_required came first
    mandates = nearest_first(mandates_with_digest(user))
    form = RhythmsForm(request.POST if request.method == "POST" else None, mandates=mandates)
    if request.method == "POST" and form.is_valid():
        choose_rhythms(by=user, rhythms=form.rhythms())
        messages.success(request, _("C'est noté."))
        return redirect("moderation-mail")
    context = {"form": form, "mandates": mandates, "email": user.email}
    return render(request, "moderation/courriels.html", context, status=422 if form.errors else 200)


@csrf_exempt  # RFC 8058: the mail service sends it, without cookie and from elsewhere; it only stops a letter
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for confirmation; stop the digest. Mail scanners send GET, which changes nothing."""
    try:
        user = user_of_stop(token)
    except UnknownStop:
        return render(request, "moderation/desabonnement.html", {"unknown": True}, status=404)
    if request.method == "POST":
        stop_digests(by=user)
    return render(request, "moderation/desabonnement.html", {"done": request.method == "POST"})
