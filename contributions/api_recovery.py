"""JSON door for who lost their follow-up link: the same answer whatever the address."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from comptes.client_ip import client_ip
from contributions import limits
from contributions.api import Later
from contributions.origin import check_origin
from contributions.recovery import recover


class RecoverRequest(serializers.Serializer[Any]):
    """The address left with the reports."""

    email = serializers.EmailField(max_length=254)


class RecoverAnswer(serializers.Serializer[Any]):
    """A sentence for people; it says nothing of the address."""

    detail = serializers.CharField()


@method_decorator(never_cache, name="dispatch")
class RecoverView(APIView):
    """Links lost."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="suivi_retrouver_create",
        summary="Recevoir ses liens de suivi par courriel",
        request=RecoverRequest,
        responses={202: RecoverAnswer},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Take the request: 202 whether the address is known or not; 422 when it is none."""
        check_origin(request)
        if not isinstance(request.data, dict):
            raise ValidationError(_('Envoyez un objet JSON : {"email": "…"}.'))
        try:
            limits.take([limits.of_address("recover", client_ip(request))])
        except limits.NotYet as error:
            raise Later(error) from error
        return Response({"detail": recover(email=request.data.get("email"))}, status=202)
