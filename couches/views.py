"""The catalogue and the page of a couche, for those who download."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from couches.dictionary import entries
from couches.models import Couche
from couches.views_map import map_context

# The page of versions has them all.
LATEST_VERSIONS = 5

LICENCES = {
    "etalab-2.0": (
        _("Licence Ouverte 2.0"),
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
    )
}


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """List the couches with their version in force."""
    return render(request, "couches/catalogue.html", {"couches": Couche.objects.with_latest()})


@require_safe
def couche(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a couche: download, versions, dictionary of fields, licence."""
    shown = get_object_or_404(Couche.objects.with_latest(), slug=slug)
    label, address = LICENCES.get(shown.licence, (shown.licence, ""))
    context = {
        "couche": shown,
        "latest": shown.latest(),
        "versions": shown.versions.order_by("-number")[:LATEST_VERSIONS],
        "entries": list(entries(shown)),
        "licence": label,
        "licence_address": address,
        **map_context(request, shown, shown.latest()),
    }
    return render(request, "couches/couche.html", context)
