"""Find a commune, then see what is published there and who answers."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from comptes.mandates import answering
from config.pages import outline, published
from contributions.pauses import live_in
from couches.models import Couche, FeatureVersion
from moderation.delays import late_in
from territoires.location import locate
from territoires.models import CODE_INSEE_PATTERN, Commune
from territoires.points import point_from_text
from territoires.scope import commune_of_code
from territoires.search import find_communes

PER_PAGE = 20
LONGEST_QUERY = 100


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """`?q=` a name, a postcode or a code; `?lon=&lat=` a place; neither, the empty form."""
    if "lon" in request.GET and "lat" in request.GET:
        return _search_by_place(request)
    query = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
    found = list(find_communes(query)) if query else []
    if len(found) == 1:
        return redirect("commune", code=found[0].pk)
    return render(request, "pages/communes.html", {"q": query, "communes": found})


def _search_by_place(request: HttpRequest) -> HttpResponse:
    try:
        place = locate(point_from_text(request.GET["lon"], request.GET["lat"]))
    except ValidationError as error:
        context = {"q": "", "communes": [], "refus": error.messages}
        return render(request, "pages/communes.html", context, status=422)
    return redirect("commune", code=place.commune.pk)


@require_safe
def commune(request: HttpRequest, code: str) -> HttpResponse:
    """Outline, counts, and the published features of one couche, twenty at a time."""
    here = commune_of_code(code) if re.fullmatch(CODE_INSEE_PATTERN, code) else None
    if here is None:
        raise Http404(_("Aucune commune ne porte ce code."))
    if here.pk != code:
        return redirect("commune", code=here.pk, permanent=True)
    couches = _couches_of(here)
    chosen = _chosen(couches, request.GET.get("couche"))
    page = _page(here, chosen, request.GET.get("page"))
    listed = published.of_page(page) if page is not None else []
    level, delegated = answering(here)
    context = {
        "commune": here,
        "couches": couches,
        "couche": chosen,
        "page_obj": page,
        "objets": listed,
        "dessin": outline.draw(here, [item.point for item in listed]),
        "repond": level,
        "remplacement": delegated,
        "pauses": live_in(here),
        "en_retard": late_in(here),
    }
    return render(request, "pages/commune.html", context)


def _couches_of(here: Commune) -> list[dict[str, Any]]:
    counts = dict(
        FeatureVersion.objects.current()
        .filter(commune=here)
        .values_list("couche")
        .annotate(Count("pk"))
        .order_by()
    )
    # "Réseau mobile : zones blanches" is "Réseau mobile" on a tab.
    return [
        {"couche": couche, "label": couche.title.partition(" : ")[0], "count": counts.get(couche.pk, 0)}
        for couche in Couche.objects.all()
    ]


def _chosen(couches: list[dict[str, Any]], slug: str | None) -> Couche | None:
    by_slug = {entry["couche"].slug: entry["couche"] for entry in couches}
    if slug is not None and slug not in by_slug:
        raise Http404(_("Cette couche n'existe pas."))
    if slug is not None:
        return by_slug[slug]
    # Without a choice, the first couche that has something to show.
    filled = [entry["couche"] for entry in couches if entry["count"]]
    return next(iter([*filled, *by_slug.values()]), None)


def _page(here: Commune, couche: Couche | None, number: str | None) -> Page[FeatureVersion] | None:
    if couche is None:
        return None
    return Paginator(published.rows_of_commune(here, couche), PER_PAGE).get_page(number)
