"""`/exports/{slug}/{n}/depuis/{m}/`: what changed, for those who keep a base in step."""

from collections.abc import Mapping

import orjson
from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.request import Request

from exports import downloads
from exports.deltas import csv_delta, geojson_delta
from exports.demands import recipe, territory_key
from exports.formats import FORMATS
from exports.rows import Selection
from exports.views import PublicView, etag_of, find_version
from territoires.scope import parse_territory

# Grows when the same changes would be told otherwise.
DELTA_REVISION = 2


class DeltaView(PublicView):
    """`/exports/{slug}/{n}/depuis/{m}/?format=geojson|csv&territoire=&attributs=imbriques`."""

    def get(self, request: Request, slug: str, number: str, since: str) -> HttpResponseBase:
        """Stream the changes after version `since`, up to version `number`."""
        version = find_version(slug, number)
        before = find_version(slug, since) if since != "0" else None
        form, nested = _read_form(request.query_params)
        territory = parse_territory(request.query_params.get("territoire", ""))
        start = before.number if before else 0
        if start >= version.number:
            message = _(
                "La version de départ doit précéder la version %(number)d : choisissez-en une plus ancienne."
            )
            raise ValidationError({"depuis": [message % {"number": version.number}]})
        rows = geojson_delta if form == "geojson" else csv_delta
        place = territory_key(territory)
        facts = [
            DELTA_REVISION, slug, version.number, start, form, nested, place, version.sha256,
            before.sha256 if before else "", recipe(version),
        ]  # fmt: skip
        name = "_".join(
            part
            for part in (slug, f"v{version.number}", "depuis", f"v{start}", place.replace(":", "-"))
            if part
        )
        return downloads.streamed(
            request._request,
            lambda: rows(Selection(version, territory), start, nested=nested),
            etag=etag_of(orjson.dumps(facts)),
            filename=f"{name}.{form}",
            media_type=FORMATS[form].media_type,
        )


def _read_form(parameters: Mapping[str, str]) -> tuple[str, bool]:
    """Return (format, answers as stored). Raises ValidationError naming the parameter."""
    form, shape = parameters.get("format", "geojson"), parameters.get("attributs", "")
    if form not in ("geojson", "csv"):
        raise ValidationError({"format": [_("Choisissez geojson ou csv pour les changements.")]})
    if shape not in ("", "plats", "imbriques"):
        raise ValidationError({"attributs": [_("Écrivez attributs=plats ou attributs=imbriques.")]})
    if shape == "imbriques" and form != "geojson":
        raise ValidationError({"attributs": [_("« imbriques » ne vaut que pour le GeoJSON : retirez-le.")]})
    return form, shape == "imbriques"
