"""What every public reading door has in common: open to all, refusals in the reader's form."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

LATEST = "derniere"
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


def prefers_page(request: Request) -> bool:
    """Tell people from programs by what they accept."""
    types = ["application/json", "application/problem+json", "text/html"]
    return request._request.get_preferred_type(types) == "text/html"


def _page(
    request: Request | HttpRequest, template: str, context: dict[str, Any], status: int
) -> HttpResponse:
    bare = request._request if isinstance(request, Request) else request
    return render(bare, template, context, status=status)
