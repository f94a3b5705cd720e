"""The steward's JSON door: publish what is accepted, go back to an older version."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from comptes.models import User
from comptes.permissions import check_publish
from couches.models import Couche, CoucheVersion
from couches.publication import NothingToPublish, UnknownVersion, revert
from moderation.api_refusals import Conflict, read_body, refusals_as_answers
from moderation.publication import publish_accepted
from moderation.serializers import TextField


class VersionRequest(serializers.Serializer[Any]):
    """Why this version."""

    note = TextField(max_length=500, required=False, allow_blank=True, default="")


class VersionAnswer(serializers.Serializer[Any]):
    """A version as published."""

    couche = serializers.CharField(source="couche.slug")
    number = serializers.IntegerField()
    published_at = serializers.DateTimeField()
    note = serializers.CharField()
    reverts_to = serializers.IntegerField(allow_null=True)
    feature_count = serializers.IntegerField()
    sha256 = serializers.CharField()
    changes = serializers.DictField(child=serializers.IntegerField())


FORBIDDEN = OpenApiResponse(description="Réservé à qui publie les couches.")


class VersionsView(APIView):
    """Versions of a couche."""

    @extend_schema(
        operation_id="couches_versions_create",
        summary="Publier ce qui est accepté",
        request=VersionRequest,
        responses={
            201: VersionAnswer,
            200: OpenApiResponse(VersionAnswer, description="Rien de nouveau : la version en vigueur."),
            403: FORBIDDEN,
            409: OpenApiResponse(description="Rien à publier, et encore aucune version."),
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """Publish all that is accepted of this couche."""
        check_publish(request.user)
        couche = get_object_or_404(Couche, slug=slug)
        wanted = read_body(VersionRequest(data=request.data))
        with refusals_as_answers():
            assert isinstance(request.user, User)  # noqa: S101  # check_publish let nobody else pass
            version = publish_accepted(couche=couche, by=request.user, note=wanted["note"])
        current = version or couche.latest()
        if current is None:
            raise Conflict(_("Rien n'est encore accepté dans cette couche : il n'y a rien à publier."))
        return Response(VersionAnswer(current).data, status=201 if version else 200)


class RevertView(APIView):
    """Going back."""

    @extend_schema(
        operation_id="couches_versions_revert",
        summary="Rétablir une version ancienne, en une nouvelle version",
        request=VersionRequest,
        responses={
            201: VersionAnswer,
            403: FORBIDDEN,
            404: OpenApiResponse(description="Version inconnue."),
            409: OpenApiResponse(description="Cette version est en vigueur, ou dit la même chose."),
        },
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Publish a new version whose content is that of version `number`."""
        check_publish(request.user)
        couche = get_object_or_404(Couche, slug=slug)
        wanted = read_body(VersionRequest(data=request.data))
        return Response(VersionAnswer(go_back(couche, number, request.user, wanted["note"])).data, status=201)


def go_back(couche: Couche, number: int, by: Any, note: str) -> CoucheVersion:
    """Revert. Raises Http404 for an unknown number, Conflict when there is nothing to go back from."""
    # Beyond PostgreSQL's integers no version can exist, and asking would be an error.
    if number > 2**31 - 1 or not couche.versions.filter(number=number).exists():
        raise Http404
    try:
        return revert(couche=couche, number=number, by=by, note=note)
    except (UnknownVersion, NothingToPublish) as error:
        raise Conflict(str(error)) from error
