"""The map and the list of a couche: what the page shows first, and what the map asks for as it moves."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from couches import places
from couches.doors import LATEST, REVALIDATED, bytes_answer, find_version, public_door, same_bytes, sealed
from couches.filters import Filters, Question, key_of, questions, read_filters
from couches.mercator import MAX_LATITUDE, Box
from couches.models import Couche, CoucheVersion
from couches.text import printable
from territoires.models import Commune, Departement, Region
from territoires.search import find_communes

# A higher recipe is another ETag.
RECIPE = 1
MAX_ZOOM = 19
LONGEST_NAME = 100
# A question with more answers than this makes the form longer than the page.
MAX_CHOICES = 30
# Parameters of the page that filter nothing: a page of versions, of the list, a commune by its name.
PAGE_WORDS = frozenset({"page", "avant", "lieu"})
# Metropolitan France, when the couche spans oceans: a world map would show nothing.
FRANCE: Box = (-5.2, 41.3, 9.6, 51.1)
_WIDE = 60.0
_ROW = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Asked:
    """What the address of the page asks: filters, or why they cannot be read, or communes to choose from."""

    filters: Filters
    errors: list[str]
    communes: list[Commune]
    typed: str


@public_door
def points(request: HttpRequest, slug: str) -> HttpResponse:
    """`/couches/{slug}/points.json?bbox=&zoom=&…`: the objects of a view, or counts when they are many.

    A GeoJSON FeatureCollection (WGS 84) of the version in force with `version`, `total`,
    `exact`, `mode` ("objets" or "agregats") and, in the second case, `cells`
    ([lon, lat, count]) and the first objects only.
    """
    version = find_version(slug, LATEST)
    filters = read_filters(version.couche, request.GET.dict(), also=frozenset({"bbox", "zoom"}))
    box, zoom = _box(request.GET.get("bbox", "")), _zoom(request.GET.get("zoom", ""))
    etag = sealed("points", RECIPE, slug, version.number, version.sha256, box, zoom, filters.urlencode())
    if held := same_bytes(request, etag, REVALIDATED):
        return held
    seen = places.view(version, filters, box, zoom)
    head = {
        "type": "FeatureCollection",
        "version": version.number,
        "total": seen.total,
        "exact": seen.exact,
        "mode": "objets" if seen.cells is None else "agregats",
        "cells": [[cell.lon, cell.lat, cell.count] for cell in seen.cells or []],
    }
    # The features are text already: read again, they would cost more than they did.
    body = f'{json.dumps(head)[:-1]}, "features": {seen.features}}}'.encode()
    return bytes_answer(request, body, etag=etag, cache=REVALIDATED, media_type="application/geo+json")


def map_context(request: HttpRequest, couche: Couche, version: CoucheVersion | None) -> dict[str, Any]:
    """Return what `couches/carte.html` needs: filters, first page of the list, frame of the map."""
    if version is None:
        return {}
    version.couche = couche
    asked = read_page(request, couche)
    before = request.GET.get("avant", "")
    try:
        page = places.listed(version, asked.filters, int(before) if _ROW.fullmatch(before) else None)
        total, more = places.count(version, asked.filters)
        frame = _frame(version, asked.filters)
    except OperationalError:
        # Five seconds were not enough: the rest of the page, downloads first, needs none of this.
        page, total, more, frame = places.Page([], None), 0, False, FRANCE
        asked.errors.append(_("Ces filtres demandent trop de lecture : choisissez un territoire plus petit."))
    return {
        "filtres": asked.filters,
        "filtres_erreurs": asked.errors,
        "communes_trouvees": asked.communes,
        "lieu": asked.typed,
        "questions": _shown_questions(couche, asked.filters),
        "liste": page.objects,
        "liste_suite": page.following,
        "liste_debut": not _ROW.fullmatch(before),
        "liste_total": total,
        "liste_plus": more,
        "requete": asked.filters.urlencode(),
        "cadre": ",".join(str(edge) for edge in frame),
        "sensible": couche.sensitive,
        "couleur": couche.style.get("color", ""),
        "territoires_departements": Departement.objects.order_by("code"),
        "territoires_regions": Region.objects.order_by("nom"),
    }


def read_page(request: HttpRequest, couche: Couche) -> Asked:
    """Read the filters of the page's address; what cannot be read is said, and filters nothing."""
    query = request.GET.dict()
    typed = query.get("lieu", "").replace("\x00", "").strip()[:LONGEST_NAME]
    communes = find_communes(typed) if typed else []
    errors = []
    if len(communes) == 1 or (communes and _only_name(communes, typed)):
        query["territoire"] = key_of(communes[0])
        communes, typed = [], ""
    elif typed and not communes:
        errors.append(_("Aucune commune ne s'appelle « %(name)s ».") % {"name": printable(typed)})
    try:
        return Asked(read_filters(couche, query, also=PAGE_WORDS), errors, communes, typed)
    except ValidationError as error:
        return Asked(Filters(), [*errors, *error.messages], communes, typed)


def _only_name(communes: list[Commune], typed: str) -> bool:
    """Tell whether one commune alone bears exactly the name that was typed."""
    exact = [commune for commune in communes if commune.nom.casefold() == typed.casefold()]
    return len(exact) == 1 and exact[0] == communes[0]


def _shown_questions(couche: Couche, filters: Filters) -> list[dict[str, Any]]:
    """Return the questions of the form, the one that tells objects apart first and in sight."""
    first = couche.style.get("category")
    kept = [one for one in questions(couche) if _is_short(one) and not one.by_town_hall]
    kept += [one for one in questions(couche) if one.name in filters.answers and one not in kept]
    return [
        {"question": one, "chosen": filters.answers.get(one.name, ""), "first": one.name == first}
        for one in sorted(kept, key=lambda one: one.name != first)
    ]


def _is_short(question: Question) -> bool:
    return len(question.choices) <= MAX_CHOICES


def _frame(version: CoucheVersion, filters: Filters) -> Box:
    """Return what the map shows first."""
    box = places.frame(version, filters)
    return FRANCE if box is None or box[2] - box[0] > _WIDE else box


def _box(text: str) -> Box:
    """Read `west,south,east,north` in degrees. A map that went round the world is brought back."""
    message = _("Écrivez bbox=ouest,sud,est,nord en degrés, par exemple 2.3,44.8,2.6,45.")
    try:
        west, south, east, north = (float(part) for part in text[:200].split(","))
    except ValueError as error:
        raise ValidationError({"bbox": [message]}) from error
    if not all(math.isfinite(edge) for edge in (west, south, east, north)) or west >= east or south >= north:
        raise ValidationError({"bbox": [message]})
    kept = max(west, -180.0), max(south, -MAX_LATITUDE), min(east, 180.0), min(north, MAX_LATITUDE)
    if kept[0] >= kept[2] or kept[1] >= kept[3]:
        raise ValidationError({"bbox": [message]})
    return kept


def _zoom(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", text) or int(text) > MAX_ZOOM:
        raise ValidationError({"zoom": [_("Écrivez un zoom entier, de 0 à 19.")]})
    return int(text)
