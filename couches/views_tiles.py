"""`/tuiles/{slug}/{n}/…`: vector tiles of a version, and the TileJSON that describes them."""

import json
import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from couches import density, tiles
from couches.doors import (
    IMMUTABLE,
    LATEST,
    REVALIDATED,
    Refusal,
    bytes_answer,
    find_version,
    is_numbered,
    public_door,
    same_bytes,
    sealed,
)
from couches.filters import read_filters
from couches.models import CoucheVersion

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
WORLD = (-180.0, -85.05112, 180.0, 85.05112)
_RANK = re.compile(r"0|[1-9][0-9]{0,5}")


@public_door
def tile(request: HttpRequest, slug: str, number: str, z: str, x: str, y: str) -> HttpResponse:
    """One tile. An empty one is 200 with no byte: 204 and 404 make some readers retry or complain."""
    at = _rank(z, x, y)
    cache = REVALIDATED if number == LATEST else IMMUTABLE
    asked = sealed("tile", tiles.RECIPE, slug, number, *at, request.META.get("QUERY_STRING", ""))
    if number != LATEST and (held := same_bytes(request, asked, cache)):
        return held
    if is_numbered(slug, number) and not request.META.get("QUERY_STRING"):
        body = tiles.draw(slug, int(number), *at)
        if body is not None:
            return bytes_answer(request, body, etag=asked, cache=cache, media_type=MEDIA_TYPE)
    version = find_version(slug, number)
    filters = read_filters(version.couche, request.GET.dict())
    if at[0] < tiles.FIRST_OBJECTS and filters:
        detail = _("Les filtres valent à partir du zoom 10 : plus loin, la tuile compte tous les objets.")
        raise Refusal(422, "contenu-refuse", detail, {"z": [detail]})
    if number == LATEST:
        asked = sealed("tile", tiles.RECIPE, version.sha256, version.number, asked)
        if held := same_bytes(request, asked, cache):
            return held
    body = tiles.draw_filtered(version, *at, filters) if filters else tiles.draw(slug, version.number, *at)
    return bytes_answer(request, body or b"", etag=asked, cache=cache, media_type=MEDIA_TYPE)


@public_door
def tilejson(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """TileJSON 3.0.0 of a version: where the tiles are, which layers and fields they hold, its extent."""
    version = find_version(slug, number)
    read_filters(version.couche, request.GET.dict())
    body = json.dumps(_describe(version, number, request), ensure_ascii=False, indent=2).encode()
    cache = REVALIDATED if number == LATEST else "public, max-age=3600"
    return bytes_answer(
        request, body, etag=sealed("tilejson", body), cache=cache, media_type="application/json"
    )


def _rank(z: str, x: str, y: str) -> tuple[int, int, int]:
    if all(_RANK.fullmatch(text) for text in (z, x, y)):
        zoom, column, row = int(z), int(x), int(y)
        if zoom <= tiles.MAX_ZOOM and column < 2**zoom and row < 2**zoom:
            return zoom, column, row
    detail = _("Cette tuile n'existe pas : z va de 0 à %(max)d, x et y de 0 à 2^z - 1.")
    raise Refusal(404, "introuvable", detail % {"max": tiles.MAX_ZOOM})


def _describe(version: CoucheVersion, number: str, request: HttpRequest) -> dict[str, object]:
    couche = version.couche
    address = f"{settings.PUBLIC_URL}/tuiles/{couche.slug}/{number}/{{z}}/{{x}}/{{y}}.mvt"
    query = request.META.get("QUERY_STRING", "")
    minzoom = tiles.FIRST_OBJECTS if query else tiles.MIN_ZOOM
    west, south, east, north = density.extent(version) or WORLD
    return {
        "tilejson": "3.0.0",
        "name": couche.title,
        "description": couche.description,
        "version": f"{version.number}.0.0",
        "attribution": _(
            "Repères, contributions des habitants validées par les communes, Licence Ouverte 2.0"
        ),
        "scheme": "xyz",
        "tiles": [f"{address}?{query}" if query else address],
        "minzoom": minzoom,
        "maxzoom": _finest(version),
        "bounds": [west, south, east, north],
        "center": [round((west + east) / 2, 5), round((south + north) / 2, 5), 9],
        "vector_layers": _layers(version),
    }


def _finest(version: CoucheVersion) -> int:
    """Return the finest zoom where something is drawn."""
    return tiles.FIRST_OBJECTS - 1 if version.couche.sensitive else tiles.MAX_ZOOM


def _layers(version: CoucheVersion) -> list[dict[str, object]]:
    aggregates = {
        "id": tiles.AGGREGATES,
        "description": _("Nombre d'objets par maille : jamais les objets eux-mêmes."),
        "minzoom": tiles.MIN_ZOOM,
        "maxzoom": tiles.FIRST_OBJECTS - 1,
        "fields": {"count": _("Nombre d'objets de la maille")},
    }
    if version.couche.sensitive:
        return [aggregates]
    near = {"minzoom": tiles.FIRST_OBJECTS, "maxzoom": tiles.MAX_ZOOM}
    objects = {
        "id": tiles.OBJECTS,
        "description": _("Les objets ; l'identifiant de chaque entité est son numéro."),
        **near,
        "fields": {
            "title": _("Nom, ou nature"),
            "category": _("Nature (code)"),
            "commune": _("Commune"),
            "code_insee": _("Code INSEE de la commune"),
            "last_observed_on": _("Dernière observation, AAAA-MM-JJ"),
        },
    }
    notice = {
        "id": tiles.NOTICE,
        "description": _("Présente quand la tuile ne montre pas tous ses objets."),
        **near,
        "fields": {"truncated": _("Toujours vrai"), "shown": _("Nombre d'objets montrés")},
    }
    return [aggregates, objects, notice]
