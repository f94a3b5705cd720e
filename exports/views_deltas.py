"""The doors of who follows a couche: what changed between two versions, and what to check it with."""

from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from rest_framework.request import Request

from couches.models import CoucheVersion
from exports import downloads
from exports.deltas import Delta, csv_delta, geojson_delta
from exports.demands import recipe, territory_key
from exports.fingerprints import fingerprint_of
from exports.formats import FORMATS
from exports.public import LATEST, PublicView, find_version, json_answer
from exports.rows import Selection
from territoires.scope import parse_territory

# Grows when the same changes would give other bytes.
_REVISION = 2


class DeltaView(PublicView):
    """`/exports/{slug}/{n}/depuis/{m}/?format=geojson|csv&territoire=&avant=&attributs=`.

    Additions, changes with what was before, tombstones. `derniere` may lead from itself to
    itself: who follows asks without knowing whether there is something new.
    """

    def get(self, request: Request, slug: str, number: str, since: str) -> HttpResponseBase:
        """Stream the changes after version `since`, up to version `number`."""
        version = find_version(slug, number)
        before = find_version(slug, since) if since != "0" else None
        form = request.query_params.get("format", "geojson")
        if form not in ("geojson", "csv"):
            raise ValidationError({"format": [_("Choisissez geojson ou csv pour les changements.")]})
        _refuse_backwards(before, version, latest=number == LATEST)
        delta = _read(request, version, before, form)
        response = downloads.streamed(
            request._request,
            lambda: csv_delta(delta) if form == "csv" else geojson_delta(delta, _members(delta, before)),
            etag=downloads.etag_of(orjson.dumps(_facts(delta, before, form))),
            filename=_filename(delta, form),
            media_type=FORMATS[form].media_type,
        )
        response["Content-Location"] = _address(delta, form)
        return response


class FingerprintView(PublicView):
    """`/exports/{slug}/{n}/empreinte.json?territoire=`: count and SHA-256 of what a follower must hold."""

    def get(self, request: Request, slug: str, number: str) -> HttpResponseBase:
        """Say the count and the hash of a version, whole or within a territory."""
        version = find_version(slug, number)
        territory = parse_territory(request.query_params.get("territoire", ""))
        count, sha256 = fingerprint_of(Selection(version, territory))
        document = {
            "couche": slug,
            "number": version.number,
            "territoire": territory_key(territory) or None,
            "feature_count": count,
            "sha256": sha256,
        }
        return json_answer(request, document)


def _refuse_backwards(before: CoucheVersion | None, version: CoucheVersion, *, latest: bool) -> None:
    start = before.number if before else 0
    if start > version.number or (start == version.number and not latest):
        message = _(
            "La version de départ doit précéder la version %(number)d : choisissez-en une plus ancienne."
        )
        raise ValidationError({"depuis": [message % {"number": version.number}]})


def _read(request: Request, version: CoucheVersion, before: CoucheVersion | None, form: str) -> Delta:
    """Return the delta that the parameters express. Raises ValidationError naming the parameter."""
    earlier = request.query_params.get("avant", "")
    if earlier not in ("", "0", "1"):
        raise ValidationError({"avant": [_("Écrivez avant=1, ou retirez « avant ».")]})
    if earlier and form != "csv":
        raise ValidationError(
            {"avant": [_("« avant » ne vaut que pour le CSV : le GeoJSON dit toujours ce qui était avant.")]}
        )
    nested = request.query_params.get("attributs", "")
    if nested not in ("", "plats", "imbriques"):
        raise ValidationError({"attributs": [_("Écrivez attributs=plats ou attributs=imbriques.")]})
    if nested == "imbriques" and form != "geojson":
        raise ValidationError({"attributs": [_("« imbriques » ne vaut que pour le GeoJSON : retirez-le.")]})
    territory = parse_territory(request.query_params.get("territoire", ""))
    return Delta(
        Selection(version, territory),
        before.number if before else 0,
        nested=nested == "imbriques",
        before=earlier == "1",
    )


def _facts(delta: Delta, before: CoucheVersion | None, form: str) -> list[Any]:
    version = delta.version
    return [
        _REVISION, version.couche.slug, version.number, delta.since, form, delta.nested, delta.before,
        territory_key(delta.selection.territory), version.sha256, before.sha256 if before else "",
        recipe(version),
    ]  # fmt: skip


def _members(delta: Delta, before: CoucheVersion | None) -> dict[str, Any]:
    """What the collection says of itself: from where, to where, and what the reader must then hold."""
    version, territory = delta.version, territory_key(delta.selection.territory)
    path = reverse("exports-fingerprint", args=[version.couche.slug, version.number])
    query = f"?{urlencode({'territoire': territory})}" if territory else ""
    return {
        "couche": version.couche.slug,
        "from": delta.since,
        "from_sha256": before.sha256 if before else None,
        "to": version.number,
        "published_at": version.published_at.isoformat(),
        "territoire": territory or None,
        # Of the whole couche; a territory's own are computed at the address of `check`.
        "feature_count": None if territory else version.feature_count,
        "sha256": None if territory else version.sha256,
        "check": f"{settings.PUBLIC_URL}{path}{query}",
    }


def _filename(delta: Delta, form: str) -> str:
    place = territory_key(delta.selection.territory).removeprefix("commune:").replace(":", "-")
    parts = [delta.version.couche.slug, f"v{delta.version.number}", f"depuis_v{delta.since}", place]
    return "_".join(part for part in parts if part) + f".{form}"


def _address(delta: Delta, form: str) -> str:
    """Return the one address of what was given: its number, never `derniere`."""
    query = {"format": form}
    territory = territory_key(delta.selection.territory)
    query |= {"territoire": territory} if territory else {}
    query |= {"avant": "1"} if delta.before else {}
    query |= {"attributs": "imbriques"} if delta.nested else {}
    path = reverse("exports-delta", args=[delta.version.couche.slug, delta.version.number, delta.since])
    return f"{path}?{urlencode(query)}"
