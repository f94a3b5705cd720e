"""The report's pages, without cookie nor script: what, where, details, check, receipt.

GET shows where to begin, the same for everybody; each POST carries the whole draft in its
hidden fields, so that going back, failing or clicking twice loses and doubles nothing.
"""

import uuid
from collections.abc import Callable
from typing import Any

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods

from contributions import steps
from contributions.forms import PlaceForm
from contributions.origin import check_origin
from contributions.pauses import live_in
from contributions.places import known_place, known_places
from contributions.views_offline import OUTSIDE
from contributions.worker import shell_context
from couches.models import Couche
from territoires.scope import commune_of_code
from territoires.search import find_communes

# A photo of 12 MB, its form around it.
MAX_BODY = 13 * 1024 * 1024
KEPT_S = 60

STEPS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "ou": steps.where,
    "lieu": steps.place,
    "objet": steps.feature,
    "precisez": steps.details,
    "verifier": steps.verify,
    "envoi": steps.send,
    "photo": steps.photo,
}


@csrf_exempt  # no cookie, hence no token: `check_origin` looks at where the form was
@require_http_methods(["GET", "HEAD", "POST"])
@csp_update(OUTSIDE)
def report(request: HttpRequest) -> HttpResponse:
    """Show where to begin (GET), or take one step (POST, field `etape`)."""
    return _step(request) if request.method == "POST" else _shell(request)


@gzip_page  # nothing secret or typed shows in it
def _shell(request: HttpRequest) -> HttpResponse:
    """Show the page that scripts take over where they run, and that works without them."""
    response = _begin(request)
    patch_cache_control(response, public=True, max_age=KEPT_S)
    return response


@never_cache
def _step(request: HttpRequest) -> HttpResponse:
    check_origin(request)
    # Before anything reads the body: a file beyond the limit would go to the disk.
    if int(request.headers.get("Content-Length") or 0) > MAX_BODY:
        text = _("Cet envoi est trop lourd : choisissez une photo de 12 Mo au plus.")
        return render(request, "contributions/refus.html", {"refus": text}, status=413)
    step = STEPS.get(request.POST.get("etape", ""))
    return step(request) if step else _begin(request, status=400)


def _begin(request: HttpRequest, status: int = 200) -> HttpResponse:
    """Follow `?couche=&commune=&feature=&q=`: each one spares a step."""
    chosen = _feature(request.GET.get("feature", ""))
    if chosen:
        return render(request, "contributions/objet.html", {"objet": chosen, "messages": ()})
    couche = Couche.objects.filter(slug=_plain(request.GET.get("couche", ""))).first()
    commune = commune_of_code(_plain(request.GET.get("commune", "")))
    if couche is None:
        return render(
            request,
            "contributions/quoi.html",
            {**shell_context(), "commune": commune, "pauses": live_in(commune) if commune else []},
            status=status,
        )
    query = _plain(request.GET.get("q", ""))
    found = find_communes(query) if query else []
    if len(found) == 1 and commune is None:
        commune = found[0]
    context: dict[str, Any] = {
        "couche": couche,
        "commune": commune,
        "pauses": live_in(commune) if commune else [],
        "q": query,
        "communes": found,
        "lieux": known_places(commune, couche) if commune else [],
        "mairie": commune.chef_lieu if commune else None,
        "lieu": PlaceForm(),
    }
    return render(request, "contributions/ou.html", {**shell_context(), **context}, status=status)


def _feature(text: str) -> object | None:
    try:
        return known_place(uuid.UUID(text))
    except ValueError:
        return None


def _plain(text: str) -> str:
    return text.replace("\x00", "").strip()[:80]
