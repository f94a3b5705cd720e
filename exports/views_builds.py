"""The page that follows a build, and the answer of those who ask for a file too early."""

import re
from typing import Any

import orjson
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from exports.models import ExportBuild
from exports.public import PublicView, prefers_page
from exports.standing import Standing, document, standing

RETRY_SECONDS = 5
_KEY = re.compile(r"[0-9a-f]{32}")


class BuildView(PublicView):
    """`/exports/suivi/{key}/`: rank, progress, weight, then the link; a page or JSON."""

    def get(self, request: Request, key: str) -> HttpResponse:
        """Say where the build stands."""
        build = ExportBuild.objects.filter(key=key).first() if _KEY.fullmatch(key) else None
        if build is None:
            raise NotFound(
                _("Cette construction n'existe pas, ou date de plus d'une semaine : redemandez le fichier.")
            )
        return answer(request, standing(build), status=200)


def accepted(request: Request, build: ExportBuild) -> HttpResponse:
    """Answer 202 to a demand that is not built: where it stands, and when to come back."""
    return answer(request, standing(build), status=202)


def answer(request: Request, found: Standing, *, status: int) -> HttpResponse:
    """Tell a standing in the reader's form; it comes back by itself until nothing more will change."""
    response: HttpResponse
    if prefers_page(request):
        context: dict[str, Any] = {"standing": found, "build": found.build, "asked": status == 202}
        response = render(request._request, "exports/attente.html", context, status=status)
        if not found.ended:
            # People wait in front of the page: it comes back by itself, without a script.
            response["Refresh"] = str(RETRY_SECONDS)
    else:
        told = document(found) | ({} if found.ended else {"retry_after": RETRY_SECONDS})
        response = HttpResponse(orjson.dumps(told), status=status, content_type="application/json")
    if not found.ended:
        response["Retry-After"] = str(RETRY_SECONDS)
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["Accept"])
    return response
