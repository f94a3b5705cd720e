"""The officials' pages: the queue, one report, a batch, a photo. Nothing here may be cached."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from comptes.models import Membership, User
from comptes.permissions import Forbidden, communes_for, may_publish
from comptes.roles import Gesture, Role
from contributions.models import Contribution, Photo
from contributions.photos import CONTENT_TYPE, open_photo
from couches.schemas import describe, title_of
from moderation.detail import (
    differences,
    gestures_of,
    history_of,
    neighbours_of,
    object_in_force,
)
from moderation.forms import BATCH_ACTIONS, MAX_LISTED_COMMUNES, BatchForm, DecisionForm, QueueFilterForm
from moderation.queue import Filters, Page, in_full, parse_filters, read_page, visible_to
from moderation.reasons import REASONS, local_rows, reasons_for
from moderation.refusals import NotAllowedFrom, Refusal, StaleVersion
from moderation.turns import desk_of
from moderation.workflow import Action, Actor, Status, apply, reason_required

WHO_ELSE = 8
MAX_DESK_COMMUNES = 30


@never_cache
@login_required
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Show what awaits a decision in one's own territory, oldest first."""
    user = _official(request)
    errors: dict[str, list[str]] = {}
    filters, page = Filters(), Page([], None, 0)
    try:
        filters = parse_filters(request.GET, default_status=Status.SUBMITTED)
        page = read_page(user, filters)
    except ValidationError as error:
        errors = error.message_dict
    communes = list(communes_for(user, Gesture.SEE_QUEUE).only("nom")[: MAX_LISTED_COMMUNES + 1])
    desk = list(communes_for(user, Gesture.ENTER_FOR_OTHERS).only("nom")[: MAX_DESK_COMMUNES + 1])
    query = request.GET.copy()
    query["after"] = str(page.next or "")
    shown = {"status": Status.SUBMITTED.value} | request.GET.dict()
    return render(
        request,
        "moderation/file.html",
        {
            "cards": [_card(row) for row in page.rows],
            "remaining": page.remaining,
            "next": query.urlencode() if page.next else "",
            "first_page": filters.after is None,
            "filter_form": QueueFilterForm(initial=shown, communes=communes),
            "errors": errors,
            "communes": communes,
            "batch_actions": BATCH_ACTIONS,
            "reasons": [one for one in REASONS if one.actions & set(BATCH_ACTIONS)],
            "may_publish": may_publish(user),
            "desk_communes": desk[:MAX_DESK_COMMUNES],
            "more_desk_communes": len(desk) > MAX_DESK_COMMUNES,
        },
        status=422 if errors else 200,
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one report with all that helps to decide; take the decision."""
    user = _official(request)
    row = get_object_or_404(in_full(visible_to(user)), pk=pk)
    if request.method != "POST":
        return _detail(request, user, row)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        told = [str(message) for found in form.errors.values() for message in found]
        return _detail(request, user, row, refusal=" ".join(told), status=422)
    try:
        decision = apply(contribution_id=pk, actor=Actor.OFFICIAL, by=user, **form.words())
    except (Refusal, Forbidden) as refusal:
        fresh = get_object_or_404(in_full(visible_to(user)), pk=pk)
        return _detail(request, user, fresh, refusal=str(refusal), status=_status_of(refusal))
    title = title_of(row.couche, row.attributes)
    messages.success(
        request,
        _("%(title)s, %(commune)s : %(outcome)s.")
        % {"title": title, "commune": row.commune.nom, "outcome": decision.outcome_label.lower()},
    )
    return redirect("moderation-queue")


@never_cache
@login_required
@require_POST
def batch(request: HttpRequest) -> HttpResponse:
    """Take the same decision on the ticked reports, each for itself, and tell what became of each."""
    user = _official(request)
    form = BatchForm(request.POST)
    if not form.is_valid():
        told = [str(message) for found in form.errors.values() for message in found]
        return render(request, "moderation/lot.html", {"refusal": " ".join(told)}, status=422)
    choices = form.cleaned_data.pop("choices")
    rows = {row.pk: row for row in in_full(visible_to(user)).filter(pk__in=[one.id for one in choices])}
    outcomes = [_outcome(user, rows.get(choice.id), choice.version, form.cleaned_data) for choice in choices]
    return render(
        request,
        "moderation/lot.html",
        {"outcomes": outcomes, "applied": sum(1 for one in outcomes if one["applied"])},
    )


@never_cache
@login_required
@require_GET
def photo(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """Serve a photo to those who see the queue of its commune, and to nobody else."""
    if pk > 2**63 - 1:
        raise Http404
    found = get_object_or_404(Photo, pk=pk, contribution__in=visible_to(_official(request)))
    try:
        stream = open_photo(found)
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(stream, content_type=CONTENT_TYPE, filename=f"photo-{found.pk}.webp")
    # Even a file that fooled the decoder runs nothing: no script, no frame, no origin.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _official(request: HttpRequest) -> User:
    assert not isinstance(request.user, AnonymousUser)  # noqa: S101  # login_required came first
    return request.user


def _card(row: Contribution) -> dict[str, Any]:
    return {
        "row": row,
        "title": title_of(row.couche, row.attributes),
        "answers": describe(row.couche, row.attributes),
    }


def _outcome(user: User, row: Contribution | None, version: int, words: dict[str, Any]) -> dict[str, Any]:
    if row is None:
        return {
            "applied": False,
            "title": _("Signalement"),
            "detail": _("Introuvable, ou hors de votre territoire."),
        }
    told = {"row": row, "title": title_of(row.couche, row.attributes)}
    try:
        decision = apply(contribution_id=row.pk, actor=Actor.OFFICIAL, by=user, version=version, **words)
    except (Refusal, Forbidden) as refusal:
        return told | {"applied": False, "detail": str(refusal)}
    return told | {"applied": True, "status": decision.to_status}


def _status_of(refusal: Exception) -> int:
    if isinstance(refusal, StaleVersion):
        return 412
    if isinstance(refusal, Forbidden):
        return 403
    return 409 if isinstance(refusal, NotAllowedFrom) else 422


def _detail(
    request: HttpRequest, user: User, row: Contribution, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    neighbours = neighbours_of(row, user)
    before = object_in_force(row) if row.feature_id else None
    return render(
        request,
        "moderation/signalement.html",
        {
            "row": row,
            "title": title_of(row.couche, row.attributes),
            "answers": describe(row.couche, row.attributes),
            "photos": row.photos.all(),
            "neighbours": neighbours,
            "before": before,
            "object_gone": row.feature_id is not None and before is None,
            "moved": before is not None and before.geom != row.geom,
            "differences": differences(row, before) if before and row.operation == "update" else [],
            "history": history_of(row),
            "gestures": _gestures(row, user, request.POST),
            "who_else": _who_else(row, user),
            "points": _points(row, request),
            "refusal": refusal,
        },
        status=status,
    )


def _gestures(row: Contribution, user: User, typed: Any) -> list[dict[str, Any]]:
    """Return the buttons with their reasons, and what was typed when a decision did not pass."""
    desk = desk_of(row)
    rows = local_rows([desk])
    return [
        {
            "action": one.action,
            "label": one.action.label,
            "why_not": one.why_not,
            "reasons": reasons_for(row.couche.slug, one.action, desk, rows=rows),
            "reason_required": reason_required(one.action),
            "is_merge": one.action == Action.MERGE,
            "is_refusal": one.action == Action.REJECT,
            "typed": typed if typed.get("action") == one.action else {},
        }
        for one in gestures_of(row, user)
    ]


def _who_else(row: Contribution, user: User) -> list[Membership]:
    """Return other people's live mandates to decide here, nearest territory first."""
    return list(
        Membership.objects.live()
        .covering(row.commune)
        .filter(role=Role.MODERATOR)
        .exclude(user=user)
        .select_related("user", "commune", "epci", "departement", "region")
        .defer("commune__geom")
        .distinct()
        .order_by("national", "region", "departement", "epci", "user")[:WHO_ELSE]
    )


def _points(row: Contribution, request: HttpRequest) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [row.geom.x, row.geom.y]},
                "properties": {
                    "titre": title_of(row.couche, row.attributes),
                    "url": request.path,
                    "statut": row.status,
                },
            }
        ],
    }
