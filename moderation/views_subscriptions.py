"""The register by e-mail: asking, confirming, ending. No account, no cookie; a GET changes nothing.

Mail scanners open every link of a letter: a page asks, its button acts.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from comptes.client_ip import client_ip
from contributions import limits
from contributions.origin import check_origin
from couches.models import Couche
from moderation.forms_register import SubscriptionForm
from moderation.subscriptions import LinkDead, confirm, end, find_asked, find_confirmed, subscribe
from moderation.views_register import found_or_404, register_page


@csrf_exempt  # no cookie, hence no token: `check_origin` looks at where the form was
@never_cache
@require_POST
def ask(request: HttpRequest, code: str) -> HttpResponse:
    """Take an address; the page answers the same whether it is known or not."""
    check_origin(request)
    here = found_or_404(code)
    form = SubscriptionForm(request.POST, couches=list(Couche.objects.all()))
    if not form.is_valid():
        return register_page(request, here, form=form, status=422)
    try:
        limits.take([limits.of_address("recover", client_ip(request))])
    except limits.NotYet as error:
        form.add_error(None, str(error))
        page = register_page(request, here, form=form, status=429)
        page["Retry-After"] = str(error.wait)
        return page
    return register_page(request, here, asked=subscribe(commune=here, **form.cleaned_data))


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirmation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what would be sent (GET); begin to send it (POST)."""
    try:
        if request.method != "POST":
            return _page(request, "confirmer", abonnement=find_asked(token))
        check_origin(request)
        return _page(request, "confirme", abonnement=confirm(token=token))
    except LinkDead:
        return _page(request, "perime", status=404)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ending(request: HttpRequest, token: str) -> HttpResponse:
    """Show what would end (GET); end it (POST), from our page or from the mail program's own button."""
    try:
        if request.method != "POST":
            found = find_confirmed(token)
            return _page(request, "finir" if found else "fini", abonnement=found)
        check_origin(request)
        end(token=token)
        return _page(request, "fini")
    except LinkDead:
        return _page(request, "perime", status=404)


def _page(request: HttpRequest, step: str, *, status: int = 200, **context: object) -> HttpResponse:
    # The address of these pages holds a secret, and nobody signed in is concerned.
    return render(
        request, "registre/abonnement.html", {"etape": step, "messages": (), **context}, status=status
    )
