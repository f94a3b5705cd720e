"""One report on one screen: all that helps to decide, and every gesture."""

import datetime as dt
import uuid
from typing import Any

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from comptes.authentication import signed_in
from comptes.models import Membership, User
from comptes.roles import Role
from contributions.models import Contribution
from couches.forms import AttributeForm
from couches.models import FeatureVersion
from couches.schemas import describe, title_of
from moderation.completing import completion_of
from moderation.delays import delay_of
from moderation.desk import desk_of
from moderation.detail import (
    differences,
    gestures_of,
    history_of,
    neighbours_of,
    object_in_force,
)
from moderation.edits import Edits
from moderation.forms import DecisionForm
from moderation.gestures import Item, take
from moderation.help import BY_ACTION
from moderation.queue import in_full
from moderation.reasons import local_rows, reasons_for
from moderation.scope import visible_to
from moderation.turns import LONGEST_HOLD, destinations
from moderation.views_completing import ASKING
from moderation.views_gestures import answer, remember, status_of, wants_json
from moderation.workflow import Action, reason_required

WHO_ELSE = 8
# What a card asks first; the others stand below, in fixed places.
MAIN_ACTIONS = (Action.ACCEPT, Action.COMPLETE, Action.RETURN, Action.MERGE, Action.REJECT)


@never_cache
@login_required
@csp_update(ASKING)  # type: ignore[arg-type]  # of a view with arguments
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one report with all that helps to decide; take the decision."""
    user = signed_in(request)
    row = _row(request, user, pk)
    if request.method != "POST":
        return _card(request, user, row)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        told = [str(message) for found in form.errors.values() for message in found]
        return _refused(request, user, row, None, " ".join(told))
    completing = form.cleaned_data["action"] == Action.COMPLETE
    completion = completion_of(row, request.POST) if completing else None
    questions = completion.questions if completion else None
    if questions is not None and not questions.is_valid():
        return _refused(request, user, row, questions, "")
    try:
        edits = None if questions is None else Edits(questions.to_attributes(), form.point())
    except ValidationError as error:
        return _refused(request, user, row, questions, " ".join(error.messages))
    return _decide(request, user, row, form, edits, questions)


def _refused(
    request: HttpRequest, user: User, row: Contribution, questions: AttributeForm | None, told: str
) -> HttpResponse:
    """Show the card again with all that was typed, and why; to our script, why."""
    if wants_json(request):
        said = [str(text) for texts in questions.errors.values() for text in texts] if questions else []
        return answer(
            request, request.POST.get("gesture", ""), [], detail=" ".join([told, *said]).strip(), status=422
        )
    return _card(request, user, row, questions=questions, refusal=told, status=422)


def _row(request: HttpRequest, user: User, pk: uuid.UUID) -> Contribution:
    """Return a report of this desk. Raises Http404."""
    return get_object_or_404(in_full(visible_to(user, practice=desk_of(request).practice)), pk=pk)


def _decide(
    request: HttpRequest,
    user: User,
    row: Contribution,
    form: DecisionForm,
    edits: Edits | None,
    questions: AttributeForm | None,
) -> HttpResponse:
    """Take the decision; back to the queue, or the card again with why not and all that was typed."""
    gesture = form.identifier()
    [outcome] = take(
        gesture=gesture,
        by=user,
        action=Action(form.cleaned_data["action"]),
        items=[Item(row.pk, form.cleaned_data["version"])],
        edits=edits,
        practice=row.practice_of_id is not None,
        **form.words(),
    )
    if wants_json(request):
        return answer(request, gesture, [outcome], status=200 if outcome.applied else status_of(outcome))
    if outcome.applied:
        remember(request, gesture, [outcome])
        return redirect(desk_of(request).base)
    fresh = _row(request, user, row.pk)
    return _card(request, user, fresh, questions=questions, refusal=outcome.detail, status=status_of(outcome))


def _card(
    request: HttpRequest,
    user: User,
    row: Contribution,
    *,
    questions: AttributeForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    neighbours = neighbours_of(row, user)
    before = object_in_force(row) if row.feature_id else None
    gestures = _gestures(row, user, request.POST)
    today = timezone.localdate()
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
            "gestures": [one for one in gestures if one["action"] in MAIN_ACTIONS],
            "other_gestures": [one for one in gestures if one["action"] not in MAIN_ACTIONS],
            "gesture": uuid.uuid4(),
            "retard": delay_of(row),
            "completion": completion_of(row, request.POST if questions is not None else None),
            "typed": request.POST,
            "destinations": destinations(row),
            "first_day": (today + dt.timedelta(days=1)).isoformat(),
            "last_day": (today + LONGEST_HOLD).isoformat(),
            "who_else": _who_else(row, user),
            "points": _points(row, before, request),
            "refusal": refusal,
        },
        status=status,
    )


def _gestures(row: Contribution, user: User, typed: Any) -> list[dict[str, Any]]:
    """Return the buttons with their reasons, and what was typed when a decision did not pass."""
    desk = row.handed_to or row.commune
    rows = local_rows([desk])
    return [
        {
            "action": one.action,
            "label": one.action.label,
            "why_not": one.why_not,
            "reasons": reasons_for(row.couche.slug, one.action, desk, rows=rows),
            "reason_required": reason_required(one.action),
            "aide": BY_ACTION.get(one.action),
            "typed": typed if typed.get("action") == one.action else {},
        }
        for one in gestures_of(row, user)
    ]


def _who_else(row: Contribution, user: User) -> list[Membership]:
    """Return other people's live mandates to decide at this desk, nearest territory first."""
    return list(
        Membership.objects.live()
        .covering(row.handed_to or row.commune)
        .filter(role=Role.MODERATOR)
        .exclude(user=user)
        .select_related("user", "delegated_by__user", "commune", "epci", "departement", "region")
        .defer("commune__geom")
        .distinct()
        .order_by("national", "region", "departement", "epci", "user")[:WHO_ELSE]
    )


def _points(row: Contribution, before: FeatureVersion | None, request: HttpRequest) -> dict[str, Any]:
    """Return the map's points: the report, and where the object it would move stands today."""
    title = title_of(row.couche, row.attributes)
    points = [_point(row.geom, title, row.status, request)]
    if before is not None and before.geom != row.geom:
        published = _("%(title)s : lieu publié aujourd'hui") % {"title": title}
        points.append(_point(before.geom, published, Contribution.Status.PUBLISHED, request))
    return {"type": "FeatureCollection", "features": points}


def _point(place: Point, title: str, status: str, request: HttpRequest) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [place.x, place.y]},
        "properties": {"titre": title, "url": request.path, "statut": status},
    }
