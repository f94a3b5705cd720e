"""The catalogue and the page of a couche, for those who download."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from couches.dictionary import entries
from couches.models import Couche
from couches.views_map import map_context
from territoires.models import Departement, Region

VERSIONS_PER_PAGE = 25

# What /exports/ makes, in the order an analyst would want it.
FORMATS = [
    ("gpkg", _("GeoPackage (QGIS et bases de l'État)")),
    ("geojson", _("GeoJSON (toujours en WGS 84)")),
    ("shp", _("Shapefile (zip, avec dictionnaire des champs)")),
    ("csv", _("CSV (tableur)")),
    ("fgb", _("FlatGeobuf")),
    ("kml", _("KML (toujours en WGS 84)")),
]
PROJECTIONS = [
    ("", _("Celle du format : légale, ou WGS 84 pour GeoJSON et KML")),
    ("legal", _("Projection légale de chaque territoire")),
    ("4326", _("WGS 84, longitude et latitude (4326)")),
    ("2154", _("Métropole et Corse : Lambert-93 (2154)")),
    ("5490", _("Guadeloupe, Martinique, Saint-Martin, Saint-Barthélemy : RGAF09 (5490)")),
    ("2972", _("Guyane : RGFG95 (2972)")),
    ("2975", _("La Réunion : RGR92 (2975)")),
    ("4471", _("Mayotte : RGM04 (4471)")),
    ("4467", _("Saint-Pierre-et-Miquelon : RGSPM06 (4467)")),
    ("3163", _("Nouvelle-Calédonie : RGNC91-93 (3163)")),
    ("3297", _("Polynésie française : RGPF (3297)")),
    ("8903", _("Wallis-et-Futuna : RGWF96 (8903)")),
]
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
    versions = Paginator(shown.versions.order_by("-number"), VERSIONS_PER_PAGE)
    label, address = LICENCES.get(shown.licence, (shown.licence, ""))
    context = {
        "couche": shown,
        "latest": shown.latest(),
        "versions": versions.get_page(request.GET.get("page")),
        "entries": list(entries(shown)),
        "formats": FORMATS,
        "projections": PROJECTIONS,
        "regions": Region.objects.all(),
        "departements": Departement.objects.all(),
        "licence": label,
        "licence_address": address,
        **map_context(request, shown, shown.latest()),
    }
    return render(request, "couches/couche.html", context)
