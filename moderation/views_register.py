"""The register's doors for people: its page, its feed; and where officials take a reason out of it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import conditional_page, require_http_methods, require_safe

from comptes import permissions
from comptes.authentication import signed_in
from comptes.roles import Gesture
from couches.models import Couche
from moderation import atom
from moderation.forms_register import RedactionForm, SubscriptionForm
from moderation.redaction import redact
from moderation.refusals import NotVisible
from moderation.register import (
    Page,
    Wanted,
    commune_here,
    first_year,
    log_of,
    read_page,
    read_wanted,
)
from moderation.register_figures import figures_of
from territoires.models import Commune

# A proxy may answer for us that long: a reason taken out disappears within the minute.
KEPT_S = 60
FEED_PAGE = 50


@require_safe
@conditional_page
def register(request: HttpRequest, code: str) -> HttpResponse:
    """Show what was decided in a commune, latest first; the same page for everybody."""
    here = found_or_404(code)
    if here.pk != code:
        return redirect("register", code=here.pk, permanent=True)
    response = register_page(request, here)
    if response.status_code == 200:
        patch_cache_control(response, public=True, max_age=KEPT_S)
    return response


@require_safe
@conditional_page
def feed(request: HttpRequest, code: str) -> HttpResponse:
    """Give the same as Atom, fifty decisions at a time."""
    here = found_or_404(code)
    if here.pk != code:
        return redirect("register-atom", code=here.pk, permanent=True)
    try:
        wanted = read_wanted(request.GET.dict())
    except ValidationError as error:
        return HttpResponse(" ".join(error.messages), status=422, content_type="text/plain; charset=utf-8")
    page = read_page(here, wanted, limit=FEED_PAGE)
    response = HttpResponse(atom.feed(here, wanted, page), content_type=atom.CONTENT_TYPE)
    response["Last-Modified"] = http_date(atom.updated(page).timestamp())
    patch_cache_control(response, public=True, max_age=KEPT_S)
    return response


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def redactions(request: HttpRequest, code: str) -> HttpResponse:
    """Show officials the register of a commune of theirs, with how to take a reason out of each line."""
    here, user = found_or_404(code), signed_in(request)
    if not permissions.communes_for(user, Gesture.SEE_QUEUE).filter(pk=here.pk).exists():
        raise Http404
    permissions.check(user, Gesture.DECIDE, here)
    form = RedactionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            redact(by=user, here=here, **form.cleaned_data)
        except NotVisible as refusal:
            raise Http404 from refusal
        messages.success(request, _("Le motif est retiré du registre public. La décision, elle, y reste."))
        return redirect("moderation-register", code=here.pk)
    return _redactions(request, here, form)


def found_or_404(code: str) -> Commune:
    """Return the commune whose register is asked for. Raises Http404."""
    here = commune_here(code)
    if here is None:
        raise Http404(_("Aucune commune ne porte ce code."))
    return here


def register_page(
    request: HttpRequest,
    here: Commune,
    *,
    form: SubscriptionForm | None = None,
    asked: str = "",
    status: int = 200,
) -> HttpResponse:
    """Return the page, with the subscription form as typed or the sentence that answers it."""
    couches = list(Couche.objects.all())
    wanted, page, errors = _asked_for(request, here)
    query = {"couche": wanted.couche.slug if wanted.couche else "", "annee": wanted.year or ""}
    kept = urlencode({name: value for name, value in query.items() if value})
    context: dict[str, Any] = {
        "commune": here,
        "couches": couches,
        "wanted": wanted,
        "years": range(timezone.localdate().year, first_year(here) - 1, -1),
        "lines": page.lines,
        "next": "&".join(filter(None, [kept, f"avant={page.next}"])) if page.next else "",
        "kept": kept,
        "figures": figures_of(here),
        "log": log_of(here),
        "errors": errors,
        "form": form or SubscriptionForm(couches=couches),
        "asked": asked,
        # No message of a signed-in official may enter a page that caches keep for everybody.
        "messages": (),
    }
    return render(request, "registre/registre.html", context, status=422 if errors else status)


def _asked_for(request: HttpRequest, here: Commune) -> tuple[Wanted, Page, list[str]]:
    """Return what the address asks and its lines; nothing but the errors when it cannot be read."""
    try:
        wanted = read_wanted(request.GET.dict())
    except ValidationError as error:
        return Wanted(), Page([], None), error.messages
    return wanted, read_page(here, wanted), []


def _redactions(request: HttpRequest, here: Commune, form: RedactionForm) -> HttpResponse:
    wanted, page, errors = _asked_for(request, here)
    context = {
        "commune": here,
        "lines": page.lines,
        "next": f"avant={page.next}" if page.next else "",
        "first_page": wanted.before is None,
        "errors": errors,
        "form": form,
    }
    refused = errors or form.is_bound
    return render(request, "registre/retirer.html", context, status=422 if refused else 200)
