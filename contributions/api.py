"""JSON door of contributions: submit, add a photo, read again."""

import uuid
from dataclasses import fields
from typing import Any

from django.conf import settings
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from comptes.authentication import SignInRequired
from comptes.client_ip import client_ip
from comptes.models import User
from comptes.permissions import SignInFirst, communes_for
from comptes.roles import Gesture
from contributions import challenge, limits, photos
from contributions.contact import follow_up_url
from contributions.contract import (
    ChallengeAnswer,
    ContributionAnswer,
    PhotoAnswer,
    ReceiptAnswer,
    SubmissionSerializer,
)
from contributions.follow_up import find_for_author
from contributions.models import Contribution, Photo
from contributions.origin import check_origin
from contributions.submission import PayloadConflict, Receipt, Sender, Submission, submit
from couches.text import printable
from territoires.location import OutsideFrance, locate
from territoires.points import point_from_text

# What lets a sender in is no part of the content: a retry may bring another proof.
OF_THE_SENDER = {"challenge", "workshop"}
ACCEPTED_KEYS = {field.name for field in fields(Submission)} - {"entered_by"} | OF_THE_SENDER
MAX_UNKNOWN_NAMED = 5
SUIVI = OpenApiParameter(
    "X-Suivi", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Le secret de l'auteur."
)


class Conflicting(exceptions.APIException):
    """Cette demande contredit ce qui est déjà enregistré."""

    status_code = 409
    default_code = "conflit"


class TooLarge(exceptions.APIException):
    """La photo dépasse 12 Mo : réduisez-la."""

    status_code = 413
    default_code = "trop-lourd"


class Busy(exceptions.APIException):
    """Trop de demandes en ce moment : réessayez."""

    status_code = 503
    default_code = "indisponible"
    wait = 5


class Later(exceptions.APIException):
    """Trop d'envois en ce moment : réessayez plus tard, rien n'est perdu."""

    status_code = 429

    def __init__(self, refusal: limits.NotYet) -> None:
        super().__init__(str(refusal), code=refusal.code)
        self.status_code = refusal.status
        self.wait = refusal.wait


class _PhotoParser(BaseParser):
    """The raw body of a photo, at most 12 MB; its true type is the decoder's to say."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the bytes. Raises TooLarge (413) without reading further."""
        raw = stream.read(photos.MAX_BYTES + 1)
        if len(raw) > photos.MAX_BYTES:
            raise TooLarge((TooLarge.__doc__ or "").strip())
        return raw


class JpegParser(_PhotoParser):
    """image/jpeg."""

    media_type = "image/jpeg"


class PngParser(_PhotoParser):
    """image/png."""

    media_type = "image/png"


class WebpParser(_PhotoParser):
    """image/webp."""

    media_type = "image/webp"


@method_decorator(never_cache, name="dispatch")
class ContributionList(APIView):
    """Where contributions enter."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="contributions_submit",
        summary="Proposer",
        request=SubmissionSerializer,
        responses={201: ReceiptAnswer, 200: ReceiptAnswer},
    )
    def post(self, request: Request) -> Response:
        """Store a contribution: 201, or 200 and the same receipt for a retry. Anonymous, without cookie."""
        check_origin(request)
        try:
            document = request.data
            submission = submission_of(document, request.user)
            receipt = submit(submission, sender=_sender(request, document))
        except PayloadConflict as error:
            raise Conflicting(str(error)) from error
        except SignInFirst as error:
            raise SignInRequired from error
        except limits.NotYet as error:
            raise Later(error) from error
        return Response(_receipt(receipt, str(submission.secret)), status=201 if receipt.created else 200)


@method_decorator(never_cache, name="dispatch")
class ChallengeDetail(APIView):
    """The work asked of a device before it sends, for one place."""

    authentication_classes = ()
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="contributions_challenge",
        summary="Demander un défi",
        parameters=[
            OpenApiParameter("action", OpenApiTypes.STR, required=True, enum=[challenge.ACTION]),
            OpenApiParameter("lon", OpenApiTypes.DOUBLE, required=True, description="Longitude WGS84."),
            OpenApiParameter("lat", OpenApiTypes.DOUBLE, required=True, description="Latitude WGS84."),
        ],
        responses=ChallengeAnswer,
    )
    def get(self, request: Request) -> Response:
        """Return a challenge of altcha 2 for the commune of a place; null when none is asked for."""
        query = request.query_params
        if query.get("action") != challenge.ACTION:
            raise ValidationError({"action": [_("Écrivez action=contribution.")]})
        point = point_from_text(query.get("lon", ""), query.get("lat", ""))
        address = client_ip(request)
        try:
            limits.take([limits.of_address("challenge", address)])
        except limits.NotYet as error:
            raise Later(error) from error
        return Response({"challenge": _challenge(address, point), "now": timezone.now().isoformat()})


@method_decorator(never_cache, name="dispatch")
class ContributionDetail(APIView):
    """One contribution, for its author or an official of its commune."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="contributions_read",
        summary="Relire son signalement",
        parameters=[SUIVI],
        responses=ContributionAnswer,
    )
    def get(self, request: Request, contribution_id: uuid.UUID) -> Response:
        """Return it to who holds the secret or sees the queue of its commune; 404 to anybody else."""
        return Response(_whole(_readable(request, contribution_id)))


@method_decorator(never_cache, name="dispatch")
class PhotoDetail(APIView):
    """One photo of a contribution, by its number."""

    permission_classes = [AllowAny]
    parser_classes = [JpegParser, PngParser, WebpParser]

    @extend_schema(
        operation_id="contributions_photo",
        summary="Joindre une photo",
        parameters=[SUIVI],
        request=dict.fromkeys(("image/jpeg", "image/png", "image/webp"), OpenApiTypes.BINARY),
        responses={201: PhotoAnswer, 200: PhotoAnswer},
    )
    def put(self, request: Request, contribution_id: uuid.UUID, n: int) -> Response:
        """Attach photo `n` (1 to 3): 201, or 200 when the same bytes came already."""
        check_origin(request)
        # The secret first: a stranger's bytes are not even read.
        contribution = _authors_own(request, contribution_id)
        body: Any = request.data  # bytes from our parsers; {} for an empty body
        raw = body if isinstance(body, bytes) else b""
        try:
            photo, created = photos.add_photo(contribution, rank=n, raw=raw, address=client_ip(request))
        except photos.PhotoConflict as error:
            raise Conflicting(str(error)) from error
        except photos.DecodersBusy as error:
            raise Busy(str(error)) from error
        except limits.NotYet as error:
            raise Later(error) from error
        return Response(_photo(photo), status=201 if created else 200)


def submission_of(document: Any, user: Any) -> Submission:
    """Return the JSON body as `submit()` takes it. Raises ValidationError for what is no such object."""
    if not isinstance(document, dict):
        raise ValidationError(_('Envoyez un objet JSON : {"id": …, "couche": …}.'))
    unknown = [key for key in document if key not in ACCEPTED_KEYS]
    if unknown:
        names = ", ".join(printable(key) for key in unknown[:MAX_UNKNOWN_NAMED])
        raise ValidationError(_("Champs inconnus, retirez-les : %(names)s.") % {"names": names})
    if document.get("channel") == Contribution.Channel.IMPORT:
        raise ValidationError(
            {"channel": [_("« import » est réservé à la commande import_points : choisissez « api ».")]}
        )
    content = {key: value for key, value in document.items() if key not in OF_THE_SENDER}
    person = user if isinstance(user, User) else None
    return Submission(**{"id": None, "secret": None, "couche": None, **content}, entered_by=person)


def _sender(request: Request, document: Any) -> Sender:
    return Sender(
        address=client_ip(request), challenge=document.get("challenge"), workshop=document.get("workshop")
    )


def _challenge(address: str, point: Point) -> dict[str, Any] | None:
    if not settings.REPERES_LIMITS:
        return None
    buckets = [limits.of_address("address", address)]
    try:
        commune = locate(point).commune.pk
        buckets.append(limits.of_commune(commune))
    except OutsideFrance:
        commune = ""
    return challenge.issue(commune=commune, fill=limits.fill(buckets))


def _authors_own(request: Request, contribution_id: uuid.UUID) -> Contribution:
    try:
        return find_for_author(contribution_id, request.headers.get("X-Suivi", ""))
    except Contribution.DoesNotExist as error:
        raise Http404 from error


def _readable(request: Request, contribution_id: uuid.UUID) -> Contribution:
    if "X-Suivi" in request.headers:
        return _authors_own(request, contribution_id)
    within = Contribution.objects.filter(commune__in=communes_for(request.user, Gesture.SEE_QUEUE))
    contribution = within.select_related("couche", "commune").filter(pk=contribution_id).first()
    if contribution is None:
        raise Http404
    return contribution


def _receipt(receipt: Receipt, secret: str) -> dict[str, Any]:
    """Say what was received, as it was then: the follow-up tells what became of it."""
    contribution = receipt.contribution
    return {
        "id": str(contribution.pk),
        "status": Contribution.Status.SUBMITTED.value,
        "commune": _commune(contribution),
        "near_border": contribution.near_border,
        "received_at": contribution.received_at.isoformat(),
        "duplicates": receipt.duplicates,
        "suivi": follow_up_url(contribution, secret),
    }


def _whole(contribution: Contribution) -> dict[str, Any]:
    return {
        "id": str(contribution.pk),
        "status": contribution.status,
        "status_label": contribution.get_status_display(),
        "version": contribution.version,
        "couche": contribution.couche.slug,
        "operation": contribution.operation,
        "feature": str(contribution.feature_id) if contribution.feature_id else None,
        "geometry": {"type": "Point", "coordinates": list(contribution.geom.coords)},
        "attributes": contribution.attributes,
        "commune": _commune(contribution),
        "near_border": contribution.near_border,
        "observed_at": contribution.observed_at.isoformat(),
        "received_at": contribution.received_at.isoformat(),
        "accuracy_m": contribution.accuracy_m,
        "position_source": contribution.position_source,
        "photos": [_photo(photo) for photo in contribution.photos.all()],
    }


def _commune(contribution: Contribution) -> dict[str, str]:
    return {"code": contribution.commune.pk, "nom": contribution.commune.nom}


def _photo(photo: Photo) -> dict[str, Any]:
    return {
        "n": photo.rank,
        "width": photo.width,
        "height": photo.height,
        "received_at": photo.received_at.isoformat(),
    }
