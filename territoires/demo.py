"""Loads the demo territory, the Bassin d'Aurillac, and says which outlines it used."""

import json
import tempfile
from pathlib import Path
from typing import TextIO

from django.conf import settings
from django.contrib.gis.geos import Point
from django.utils.translation import gettext as _

from territoires.cog import read_cog
from territoires.geoapi import GeoApiUnavailable, fetch_outlines
from territoires.models import Commune
from territoires.refusals import Refused
from territoires.sync import run

EPCI = "241500230"
FIXTURE = Path(settings.BASE_DIR) / "fixtures" / "bassin-aurillac.geojson"


def load_territory(*, boundaries: Path | None = None, stdout: TextIO | None = None) -> str:
    """Load the COG and outlines, from the best source at hand; return a sentence which names it.

    `boundaries` (REPERES_TERRITOIRES) comes first and is refused loudly when bad; then
    outlines already loaded; then geo.api.gouv.fr; then our approximate cells. Safe to
    run twice. Raises `territoires.refusals.Refused`.
    """
    if boundaries is not None:
        run(boundaries=boundaries, wet_run=True, stdout=stdout)
        sentence = _("Contours : ceux de votre fichier %(name)s.") % {"name": boundaries.name}
    elif _already_real():
        run(wet_run=True)
        sentence = _("Contours : ceux qui étaient déjà chargés.")
    else:
        sentence = _from_the_web_or_ours()
    _place_town_halls()
    return sentence


def _already_real() -> bool:
    communes = Commune.objects.current().filter(epci=EPCI)
    return communes.exists() and not communes.exclude(geom__isnull=False, approximate=False).exists()


def _from_the_web_or_ours() -> str:
    try:
        with tempfile.TemporaryDirectory(prefix="contours-") as folder:
            target = Path(folder) / "communes.geojson"
            fetch_outlines(siren=EPCI, expected=_expected(), target=target, base_url=settings.GEO_API_URL)
            run(boundaries=target, wet_run=True)
        return _("Contours : ceux de geo.api.gouv.fr (IGN, Licence Ouverte).")
    except (GeoApiUnavailable, Refused) as error:
        why = error.text if isinstance(error, Refused) else str(error)
        run(boundaries=FIXTURE, wet_run=True)
        return _(
            "Contours : cellules approximatives calculées par nos soins, faute de geo.api.gouv.fr (%(why)s). "
            "Pour de vrais contours, donnez un fichier : REPERES_TERRITOIRES=fichier ./reperes demo."
        ) % {"why": why}


def _expected() -> set[str]:
    cog = read_cog(settings.COG_PATH)
    return {code for code, epci in cog.epci_of.items() if epci == EPCI and code in cog.communes}


def _place_town_halls() -> None:
    """Give the 25 communes their town hall's point, where it lies inside the outline in use."""
    document = json.loads(FIXTURE.read_text(encoding="utf-8"))
    for properties in (feature["properties"] for feature in document["features"]):
        point = Point(properties["mairie_lon"], properties["mairie_lat"], srid=4326)
        Commune.objects.covering(point).filter(pk=properties["code"], chef_lieu=None).update(chef_lieu=point)
