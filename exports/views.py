"""The public doors of exports: files, deltas, manifests, schemas. No account, no cookie."""

import hashlib
import re
from collections.abc import Iterable
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from couches.models import Couche, CoucheVersion
from exports import downloads, streams
from exports.build import absolute, find_built
from exports.demands import Demand, read_demand
from exports.manifests import manifest
from exports.queue import State, ask
from exports.schemas import table_schema

LATEST = "derniere"
RETRY_SECONDS = 5
# A numbered version is immutable, but the names of its communes may be corrected.
MAX_AGE = 3600
_SLUG = re.compile(r"[a-z0-9-]{1,40}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_EXPOSED = "ETag, Content-Disposition, Content-Length, Content-Range, Content-Location, Retry-After"


class _AnyAccept(BaseContentNegotiation):
    """The format is a parameter of the address: an `Accept` never refuses a file."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """Return the only parser."""
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the JSON renderer, for refusals."""
        first = next(iter(renderers))
        return first, str(first.media_type)


@extend_schema(exclude=True)
class PublicView(APIView):
    """A public reading door: open to other origins, a page of refusal for people."""

    authentication_classes = ()
    permission_classes = ()
    content_negotiation_class = _AnyAccept
    http_method_names = ("get", "head", "options")

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]  # no body
        """Say to a browser's preflight what may be asked."""
        response = HttpResponse(status=204)
        response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response["Access-Control-Allow-Headers"] = "If-None-Match, If-Range, Range"
        return response

    def handle_exception(self, exc: Exception) -> Response:
        """Refuse in the reader's form: a page or a problem document."""
        response = super().handle_exception(exc)
        if isinstance(response.data, dict) and prefers_page(self.request):
            page = _page(self.request, "exports/refus.html", {"problem": response.data}, response.status_code)
            for name, value in response.items():
                if name.lower() in ("retry-after", "allow"):
                    page[name] = value
            return page  # type: ignore[return-value]  # an HttpResponse passes through DRF
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let any site read the answer: it is the same for everybody, and public."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = _EXPOSED
        if response.status_code in (200, 206, 304):
            latest = self.kwargs.get("number", LATEST) == LATEST
            response.setdefault(
                "Cache-Control", "public, no-cache" if latest else f"public, max-age={MAX_AGE}"
            )
        else:
            patch_vary_headers(response, ["Accept"])
            response.setdefault("Cache-Control", "no-store")
        return response


class ExportFileView(PublicView):
    """`/exports/{slug}/{n}/?format=&crs=&territoire=`: a file, at once or as soon as built."""

    def get(self, request: Request, slug: str, number: str) -> HttpResponseBase:
        """Stream, serve, or say where the file stands."""
        demand = read_demand(find_version(slug, number), request.query_params)
        response = _streamed(request, demand) if demand.format.streamed else _built(request, demand)
        response["Content-Location"] = _address(demand)
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


def prefers_page(request: Request) -> bool:
    """Tell people from programs by what they accept."""
    types = ["application/json", "application/problem+json", "text/html"]
    return request._request.get_preferred_type(types) == "text/html"


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
        return _accepted(request, demand, ask(demand))
    path = absolute(row)
    media_type = "application/zip" if path.suffix == ".zip" else demand.format.media_type
    return downloads.file(
        request._request, path, sha256=row.sha256, filename=path.name, media_type=media_type
    )


def _accepted(request: Request, demand: Demand, state: State) -> HttpResponse:
    """Answer 202: where the file stands, and when to come back."""
    href = settings.PUBLIC_URL + request.get_full_path()
    if prefers_page(request):
        context = {
            "demand": demand,
            "filename": demand.filename(),
            "building": state == State.BUILDING,
            "href": request.get_full_path(),
        }
        response = _page(request, "exports/attente.html", context, 202)
        # People wait in front of the page: it comes back by itself, without a script.
        response["Refresh"] = str(RETRY_SECONDS)
    else:
        document = {
            "status": state.value,
            "detail": _("Le fichier se construit : redemandez la même adresse dans %(seconds)d secondes.")
            % {"seconds": RETRY_SECONDS},
            "filename": demand.filename(),
            "href": href,
            "retry_after": RETRY_SECONDS,
        }
        response = HttpResponse(orjson.dumps(document), status=202, content_type="application/json")
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _page(
    request: Request | HttpRequest, template: str, context: dict[str, Any], status: int
) -> HttpResponse:
    bare = request._request if isinstance(request, Request) else request
    return render(bare, template, context, status=status)


def _json(request: Request, document: dict[str, Any]) -> HttpResponseBase:
    body = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    response = downloads.streamed(
        request._request,
        lambda: iter((body,)),
        etag=_etag(body),
        filename="",
        media_type="application/json",
    )
    del response["Content-Disposition"]
    return response


def _etag(facts: bytes) -> str:
    return f'"{hashlib.sha256(facts).hexdigest()[:32]}"'


def _address(demand: Demand) -> str:
    """Return the one address of what was given: its number, its settled CRS."""
    query = {"format": demand.format.name, "crs": demand.crs}
    query |= {"territoire": demand.territory_key} if demand.territory_key else {}
    query |= {"bom": "1"} if demand.bom else {}
    query |= {"attributs": "imbriques"} if demand.nested else {}
    return (
        reverse("exports-file", args=[demand.version.couche.slug, demand.version.number])
        + f"?{urlencode(query)}"
    )
