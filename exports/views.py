"""The public doors of exports: files, deltas, manifests, schemas. No account, no cookie."""

import hashlib
import re
from typing import Any

import orjson
from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from couches.models import Couche, CoucheVersion
from exports import downloads, streams
from exports.build import absolute, find_built
from exports.demands import Demand, read_demand
from exports.manifests import manifest
from exports.public import LATEST
from exports.public import MAX_AGE as MAX_AGE
from exports.public import PublicView as PublicView
from exports.public import prefers_page as prefers_page
from exports.queue import address, ask, wanted_file
from exports.schemas import table_schema
from exports.views_builds import accepted

_SLUG = re.compile(r"[a-z0-9-]{1,40}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


class ExportFileView(PublicView):
    """`/exports/{slug}/{n}/?format=&crs=&territoire=`: a file, at once or as soon as built."""

    def get(self, request: Request, slug: str, number: str) -> HttpResponseBase:
        """Stream, serve, or say where the file stands."""
        demand = read_demand(find_version(slug, number), request.query_params)
        response = _streamed(request, demand) if demand.format.streamed else _built(request, demand)
        response["Content-Location"] = address(demand)
        return response


class ManifestView(PublicView):
    """`/exports/{slug}/{n}/manifeste.json`."""

    def get(self, request: Request, slug: str, number: str) -> HttpResponseBase:
        """Describe a version and its files."""
        response = _json(request, manifest(find_version(slug, number), settings.PUBLIC_URL))
        # Files appear as they are asked for.
        response["Cache-Control"] = "public, no-cache"
        return response


class SchemaView(PublicView):
    """`/exports/{slug}/schema.json`: the Table Schema of the CSV."""

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Describe the columns."""
        return _json(request, table_schema(find_couche(slug)))


def find_couche(slug: str) -> Couche:
    """Return a couche by its slug. Raises NotFound, whatever the text is."""
    couche = Couche.objects.filter(slug=slug).first() if _SLUG.fullmatch(slug) else None
    if couche is None:
        raise NotFound(_("Cette couche n'existe pas : la liste est sur la page « Couches »."))
    return couche


def find_version(slug: str, number: str) -> CoucheVersion:
    """Return a published version, `derniere` being the one in force. Raises NotFound with a sentence."""
    couche = find_couche(slug)
    versions = couche.versions.select_related("couche")
    if number == LATEST:
        latest = versions.order_by("-number").first()
        if latest is None:
            raise NotFound(
                _("Cette couche n'a pas encore de version publiée : revenez après la première publication.")
            )
        return latest
    found = versions.filter(number=int(number)).first() if _NUMBER.fullmatch(number) else None
    if found is None:
        raise NotFound(
            _("Cette version n'existe pas : demandez « derniere », ou un numéro de la page de la couche.")
        )
    return found


def _streamed(request: Request, demand: Demand) -> HttpResponseBase:
    return downloads.streamed(
        request._request,
        lambda: streams.stream(demand),
        etag=demand.etag(),
        filename=demand.filename(),
        media_type=demand.format.media_type,
    )


def _built(request: Request, demand: Demand) -> HttpResponseBase:
    row = find_built(demand)
    if row is None:
        return accepted(request, ask(wanted_file(demand)))
    path = absolute(row)
    media_type = "application/zip" if path.suffix == ".zip" else demand.format.media_type
    return downloads.file(
        request._request, path, sha256=row.sha256, filename=path.name, media_type=media_type
    )


def _json(request: Request, document: dict[str, Any]) -> HttpResponseBase:
    body = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    response = downloads.streamed(
        request._request,
        lambda: iter((body,)),
        etag=etag_of(body),
        filename="",
        media_type="application/json",
    )
    del response["Content-Disposition"]
    return response


def etag_of(facts: bytes) -> str:
    """Return the strong validator of what is made from these facts."""
    return f'"{hashlib.sha256(facts).hexdigest()[:32]}"'
