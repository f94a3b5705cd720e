"""The download block of a couche's page: formats with their weights, projections, a territory by its name."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from couches.models import Couche, CoucheVersion
from exports.formats import FORMATS
from exports.weights import weights
from territoires.models import Departement, Epci, Region
from territoires.names import fold_typed
from territoires.search import MAX_TEXT, find_communes

register = template.Library()

# In the order an analyst would want them.
LABELS = {
    "gpkg": _("GeoPackage (QGIS et bases de l'État)"),
    "dossier": _("Dossier complet (styles, CSV, dictionnaire, licence)"),
    "geojson": _("GeoJSON (toujours en WGS 84)"),
    "shp": _("Shapefile (zip, avec dictionnaire des champs)"),
    "parquet": _("GeoParquet (analyse, gros volumes)"),
    "csv": _("CSV (tableur et programmes)"),
    "xlsx": _("Excel (avec dictionnaire)"),
    "ods": _("OpenDocument (avec dictionnaire)"),
    "fgb": _("FlatGeobuf"),
    "kml": _("KML (toujours en WGS 84)"),
}
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
MAX_PLACES = 10


@dataclass(frozen=True)
class Choice:
    """A format of the list: its weight in bytes, None when nothing is known, exact when it is built."""

    code: str
    label: Any
    size: int | None
    exact: bool

    def fits(self, rows: int) -> bool:
        """Whether the format can hold that many rows."""
        limit = FORMATS[self.code].limit
        return not limit or rows <= limit


@register.simple_tag
def export_formats() -> list[tuple[str, Any]]:
    """Return (code, label) of the formats, in the order an analyst would want them."""
    return list(LABELS.items())


@register.inclusion_tag("exports/telecharger.html", takes_context=True)
def download_block(context: template.Context, couche: Couche, latest: CoucheVersion) -> dict[str, Any]:
    """Show how to download the version `latest` of `couche`; `?lieu=` looks for a territory."""
    request: HttpRequest = context["request"]
    typed = request.GET.get("lieu", "")[:MAX_TEXT].replace("\x00", "").strip()
    known = weights(CoucheVersion.objects.select_related("couche").get(pk=latest.pk))
    choices = [Choice(code, label, *known[code]) for code, label in LABELS.items()]
    return {
        "couche": couche,
        "latest": latest,
        "request": request,
        "choices": choices,
        "whole": [(choice, choice.fits(latest.feature_count)) for choice in choices],
        "projections": PROJECTIONS,
        "regions": Region.objects.all(),
        "departements": Departement.objects.all(),
        "typed": typed,
        "places": places(typed) if typed else [],
    }


def places(typed: str) -> list[tuple[str, str]]:
    """Return (name in an address, label) of the communes and intercommunalités a text may mean."""
    communes = find_communes(typed, limit=MAX_PLACES)
    wanted = fold_typed(typed)
    named = [epci for epci in Epci.objects.only("siren", "nom") if wanted and wanted in fold_typed(epci.nom)][
        :MAX_PLACES
    ]
    around = {commune.epci_id for commune in communes if commune.epci_id} - {epci.siren for epci in named}
    epcis = [*named, *Epci.objects.filter(pk__in=around)][:MAX_PLACES]
    return [
        *((f"commune:{c.code_insee}", f"{c.nom} ({c.departement_id})") for c in communes),
        *((f"epci:{epci.siren}", epci.nom) for epci in epcis),
    ]
