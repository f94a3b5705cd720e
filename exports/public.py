"""What every public reading door has in common: open to all, refusals in the reader's form."""

import re
from collections.abc import Iterable
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
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
from exports import downloads

LATEST = "derniere"
_SLUG = re.compile(r"[a-z0-9-]{1,40}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
# A numbered version is immutable, but the names of its communes may be corrected.
MAX_AGE = 3600
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


def json_answer(request: Request, document: dict[str, Any]) -> HttpResponseBase:
    """Answer with a document meant to be read by people too, validated by its bytes."""
    body = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    return downloads.whole(request._request, body, media_type="application/json")


def prefers_page(request: Request) -> bool:
    """Tell people from programs by what they accept."""
    types = ["application/json", "application/problem+json", "text/html"]
    return request._request.get_preferred_type(types) == "text/html"


def _page(
    request: Request | HttpRequest, template: str, context: dict[str, Any], status: int
) -> HttpResponse:
    bare = request._request if isinstance(request, Request) else request
    return render(bare, template, context, status=status)
