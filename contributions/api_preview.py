"""JSON door of the preview: what a report would become, before it is sent. Writes nothing."""

from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from comptes.client_ip import client_ip
from contributions import limits
from contributions.api import Later, submission_of
from contributions.contract import PreviewAnswer, PreviewSerializer
from contributions.models import Pause
from contributions.origin import check_origin
from contributions.pauses import announce
from contributions.preview import Preview, preview


@method_decorator(never_cache, name="dispatch")
class PreviewView(APIView):
    """A report that is not sent yet."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="contributions_preview",
        summary="Voir avant d'envoyer",
        request=PreviewSerializer,
        responses={200: PreviewAnswer},
    )
    def post(self, request: Request) -> Response:
        """Say where it would go, what is known near, what will be public and what would be refused."""
        check_origin(request)
        try:
            # Asked again and again, the count of what waits near would end up locating it.
            limits.take([limits.of_address("preview", client_ip(request))])
        except limits.NotYet as error:
            raise Later(error) from error
        return Response(_represent(preview(submission_of(request.data, request.user))))


def _represent(shown: Preview) -> dict[str, Any]:
    place = shown.location
    return {
        "commune": {"code": place.commune.pk, "nom": place.commune.nom} if place else None,
        "near_border": place.near_border if place else None,
        "answered_by": shown.answered_by,
        "pause": _pause(shown.pause) if shown.pause else None,
        "duplicates": shown.features,
        "pending": shown.pending,
        "public": [{"label": label, "value": value} for label, value in shown.public],
        "errors": shown.errors,
    }


def _pause(row: Pause) -> dict[str, Any]:
    return {"mode": row.mode, "until": row.ends.isoformat(), "message": row.message, "detail": announce(row)}
