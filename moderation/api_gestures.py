"""The JSON door of gestures: one click on one or many reports, safe to send again, and its undoing."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from comptes.authentication import signed_in
from contributions.models import Contribution
from moderation.api_refusals import as_api_exception, read_body, refusals_as_answers
from moderation.desk import desk_of
from moderation.gestures import Item, Outcome, take, undo
from moderation.queue import COUNT_CEILING
from moderation.scope import visible_to
from moderation.serializers import GestureAnswer, GestureRequest
from moderation.undoing import UNDO_WINDOW
from moderation.workflow import Action


class GesturesView(APIView):
    """Gestures."""

    @extend_schema(
        operation_id="moderation_gestes_create",
        summary="Décider d'un clic, sur un signalement ou un groupe, sans risque de le faire deux fois",
        request=GestureRequest,
        responses={
            200: GestureAnswer,
            409: OpenApiResponse(description="Groupe : un signalement ne s'y prête plus, rien n'est décidé."),
            412: OpenApiResponse(
                description="Groupe : quelqu'un a décidé entre-temps, rien n'est décidé : qui, quand."
            ),
            422: OpenApiResponse(description="Geste mal formé."),
        },
    )
    def post(self, request: Request) -> Response:
        """Take the decision on each item, or on the group as one; the same `id` again answers the same."""
        wanted = read_body(GestureRequest(data=request.data))
        identifier = wanted.pop("id")
        items = [Item(one["id"], one["version"]) for one in wanted.pop("items")]
        with refusals_as_answers():
            outcomes = take(
                gesture=identifier,
                by=signed_in(request),
                action=Action(wanted.pop("action")),
                items=items,
                together=wanted.pop("together"),
                practice=desk_of(request).practice,
                **wanted,
            )
        return _answer(request, identifier, outcomes)


class UndoView(APIView):
    """Undoing."""

    @extend_schema(
        operation_id="moderation_gestes_annulation_create",
        summary="Annuler son geste : pendant 30 s, ou tant qu'une acceptation n'est pas publiée",
        request=None,
        responses={
            200: GestureAnswer,
            404: OpenApiResponse(description="Geste inconnu, ou d'une autre personne."),
            409: OpenApiResponse(description="Trop tard, ou quelqu'un a décidé depuis."),
        },
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Take back all that this gesture decided, or nothing; asked again, it answers the same."""
        with refusals_as_answers():
            outcomes = undo(gesture=pk, by=signed_in(request))
        return _answer(request, pk, outcomes)


def _answer(request: Request, gesture: uuid.UUID, outcomes: list[Outcome]) -> Response:
    seen = visible_to(request.user, practice=desk_of(request).practice)
    waiting = seen.filter(status=Contribution.Status.SUBMITTED)
    body = {
        "id": gesture,
        "applied": sum(one.applied for one in outcomes),
        "remaining": waiting.order_by()[:COUNT_CEILING].count(),
        "undo_seconds": int(UNDO_WINDOW.total_seconds()),
        "results": [_represent(one) for one in outcomes],
    }
    return Response(GestureAnswer(body).data, headers={"Cache-Control": "no-store"})


def _represent(outcome: Outcome) -> dict[str, Any]:
    decision = outcome.decision
    return {
        "id": outcome.item.id,
        "applied": outcome.applied,
        "code": 200 if decision else outcome_code(outcome),
        "status": decision.to_status if decision else None,
        "version": decision.version if decision else None,
        "detail": outcome.detail,
    }


def outcome_code(outcome: Outcome) -> int:
    """Return the HTTP status that an item's refusal would have had alone."""
    return as_api_exception(outcome.refusal).status_code if outcome.refusal is not None else 200
