"""The register's JSON door: public, the same for everybody, nothing personal."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderation.api_refusals import Unprocessable
from moderation.register import BODIES, WORDS, Line, commune_here, log_of, read_page, read_wanted
from moderation.register_figures import Figures, Row, figures_of
from moderation.serializers import QueueCommuneAnswer


class RegisterObjectAnswer(serializers.Serializer[Any]):
    """The published object a decision led to."""

    id = serializers.UUIDField()
    title = serializers.CharField()


ACTIONS = sorted(WORDS)
LEVELS = list(BODIES)


class RegisterLineAnswer(serializers.Serializer[Any]):
    """One decision. `place` is a name, never coordinates; `body` is a role, never a person."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    couche = serializers.CharField()
    couche_title = serializers.CharField()
    place = serializers.CharField()
    action = serializers.ChoiceField(choices=ACTIONS)
    word = serializers.CharField()
    status = serializers.CharField()
    body = serializers.ChoiceField(choices=LEVELS)
    reason = serializers.CharField(allow_blank=True)
    redacted = serializers.CharField(allow_blank=True, help_text="Pourquoi le motif est retiré, s'il l'est.")
    days = serializers.IntegerField(help_text="Jours entre la réception et la décision.")
    self_accepted = serializers.BooleanField()
    after_appeal = serializers.BooleanField()
    object = RegisterObjectAnswer(allow_null=True)


class RegisterCountsAnswer(serializers.Serializer[Any]):
    """The answers of twelve months; `couche` is null for all of them."""

    couche = serializers.CharField(allow_null=True)
    answers = serializers.IntegerField()
    accepted = serializers.IntegerField()
    merged = serializers.IntegerField()
    returned = serializers.IntegerField()
    rejected = serializers.IntegerField()
    median_days = serializers.FloatField(help_text="Délai médian, en jours.")


class RegisterFiguresAnswer(serializers.Serializer[Any]):
    """How the commune answers; `waiting` stops at 10,000."""

    since = serializers.DateField()
    total = RegisterCountsAnswer(allow_null=True)
    couches = RegisterCountsAnswer(many=True)
    waiting = serializers.IntegerField()
    waiting_days = serializers.IntegerField(help_text="Âge du plus ancien signalement sans réponse.")


class RegisterLogAnswer(serializers.Serializer[Any]):
    """What the register tells besides decisions."""

    at = serializers.DateTimeField()
    text = serializers.CharField()


class RegisterAnswer(serializers.Serializer[Any]):
    """One page of the register: `next` is the address of the following one."""

    commune = QueueCommuneAnswer()
    figures = RegisterFiguresAnswer()
    log = RegisterLogAnswer(many=True)
    next = serializers.CharField(allow_null=True)
    results = RegisterLineAnswer(many=True)


@method_decorator(conditional_page, name="dispatch")
class RegisterView(APIView):
    """The register of a commune."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="communes_decisions",
        summary="Le registre des décisions d'une commune",
        parameters=[
            OpenApiParameter("couche", OpenApiTypes.STR, description="Identifiant d'une couche."),
            OpenApiParameter("annee", OpenApiTypes.INT, description="Année des décisions."),
            OpenApiParameter("avant", OpenApiTypes.STR, description="Repère de la page suivante."),
        ],
        responses={
            200: RegisterAnswer,
            404: OpenApiResponse(description="Aucune commune n'a ce code."),
            422: OpenApiResponse(description="Filtre inconnu."),
        },
        auth=[],
    )
    def get(self, request: Request, code: str) -> Response:
        """Return twenty decisions, latest first, with the figures of twelve months."""
        here = commune_here(code)
        if here is None:
            raise NotFound(_("Aucune commune n'a ce code INSEE."))
        try:
            wanted = read_wanted(request.query_params.dict())
        except ValidationError as error:
            raise Unprocessable(error.message_dict) from error
        page = read_page(here, wanted)
        query = request.query_params.copy()
        query["avant"] = str(page.next or "")
        answer = {
            "commune": {"code": here.pk, "nom": here.nom},
            "figures": _figures(figures_of(here)),
            "log": [{"at": one.at, "text": one.text} for one in log_of(here)],
            "next": request.build_absolute_uri(f"?{query.urlencode()}") if page.next else None,
            "results": [_represent(line) for line in page.lines],
        }
        return Response(RegisterAnswer(answer).data, headers={"Cache-Control": "public, max-age=60"})


def _represent(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "at": line.at,
        "couche": line.couche.slug,
        "couche_title": line.couche.title,
        "place": line.place,
        "action": line.action,
        "word": line.word,
        "status": line.status,
        "body": line.body,
        "reason": line.reason,
        "redacted": line.redacted,
        "days": line.days,
        "self_accepted": line.self_accepted,
        "after_appeal": line.after_appeal,
        "object": {"id": line.object.id, "title": line.object.title} if line.object else None,
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "since": figures.since,
        "total": _counts(figures.total) if figures.total else None,
        "couches": [_counts(row) for row in figures.rows],
        "waiting": figures.waiting,
        "waiting_days": figures.waiting_days,
    }


def _counts(row: Row) -> dict[str, Any]:
    return {
        "couche": row.couche.slug if row.couche else None,
        "answers": row.answers,
        "accepted": row.accepted,
        "merged": row.merged,
        "returned": row.returned,
        "rejected": row.rejected,
        "median_days": round(row.median_days, 1),
    }
