"""Refuses what another site makes a visitor's browser send.

Anonymous visitors get no cookie, hence no CSRF token; browsers say themselves where a
request comes from, and pages cannot forge it. A program says nothing and is let in: it
acts for nobody but itself.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from rest_framework.request import Request

FROM_ELSEWHERE = {"cross-site", "same-site"}


class CrossSite(PermissionDenied):
    """Cet envoi vient d'un autre site : ouvrez la page sur Repères et renvoyez d'ici."""

    def __init__(self) -> None:
        super().__init__((self.__doc__ or "").strip())


def check_origin(request: HttpRequest | Request) -> None:
    """Raise CrossSite when the browser says that another site sent this request."""
    origin = request.headers.get("Origin")
    if origin is not None:
        if origin in settings.CSRF_TRUSTED_ORIGINS:
            return
        if origin not in {f"{request.scheme}://{request.get_host()}", _public_origin()}:
            raise CrossSite
    if request.headers.get("Sec-Fetch-Site") in FROM_ELSEWHERE:
        raise CrossSite


def _public_origin() -> str:
    public = urlsplit(settings.PUBLIC_URL)
    return f"{public.scheme}://{public.netloc}"
