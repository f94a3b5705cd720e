"""The JSON door of the queue: list, read, decide, one by one or by batch."""

import re
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from comptes.authentication import signed_in
from comptes.models import User
from comptes.permissions import Forbidden, communes_for
from comptes.roles import Gesture
from couches.models import Couche
from moderation.api_refusals import (
    PreconditionRequired,
    Unprocessable,
    as_api_exception,
    read_body,
    refusals_as_answers,
)
from moderation.detail import gestures_of, history_of, neighbours_of
from moderation.filters import SLUG, Cursor, Filters, parse_filters
from moderation.models import Decision
from moderation.queue import in_full, read_cards, read_page
from moderation.reasons import REASONS, reasons_for
from moderation.refusals import NotVisible, Refusal
from moderation.scope import visible_to
from moderation.serializers import (
    BatchAnswer,
    BatchRequest,
    DecisionAnswer,
    DecisionRequest,
    QueueAnswer,
    QueueItemDetailAnswer,
    ReasonsAnswer,
    represent,
)
from moderation.workflow import Actor, apply

UNDONE = gettext_lazy(
    "Non appliquée : une autre décision du lot a été refusée, et vous avez demandé tout ou rien."
)
ETAG = re.compile(r'(?:W/)?"([0-9]{1,10})"')


def _text(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=description)


def _yes_no(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, enum=["oui", "non"], description=description)


class QueueView(APIView):
    """The queue of one's own territory."""

    @extend_schema(
        operation_id="moderation_contributions_list",
        summary="La file de son territoire, du plus ancien au plus récent",
        parameters=[
            _text(
                "status",
                "État, par exemple SUBMITTED ; ou `a-decider` (ce qu'on attend de vous), `mis-en-attente`, "
                "`transmis` (à un autre niveau) ; tous les états si absent.",
            ),
            _text("commune", "Code INSEE."),
            _text("couche", "Identifiant de la couche."),
            _text("bbox", "ouest,sud,est,nord en degrés (WGS84)."),
            OpenApiParameter("age", OpenApiTypes.INT, description="Reçus il y a plus de tant de jours."),
            _yes_no("limite", "À moins de 100 m d'une autre commune."),
            _yes_no("photo", "Avec au moins une photo, ou sans."),
            OpenApiParameter(
                "auteur", OpenApiTypes.UUID, description="Du même auteur que ce signalement, chez vous."
            ),
            _text("reference", "Premiers caractères de l'identifiant, quatre au moins."),
            OpenApiParameter(
                "groupes",
                OpenApiTypes.STR,
                enum=["oui", "non"],
                description="Par groupes qui disent la même chose : `group` nomme le plus ancien de chacun, "
                "et `limit` compte des groupes.",
            ),
            _text("after", "Repère de la page suivante, donné par `next`."),
            _text("depuis", "Début de la fenêtre où l'on groupe, donné par `next`."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="De 1 à 100, 50 par défaut."),
        ],
        responses={200: QueueAnswer, 422: OpenApiResponse(description="Filtre refusé.")},
    )
    def get(self, request: Request) -> Response:
        """Return one page of what the reader may see."""
        user, filters = signed_in(request), parse_filters(request.query_params)
        query = request.query_params.copy()
        if filters.grouped:
            rows, following, remaining = _grouped(user, filters)
        else:
            page = read_page(user, filters)
            rows = [represent(row) for row in page.rows]
            following = (page.next, None) if page.next else None
            remaining = page.remaining
        address = None
        if following:
            query["after"], query["depuis"] = str(following[0]), str(following[1] or "")
            address = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        body = {"remaining": remaining, "next": address, "results": rows}
        return _private(Response(QueueAnswer(body).data))


def _grouped(
    user: User, filters: Filters
) -> tuple[list[dict[str, Any]], tuple[Cursor, Cursor | None] | None, int]:
    """Return the members of one page of groups, each naming its leader, where to go on, and how many match."""
    couches = {couche.pk: couche for couche in Couche.objects.all()}
    cards = read_cards(user, filters, couches, count=filters.limit)
    leader = {line.id: one.leader.id for one in cards.groups for line in one.members}
    rows = {row.pk: row for row in in_full(visible_to(user)).filter(pk__in=leader)}
    found = [represent(rows[pk]) | {"group": first} for pk, first in leader.items() if pk in rows]
    return found, cards.next, cards.remaining


class ContributionView(APIView):
    """One contribution, as its official reads it."""

    @extend_schema(
        operation_id="moderation_contributions_retrieve",
        summary="Un signalement, son journal, ses voisins, ce qu'on peut en faire",
        responses={200: QueueItemDetailAnswer, 404: OpenApiResponse(description="Hors du territoire.")},
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Return the contribution with its ETag, the version to send back in If-Match."""
        user = signed_in(request)
        row = get_object_or_404(in_full(visible_to(user)), pk=pk)
        body = represent(row) | {
            "history": history_of(row),
            "duplicates": neighbours_of(row, user),
            "actions": [
                {"action": one.action, "allowed": one.allowed, "why_not": one.why_not}
                for one in gestures_of(row, user)
            ],
        }
        return _private(Response(QueueItemDetailAnswer(body).data, headers={"ETag": f'"{row.version}"'}))


class DecisionsView(APIView):
    """Decisions on one contribution."""

    @extend_schema(
        operation_id="moderation_decisions_create",
        summary="Décider",
        parameters=[
            OpenApiParameter(
                "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
                description="L'ETag reçu à la lecture : la version que vous aviez sous les yeux.",
            )
        ],
        request=DecisionRequest,
        responses={
            201: DecisionAnswer,
            403: OpenApiResponse(description="Le rôle ne permet pas ce geste."),
            404: OpenApiResponse(description="Hors du territoire."),
            409: OpenApiResponse(description="L'état ne permet pas ce geste."),
            412: OpenApiResponse(description="Quelqu'un a décidé entre-temps : qui, quoi, quand."),
            422: OpenApiResponse(description="Motif manquant ou inconnu, cible de fusion impossible."),
            428: OpenApiResponse(description="If-Match manque."),
        },
    )  # fmt: skip
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Take one decision on the version named by If-Match."""
        get_object_or_404(visible_to(request.user).only("pk"), pk=pk)
        version = _if_match(request)
        wanted = read_body(DecisionRequest(data=request.data))
        with refusals_as_answers():
            decision = apply(
                contribution_id=pk, actor=Actor.OFFICIAL, by=signed_in(request), version=version, **wanted
            )
        return _private(
            Response(DecisionAnswer(decision).data, status=201, headers={"ETag": f'"{decision.version}"'})
        )


class BatchView(APIView):
    """Decisions on many contributions."""

    @extend_schema(
        operation_id="moderation_decisions_batch",
        summary="Décider en lot, jusqu'à 100",
        request=BatchRequest,
        responses={
            200: BatchAnswer,
            409: OpenApiResponse(
                BatchAnswer, description="Mode « all » : une décision refusée, rien n'est écrit."
            ),
            422: OpenApiResponse(description="Lot mal formé."),
        },
    )
    def post(self, request: Request) -> Response:
        """Take them all or none (`all`), or each for itself (`each`), and tell what became of each."""
        wanted = read_body(BatchRequest(data=request.data))
        items = wanted["decisions"]
        if wanted["mode"] == "each":
            outcomes = {item["id"]: _outcome(request, item) for item in items}
            refused = False
        else:
            outcomes, refused = _all_or_nothing(request, items)
        body = {
            "applied": sum(one["applied"] for one in outcomes.values()),
            "results": [outcomes[item["id"]] for item in items],
        }
        return _private(Response(BatchAnswer(body).data, status=409 if refused else 200))


class ReasonsView(APIView):
    """The reasons: common ones, and those of a commune's territories."""

    @extend_schema(
        operation_id="moderation_motifs_list",
        summary="Les motifs, par couche",
        parameters=[
            _text("couche", "Identifiant de la couche ; tous les motifs si absent."),
            _text("commune", "Code INSEE : les motifs de ses territoires viennent avec les motifs communs."),
        ],
        responses={200: ReasonsAnswer, 404: OpenApiResponse(description="Hors du territoire.")},
    )
    def get(self, request: Request) -> Response:
        """Return code, label, public sentence and gestures of each reason."""
        slug = request.query_params.get("couche", "")
        wanted = parse_filters({"commune": request.query_params.get("commune", "")}).commune
        commune = None
        if wanted:
            mine = communes_for(signed_in(request), Gesture.SEE_QUEUE).defer("geom")
            commune = get_object_or_404(mine, pk=wanted)
        if slug and not (SLUG.fullmatch(slug) and Couche.objects.filter(slug=slug).exists()):
            raise Unprocessable({"couche": [_("Couche inconnue : choisissez-en une dans /api/v1/couches/.")]})
        if commune and not slug:
            raise Unprocessable(
                {"couche": [_("Donnez aussi la couche : les mots d'une commune en dépendent.")]}
            )
        found = reasons_for(slug, commune=commune) if slug else REASONS
        body = [
            {
                "code": one.code,
                "label": str(one.label),
                "public_text": str(one.public_text),
                "actions": sorted(one.actions),
            }
            for one in found
        ]
        return Response(ReasonsAnswer({"results": body}).data)


def _if_match(request: Request) -> int:
    """Return the version that If-Match names. Raises PreconditionRequired when there is none to read."""
    found = ETAG.fullmatch(request.headers.get("If-Match", "").strip())
    if found is None:
        raise PreconditionRequired
    return int(found[1])


def _outcome(request: Request, item: dict[str, Any]) -> dict[str, Any]:
    """Decide on one item of a batch; a refusal is an answer here, not an error."""
    refusal: Exception | None = None
    decision: Decision | None = None
    if visible_to(request.user).filter(pk=item["id"]).exists():
        try:
            decision = apply(
                contribution_id=item["id"],
                actor=Actor.OFFICIAL,
                by=signed_in(request),
                **{name: value for name, value in item.items() if name != "id"},
            )
            code = 201
        except (Refusal, Forbidden, ValidationError) as error:
            refusal, code = error, as_api_exception(error).status_code
    else:
        code, refusal = 404, NotVisible()
    return {
        "id": item["id"],
        "applied": decision is not None,
        "code": code,
        "status": decision.to_status if decision else None,
        "version": decision.version if decision else None,
        "detail": " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal or ""),
    }


def _all_or_nothing(
    request: Request, items: list[dict[str, Any]]
) -> tuple[dict[uuid.UUID, dict[str, Any]], bool]:
    """Decide on every item in one transaction; return the outcomes and whether all was undone.

    In the order of the ids, so that two batches that cross never wait for each other in a ring.
    """
    with transaction.atomic():
        outcomes = {item["id"]: _outcome(request, item) for item in sorted(items, key=lambda one: one["id"])}
        refused = not all(one["applied"] for one in outcomes.values())
        if refused:
            transaction.set_rollback(True)
    if refused:
        for one in outcomes.values():
            if one["applied"]:
                one |= {"applied": False, "code": 424, "status": None, "version": None, "detail": str(UNDONE)}
    return outcomes, refused


def _private(response: Response) -> Response:
    """Pending data is for its reader alone: no cache keeps it."""
    response["Cache-Control"] = "no-store"
    return response
