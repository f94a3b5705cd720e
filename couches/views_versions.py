"""The versions of a couche: all of them, one that can be cited, what differs between two."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from couches.deltas import delta_counts
from couches.differences import CHANGES, Difference, differences
from couches.models import Couche, CoucheVersion
from couches.views import LICENCES
from territoires.models import Departement, Region
from territoires.scope import parse_territory

PER_PAGE = 25
# Keys of rows are 64-bit: what is longer is not one of ours.
_MAX_DIGITS = 18


@require_safe
def versions(request: HttpRequest, slug: str) -> HttpResponse:
    """List every version, the latest first."""
    couche = get_object_or_404(Couche, slug=slug)
    return _list(request, couche)


@require_safe
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Lead the form that chooses two versions to their differences; say what to correct."""
    couche = get_object_or_404(Couche, slug=slug)
    known = set(couche.versions.values_list("number", flat=True).filter(number__in=_chosen(request)))
    if len(known) < 2:
        error = _("Choisissez deux versions différentes parmi celles de la liste.")
        return _list(request, couche, error=error)
    return redirect("couche-differences", slug=slug, number=max(known), since=min(known))


@require_safe
def version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show one version at its permanent address: how to cite it, how to check it, its files."""
    shown = _version(slug, number)
    licence, licence_address = LICENCES.get(shown.couche.licence, (shown.couche.licence, ""))
    latest = shown.couche.latest()
    context = {
        "couche": shown.couche,
        "version": shown,
        "latest": latest,
        "previous": number - 1 or None,
        "following": number + 1 if latest and number < latest.number else None,
        "address": settings.PUBLIC_URL + reverse("couche-version", args=[slug, number]),
        "exports": f"{settings.PUBLIC_URL}/exports/{slug}/{number}/",
        "licence": licence,
        "licence_address": licence_address,
    }
    return render(request, "couches/version.html", context)


@require_safe
def difference(request: HttpRequest, slug: str, number: int, since: int) -> HttpResponse:
    """Show what changed after version `since`, up to `number`: a table by pages, and its map."""
    until = _version(slug, number)
    start = _version(slug, since)
    if since >= number:
        raise Http404(_("La version de départ doit précéder celle d'arrivée."))
    couche = until.couche
    asked = request.GET
    kind = asked.get("type", "") if asked.get("type") in CHANGES else ""
    territory, error = None, ""
    try:
        territory = parse_territory(asked.get("territoire", ""))
    except ValidationError as refusal:
        error = " ".join(refusal.messages)
    rows, beyond = differences(
        couche, since, number, kind=kind, territory=territory, beyond=_key(asked.get("apres", ""))
    )
    chosen = {"type": kind, "territoire": str(asked.get("territoire", "")) if territory else ""}
    kept = {name: value for name, value in chosen.items() if value}
    context = {
        "couche": couche,
        "until": until,
        "since": start,
        "rows": rows,
        "points": _points(rows),
        "counts": delta_counts(couche, since, number),
        "kind": kind,
        "territory": asked.get("territoire", ""),
        "place": territory,
        "error": error,
        "next": f"?{urlencode({**kept, 'apres': str(beyond)})}" if beyond else "",
        "first": f"?{urlencode(kept)}" if _key(asked.get("apres", "")) else "",
        "exports": f"/exports/{slug}/{number}/depuis/{since}/",
        "place_query": f"&{urlencode({'territoire': kept['territoire']})}" if "territoire" in kept else "",
        "regions": Region.objects.all(),
        "departements": Departement.objects.all(),
    }
    return render(request, "couches/differences.html", context, status=422 if error else 200)


def _list(request: HttpRequest, couche: Couche, *, error: str = "") -> HttpResponse:
    pages = Paginator(couche.versions.order_by("-number"), PER_PAGE)
    context = {
        "couche": couche,
        "versions": pages.get_page(request.GET.get("page")),
        "error": error,
        "chosen": {"de": request.GET.get("de", ""), "a": request.GET.get("a", "")},
        "newest": couche.latest(),
    }
    return render(request, "couches/versions_page.html", context, status=422 if error else 200)


def _version(slug: str, number: int) -> CoucheVersion:
    return get_object_or_404(CoucheVersion.objects.select_related("couche"), couche__slug=slug, number=number)


def _chosen(request: HttpRequest) -> list[int]:
    texts = [request.GET.get(name, "").strip() for name in ("de", "a")]
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) <= 9]


def _key(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else 0


def _points(rows: list[Difference]) -> dict[str, Any]:
    """Return what the map draws: what is published today on either side, never what is withdrawn."""
    return {
        "features": [
            {
                "geometry": {"coordinates": row.place},
                "properties": {
                    "titre": f"{row.title} (n° {row.number})",
                    "change": row.change,
                    "was": row.was,
                    "url": f"#objet-{row.number}",
                },
            }
            for row in rows
            if row.place
        ]
    }
