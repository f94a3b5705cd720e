"""The author's JSON door: no account, no cookie, the secret in the X-Suivi header."""

import re
import uuid
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from contributions.follow_up import find_for_author
from contributions.models import Contribution
from contributions.origin import check_origin
from couches.text import printable
from moderation.api_refusals import Unprocessable, refusals_as_answers
from moderation.appeals import appeal
from moderation.author import Story, answer, correct, story_of, withdraw
from moderation.models import Escalation

SECRET = re.compile(r"[A-Za-z0-9_-]{22,128}")
X_SUIVI = OpenApiParameter(
    "X-Suivi", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, description="Le secret de l'auteur."
)
NOT_FOUND = OpenApiResponse(description="Signalement inconnu, ou secret faux.")


class ChangeAnswer(serializers.Serializer[Any]):
    """One answer that an official completed, before and after, in plain words."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class StepAnswer(serializers.Serializer[Any]):
    """One moment: `who` is auteur, mairie or publication; `corrected`, the state stayed the same.

    `appeal`: the author asked for another opinion; `body` names who was asked, or who answered.
    """

    at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=Contribution.Status.choices)
    status_label = serializers.CharField()
    who = serializers.ChoiceField(choices=["auteur", "mairie", "publication"])
    public_reason = serializers.CharField(allow_blank=True)
    corrected = serializers.BooleanField()
    appeal = serializers.BooleanField()
    body = serializers.CharField(allow_blank=True)
    changes = ChangeAnswer(many=True)


class ReadableAnswer(serializers.Serializer[Any]):
    """One answer of the report in plain words."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    value = serializers.CharField()


class PassedOnAnswer(serializers.Serializer[Any]):
    """To whom the report was passed on for want of an answer."""

    level = serializers.ChoiceField(choices=Escalation.Level.choices)
    at = serializers.DateTimeField()


class StoryAnswer(serializers.Serializer[Any]):
    """What the author may read and do."""

    id = serializers.UUIDField()
    couche = serializers.CharField()
    couche_title = serializers.CharField()
    commune = serializers.DictField(child=serializers.CharField())
    status = serializers.ChoiceField(choices=Contribution.Status.choices)
    status_label = serializers.CharField()
    received_at = serializers.DateTimeField()
    observed_at = serializers.DateTimeField()
    geometry = serializers.DictField()
    attributes = serializers.DictField()
    answers = ReadableAnswer(many=True)
    steps = StepAnswer(many=True)
    may_withdraw = serializers.BooleanField()
    may_answer = serializers.BooleanField()
    may_correct = serializers.BooleanField()
    correct_until = serializers.DateTimeField(allow_null=True)
    may_appeal = serializers.BooleanField()
    appeal_to = serializers.CharField(allow_blank=True, help_text="Qui examinerait un recours.")
    appeal_until = serializers.DateTimeField(allow_null=True)
    appeal_why_not = serializers.CharField(
        allow_blank=True, help_text="Pourquoi un refus ne peut pas être contesté."
    )
    waiting_since = serializers.DateTimeField(allow_null=True)
    passed_on = PassedOnAnswer(many=True)


class AppealRequest(serializers.Serializer[Any]):
    """Why the answer does not suit its author."""

    message = serializers.CharField(max_length=1000)


class AnswerRequest(serializers.Serializer[Any]):
    """The author's answer: give what changes; `attributes` replaces all the answers."""

    attributes = serializers.DictField(required=False, allow_null=True)
    geometry = serializers.DictField(required=False, allow_null=True)
    message = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class CorrectionRequest(serializers.Serializer[Any]):
    """What the author corrects: give what changes; `attributes` replaces all the answers."""

    attributes = serializers.DictField(required=False, allow_null=True)
    geometry = serializers.DictField(required=False, allow_null=True)
    observed_at = serializers.DateTimeField(required=False, allow_null=True)


CORRECTED = ("attributes", "geometry", "observed_at")


class AuthorView(APIView):
    """Views opened by the secret alone; what they answer is kept by nobody else."""

    authentication_classes = ()
    permission_classes = ()

    def contribution(self, request: Request, pk: uuid.UUID) -> Contribution:
        """Return the author's report. Raises Http404, the same for a wrong id or a wrong secret."""
        secret = request.headers.get("X-Suivi", "")
        try:
            if SECRET.fullmatch(secret):
                return find_for_author(pk, secret)
        except Contribution.DoesNotExist:
            pass  # answered below, like a malformed secret
        raise Http404

    def told(self, request: Request, pk: uuid.UUID) -> Response:
        """Return the story as it is now."""
        story = story_of(self.contribution(request, pk))
        return Response(StoryAnswer(_represent(story)).data, headers={"Cache-Control": "no-store"})


class StoryView(AuthorView):
    """The story of a report."""

    @extend_schema(
        operation_id="contributions_suivi_retrieve",
        summary="Le suivi d'un signalement, pour son auteur",
        parameters=[X_SUIVI],
        responses={200: StoryAnswer, 404: NOT_FOUND},
        auth=[],
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Return the timeline, the public reasons and what the author can do now."""
        return self.told(request, pk)


class WithdrawView(AuthorView):
    """Withdrawal."""

    @extend_schema(
        operation_id="contributions_retrait_create",
        summary="Retirer son signalement",
        parameters=[X_SUIVI],
        request=None,
        responses={200: StoryAnswer, 404: NOT_FOUND, 409: OpenApiResponse(description="Trop tard.")},
        auth=[],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Withdraw; twice is once."""
        check_origin(request)
        with refusals_as_answers():
            withdraw(contribution=self.contribution(request, pk))
        return self.told(request, pk)


class AnswerView(AuthorView):
    """The answer to a returned report."""

    @extend_schema(
        operation_id="contributions_reponse_create",
        summary="Compléter un signalement rendu à son auteur",
        parameters=[X_SUIVI],
        request=AnswerRequest,
        responses={
            200: StoryAnswer,
            404: NOT_FOUND,
            409: OpenApiResponse(description="Le signalement n'attend pas de réponse."),
            422: OpenApiResponse(description="Réponses refusées, ou lieu dans une autre commune."),
        },
        auth=[],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Put the completed report back in the queue."""
        check_origin(request)
        contribution = self.contribution(request, pk)
        if not isinstance(request.data, dict):
            raise Unprocessable({"non_field_errors": [_("Donnez un objet JSON.")]})
        with refusals_as_answers():
            answer(
                contribution=contribution,
                attributes=request.data.get("attributes"),
                geometry=request.data.get("geometry"),
                message=request.data.get("message", ""),
            )
        return self.told(request, pk)


class CorrectView(AuthorView):
    """The correction of what was just sent."""

    @extend_schema(
        operation_id="contributions_correction_create",
        summary="Corriger, dans l'heure qui suit l'envoi",
        parameters=[X_SUIVI],
        request=CorrectionRequest,
        responses={
            200: StoryAnswer,
            404: NOT_FOUND,
            409: OpenApiResponse(description="Trop tard, ou la mairie a déjà examiné le signalement."),
            422: OpenApiResponse(description="Correction refusée, ou lieu dans une autre commune."),
        },
        auth=[],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Correct; the same correction twice is once."""
        check_origin(request)
        contribution = self.contribution(request, pk)
        if not isinstance(request.data, dict):
            raise Unprocessable({"non_field_errors": [_("Donnez un objet JSON.")]})
        unknown = [printable(name) for name in request.data if name not in CORRECTED]
        if unknown:
            # A key left aside in silence would let its sender believe that it was corrected.
            text = _("Seuls les réponses, le lieu et la date se corrigent : retirez ce champ.")
            raise Unprocessable({name: [text] for name in unknown[:5]})
        with refusals_as_answers():
            correct(contribution=contribution, **{name: request.data.get(name) for name in CORRECTED})
        return self.told(request, pk)


class AppealView(AuthorView):
    """The appeal against a refusal."""

    @extend_schema(
        operation_id="contributions_recours_create",
        summary="Demander un autre avis sur un refus",
        parameters=[X_SUIVI],
        request=AppealRequest,
        responses={
            200: StoryAnswer,
            404: NOT_FOUND,
            409: OpenApiResponse(
                description="Rien n'est refusé, il est trop tard, un recours a déjà été fait, ou personne ne "
                "décide au-dessus de la commune."
            ),
            422: OpenApiResponse(description="Le message manque ou dépasse 1000 caractères."),
        },
        auth=[],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Put the refused report before the level above; the same appeal twice is once."""
        check_origin(request)
        contribution = self.contribution(request, pk)
        if not isinstance(request.data, dict):
            raise Unprocessable({"non_field_errors": [_("Donnez un objet JSON.")]})
        with refusals_as_answers():
            appeal(contribution=contribution, message=request.data.get("message"))
        return self.told(request, pk)


def _represent(story: Story) -> dict[str, Any]:
    row = story.contribution
    return {
        "id": row.pk,
        "couche": row.couche.slug,
        "couche_title": row.couche.title,
        "commune": {"code": row.commune_id, "nom": row.commune.nom},
        "status": row.status,
        "status_label": row.get_status_display(),
        "received_at": row.received_at,
        "observed_at": row.observed_at,
        "geometry": {"type": "Point", "coordinates": [row.geom.x, row.geom.y]},
        "attributes": row.attributes,
        "answers": [{"label": label, "value": value} for label, value in story.answers],
        "steps": [
            {
                "at": step.at,
                "status": step.status,
                "status_label": step.label,
                "who": step.who,
                "public_reason": step.public_reason,
                "corrected": step.corrected,
                "appeal": step.appeal,
                "body": step.body,
                "changes": step.changes,
            }
            for step in story.steps
        ],
        "may_withdraw": story.may_withdraw,
        "may_answer": story.may_answer,
        "may_correct": story.may_correct,
        "correct_until": story.correct_until,
        "may_appeal": bool(story.appeal.to),
        "appeal_to": story.appeal.to,
        "appeal_until": story.appeal.until,
        "appeal_why_not": story.appeal.why_not,
        "waiting_since": story.delay.since if story.delay else None,
        "passed_on": [
            {"level": one.level, "at": one.at} for one in (story.delay.escalations if story.delay else [])
        ],
    }
