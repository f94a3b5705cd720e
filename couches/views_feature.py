"""The page of a published object: what it says today, its history, its address to cite."""

from typing import Any
from urllib.parse import urlencode

import segno
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from couches.history import events, place, rows_of
from couches.models import Couche, CoucheVersion, Feature, FeatureVersion
from couches.schemas import describe, title_of

# The sequence that numbers features is a bigint.
MAX_NUMBER = 2**63 - 1


@require_safe
def feature(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show an object of the version in force; of a withdrawn one, its identity and since when."""
    couche = get_object_or_404(Couche, slug=slug)
    found = None
    if number <= MAX_NUMBER:
        found = Feature.objects.filter(couche=couche, number=number).first()
    rows = rows_of(found) if found else []
    if found is None or not rows:
        raise Http404(_("Aucun objet de cette couche ne porte ce numéro."))
    current = rows[-1] if rows[-1].to_version is None else None
    happened = events(couche, rows, told=current is not None and not couche.sensitive)
    address = settings.PUBLIC_URL + reverse("feature", args=[slug, number])
    context = {
        "couche": couche,
        "objet": found,
        "titre": _title(couche, found, current),
        "etat": current,
        "evenements": happened,
        "retire": happened[0] if current is None else None,
        "depuis_version": CoucheVersion.objects.filter(couche=couche, number=rows[-1].from_version).first(),
        "adresse": address,
        "qr": segno.make(address, error="m", micro=False).svg_data_uri(
            border=2, svgclass=None, lineclass=None, dark="#1c2321", light="#fff"
        ),
        **(_shown(couche, found, current) if current else {}),
    }
    return render(request, "couches/objet.html", context)


def _title(couche: Couche, found: Feature, current: FeatureVersion | None) -> str:
    if current is None:
        return _("Objet n° %(number)d, retiré") % {"number": found.number}
    return title_of(couche, current.attributes)


def _shown(couche: Couche, found: Feature, current: FeatureVersion) -> dict[str, Any]:
    """Return what is told of an object in force; of a sensitive couche, its commune and not its place."""
    asked = {"commune": current.commune_id, "couche": couche.slug, "feature": str(found.pk)}
    shown: dict[str, Any] = {
        "reponses": describe(couche, current.attributes),
        "signaler": f"/signaler/?{urlencode(asked)}",
    }
    if couche.sensitive:
        return shown
    return shown | {
        "lieu": place(current.geom),
        "ogc": f"/ogc/collections/{couche.slug}/items/{found.pk}",
        "carte_points": _collection(current, title_of(couche, current.attributes)),
    }


def _collection(current: FeatureVersion, title: str) -> dict[str, Any]:
    geometry = {"type": "Point", "coordinates": [current.geom.x, current.geom.y]}
    feature = {"type": "Feature", "geometry": geometry, "properties": {"titre": title}}
    return {"type": "FeatureCollection", "features": [feature]}
