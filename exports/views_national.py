"""`/exports/{slug}/{n}/national/`: what conforms to the national schemas, what does not, and why."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from couches.models import CoucheVersion
from exports import downloads
from exports.demands import recipe, territory_key
from exports.national.counts import known_tally, rules_key
from exports.national.files import conforming_csv, filename, gap_lines, gaps_csv, spec_of
from exports.national.mappers import Mapper, mappers_of
from exports.national.white_zones import VERSION, table_schema
from exports.public import PublicView, find_version, json_answer, prefers_page
from exports.rows import Selection
from exports.streams import BOM
from territoires.scope import parse_territory

CSV = "text/csv; charset=utf-8; header=present"
MOST_MISSING = 8


class NationalView(PublicView):
    """The schemas a version is written in, with how many rows conform."""

    def get(self, request: Request, slug: str, number: str) -> HttpResponseBase:
        """Show the page, or the same as JSON."""
        version = find_version(slug, number)
        described = [_described(mapper, version) for mapper in mappers_of(version.couche)]
        document = {"couche": slug, "version": version.number, "schemas": described}
        if prefers_page(request):
            context = {"version": version, "couche": version.couche, "schemas": described}
            response: HttpResponseBase = render(request._request, "exports/national.html", context)
        else:
            response = HttpResponse(orjson.dumps(document), content_type="application/json")
        # Counts appear when their job ends.
        response["Cache-Control"] = "public, no-cache"
        patch_vary_headers(response, ["Accept"])
        return response


class ConformingView(PublicView):
    """The rows that conform, in the schema's words and order."""

    def get(self, request: Request, slug: str, number: str, schema: str) -> HttpResponseBase:
        """Stream the file."""
        mapper, selection = _asked(request, slug, number, schema)
        bom = _read_bom(request.query_params)
        return downloads.streamed(
            request._request,
            lambda: _with_bom(conforming_csv(mapper, selection), bom),
            etag=_etag(mapper, selection, "conforme", bom),
            filename=filename(mapper, selection),
            media_type=CSV,
        )


class GapsView(PublicView):
    """What does not conform, field by field, with why and where to mend it."""

    def get(self, request: Request, slug: str, number: str, schema: str) -> HttpResponseBase:
        """Stream the list as CSV or JSON."""
        mapper, selection = _asked(request, slug, number, schema)
        form = request.query_params.get("format", "csv")
        if form not in ("csv", "json"):
            raise ValidationError({"format": [_("Choisissez csv ou json pour les écarts.")]})
        bom = _read_bom(request.query_params)
        name = filename(mapper, selection).removesuffix(".csv")
        made = {
            "csv": lambda: _with_bom(gaps_csv(mapper, selection), bom),
            "json": lambda: _json(mapper, selection),
        }
        return downloads.streamed(
            request._request,
            made[form],
            etag=_etag(mapper, selection, f"ecarts-{form}", bom),
            filename=f"{name}_ecarts.{form}",
            media_type=CSV if form == "csv" else "application/json",
        )


class OwnSchemaView(PublicView):
    """`/schemas/zones-blanches/` and `/schemas/zones-blanches/1.0.0/schema.json`: the schema we publish."""

    def get(self, request: Request, schema_version: str = "") -> HttpResponseBase:
        """Show the schema, or give its document."""
        if schema_version not in ("", VERSION):
            raise NotFound(
                _("Cette version du schéma n'existe pas : la seule est %(version)s.") % {"version": VERSION}
            )
        document = table_schema()
        if not schema_version:
            return render(request._request, "exports/schema_zones_blanches.html", {"schema": document})
        return json_answer(request, document)


def _asked(request: Request, slug: str, number: str, schema: str) -> tuple[Mapper, Selection]:
    version = find_version(slug, number)
    mapper = next((one for one in mappers_of(version.couche) if one.spec == schema), None)
    if mapper is None:
        known = ", ".join(one.spec for one in mappers_of(version.couche))
        raise NotFound(
            _("Cette couche n'est pas écrite dans ce schéma. Elle l'est dans : %(known)s.") % {"known": known}
        )
    return mapper, Selection(version, parse_territory(request.query_params.get("territoire", "")))


def _described(mapper: Mapper, version: CoucheVersion) -> dict[str, Any]:
    spec, official = spec_of(mapper)
    found = known_tally(mapper, Selection(version))
    base = reverse("exports-conforming", args=[version.couche.slug, version.number, mapper.spec])
    address = spec.address if spec.address.startswith("http") else settings.PUBLIC_URL + spec.address
    return {
        "schema": mapper.spec,
        "title": spec.title,
        "version": spec.version,
        "address": address,
        "official": official,
        "conforming": found and found.conforming,
        "total": found and found.total,
        "stuck": found and found.stuck,
        "most_missing": found.fields.most_common(MOST_MISSING) if found else [],
        "href": settings.PUBLIC_URL + base,
        "gaps": settings.PUBLIC_URL
        + reverse("exports-gaps", args=[version.couche.slug, version.number, mapper.spec]),
        "filename": filename(mapper, Selection(version)),
    }


def _read_bom(parameters: Mapping[str, str]) -> bool:
    text = parameters.get("bom", "")
    if text not in ("", "0", "1"):
        raise ValidationError({"bom": [_("Écrivez bom=1 pour un tableur, ou retirez « bom ».")]})
    return text == "1"


def _with_bom(chunks: Iterator[bytes], bom: bool) -> Iterator[bytes]:
    if bom:
        yield BOM
    yield from chunks


def _json(mapper: Mapper, selection: Selection) -> Iterator[bytes]:
    before = b'{"ecarts":[\n'
    for line in gap_lines(mapper, selection):
        yield before + orjson.dumps(line)
        before = b",\n"
    yield (b"" if before == b",\n" else before) + b"]}\n"


def _etag(mapper: Mapper, selection: Selection, what: str, bom: bool) -> str:
    version = selection.version
    facts = [
        what, bom, mapper.spec, version.sha256, version.number, recipe(version), rules_key(mapper),
        territory_key(selection.territory), settings.PUBLISHER, settings.PUBLIC_URL,
    ]  # fmt: skip
    return f'"{hashlib.sha256(orjson.dumps(facts)).hexdigest()[:32]}"'
