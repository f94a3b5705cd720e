"""What a phone fetches while it has network: the forms, and the pack of a commune. Public, no cookie."""

from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from contributions.offline import forms_document
from contributions.pack import build_pack
from territoires.scope import CODE, commune_of_code

FORMS_KEPT_S = 60
PACK_KEPT_S = 300
_gzip = GZipMiddleware(lambda request: HttpResponse())


@require_safe
def forms(request: HttpRequest) -> HttpResponse:
    """Answer with every couche's form, as JSON."""
    body = forms_document()
    # The document begins with {"version":"…": its own digest.
    return _answer(request, body, etag=f'W/"{body[12:28].decode()}"', max_age=FORMS_KEPT_S)


class CommunePack(APIView):
    """The pack of a commune, by its code of today or of yesterday."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="communes_paquet",
        summary="Lire le paquet hors ligne d'une commune",
        tags=["communes"],
        auth=[],
        responses={
            200: OpenApiResponse(
                OpenApiTypes.OBJECT,
                description="Contours, lieux, objets publiés, tuiles : docs/hors-ligne.md.",
            ),
            304: OpenApiResponse(description="Le paquet n'a pas changé (If-None-Match)."),
            404: OpenApiResponse(description="Aucune commune n'a ce code."),
        },
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        """Return the pack; HEAD gives its weight before compression."""
        commune = commune_of_code(code.upper()) if CODE.fullmatch(code.upper()) else None
        if commune is None:
            raise exceptions.NotFound(_("Aucune commune n'a ce code INSEE."))
        pack = build_pack(commune)
        response = _answer(request._request, pack.body, etag=pack.etag, max_age=PACK_KEPT_S)
        # Said with the weight, before anybody taps: the map is a choice.
        response["X-Tiles-Bytes"] = str(pack.tiles_bytes)
        return response


def _answer(request: HttpRequest, body: bytes, *, etag: str, max_age: int) -> HttpResponse:
    """Return JSON bytes, or 304. Compressed for GET: they reflect no secret of anybody's."""
    response = get_conditional_response(request, etag=etag) or HttpResponse(body)
    response["ETag"] = etag
    patch_cache_control(response, public=True, max_age=max_age)
    patch_vary_headers(response, ["Accept-Encoding"])
    if response.status_code == 200:
        response["Content-Type"] = "application/json"
        response["Content-Length"] = str(len(body))
        if request.method == "GET":
            _gzip.process_response(request, response)  # in place
    return response
