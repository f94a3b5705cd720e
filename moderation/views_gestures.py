"""The forms' door of gestures: one card of the queue, a batch, and taking back what was just decided."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from comptes.authentication import signed_in
from comptes.models import User
from comptes.permissions import Forbidden
from contributions.models import Contribution
from couches.schemas import title_of
from moderation.desk import desk_of
from moderation.forms import GroupForm
from moderation.gestures import GroupRefused, Outcome, take, undo
from moderation.queue import COUNT_CEILING, in_full
from moderation.refusals import (
    DecidedAbove,
    GestureUnknown,
    NotAllowedFrom,
    NotVisible,
    OutOfTerritory,
    Refusal,
    SamePerson,
    StaleVersion,
    UndoRefused,
)
from moderation.scope import visible_to
from moderation.undoing import UNDO_WINDOW
from moderation.workflow import Action

# Where the last gesture is kept, for the button that takes it back on the next page.
LAST = "dernier_geste"


@never_cache
@login_required
@require_POST
def gesture(request: HttpRequest) -> HttpResponse:
    """Decide on one card of the queue: a report, or a group as one."""
    user = signed_in(request)
    form = GroupForm(request.POST)
    if not form.is_valid():
        told = " ".join(str(message) for found in form.errors.values() for message in found)
        if wants_json(request):
            return answer(request, request.POST.get("gesture", ""), [], detail=told, status=422)
        return render(request, "moderation/lot.html", {"refusal": told}, status=422)
    words = form.cleaned_data
    identifier = words["gesture"] or uuid.uuid4()
    try:
        outcomes = take(
            gesture=identifier,
            by=user,
            action=Action(words["action"]),
            items=words["choices"],
            together=True,
            practice=desk_of(request).practice,
            **{name: words[name] for name in ("reason_code", "public_reason", "into", "until", "to")},
        )
    except GroupRefused as refusal:
        status = status_of(refusal.outcome)
        if wants_json(request):
            return answer(request, identifier, [], detail=str(refusal), status=status)
        return show_outcomes(request, user, [refusal.outcome], refusal=str(refusal), status=status)
    if wants_json(request):
        return answer(request, identifier, outcomes)
    remember(request, identifier, outcomes)
    return redirect(desk_of(request).base)


@never_cache
@login_required
@require_POST
def undo_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Take back a gesture of one's own."""
    try:
        outcomes = undo(gesture=pk, by=signed_in(request))
    except (Refusal, Forbidden) as refusal:
        if wants_json(request):
            status = status_of_refusal(refusal)
            return answer(request, request.POST.get("gesture", ""), [], detail=str(refusal), status=status)
        messages.warning(request, str(refusal))
    else:
        if wants_json(request):
            return answer(request, request.POST.get("gesture", ""), outcomes)
        done = ngettext(
            "C'est annulé : le signalement attend de nouveau.",
            "C'est annulé : les %(n)d signalements attendent de nouveau.",
            len(outcomes),
        )
        messages.success(request, done % {"n": len(outcomes)})
    request.session.pop(_kept_at(request), None)
    return redirect(desk_of(request).base)


def remember(request: HttpRequest, identifier: uuid.UUID, outcomes: list[Outcome]) -> None:
    """Keep the click in the session, so that the next page can offer to take it back."""
    done = [one for one in outcomes if one.decision is not None]
    if not done:
        return
    first = done[0].decision
    assert first is not None  # noqa: S101  # filtered just above
    row = (
        Contribution.with_practice.select_related("couche", "commune")
        .defer("commune__geom")
        .get(pk=done[0].item.id)
    )
    request.session[_kept_at(request)] = {
        "id": str(identifier),
        "until": (first.at + UNDO_WINDOW).isoformat(),
        "said": _said(row, first.step_label or first.outcome_label, len(done)),
    }


def last_gesture(request: HttpRequest) -> dict[str, Any] | None:
    """Return what was just decided — `id`, `said`, `seconds` left to take it back — shown once, or None."""
    kept = request.session.pop(_kept_at(request), None)
    until = parse_datetime(kept["until"]) if kept else None
    if until is None:
        return None
    left = max(0, int((until - timezone.now()).total_seconds()))
    return {"id": kept["id"], "said": kept["said"], "seconds": left}


def _kept_at(request: HttpRequest) -> str:
    """What is practised is not offered to be taken back at the real desk."""
    return f"{LAST}_exercice" if desk_of(request).practice else LAST


def _said(row: Contribution, outcome: str, count: int) -> str:
    words = {
        "title": title_of(row.couche, row.attributes),
        "commune": row.commune.nom,
        "outcome": outcome.lower(),
        "n": count - 1,
    }
    if count == 1:
        return _("%(title)s, %(commune)s : %(outcome)s.") % words
    return (
        ngettext(
            "%(title)s, %(commune)s : %(outcome)s, avec %(n)d autre.",
            "%(title)s, %(commune)s : %(outcome)s, avec %(n)d autres.",
            count - 1,
        )
        % words
    )


STATUSES: list[tuple[type[Exception], int]] = [
    (StaleVersion, 412),
    (Forbidden, 403),
    (OutOfTerritory, 403),
    (DecidedAbove, 403),
    (SamePerson, 403),
    (NotVisible, 404),
    (NotAllowedFrom, 409),
    (UndoRefused, 409),
    (GestureUnknown, 404),
]


def status_of(outcome: Outcome) -> int:
    """Return the HTTP status of a decision that was not taken."""
    return status_of_refusal(outcome.refusal)


def status_of_refusal(refusal: Exception | None) -> int:
    """Return the HTTP status of a refusal; 422 where something typed can be changed."""
    return next((status for kind, status in STATUSES if isinstance(refusal, kind)), 422)


def wants_json(request: HttpRequest) -> bool:
    """Say whether our own script asks, which keeps the click until it is answered by its name."""
    return request.headers.get("Accept", "") == "application/json"


def answer(
    request: HttpRequest,
    identifier: uuid.UUID | str,
    outcomes: list[Outcome],
    *,
    detail: str = "",
    status: int = 200,
) -> JsonResponse:
    """Answer a click by its own id: what was applied, how many wait still, why not."""
    seen = visible_to(request.user, practice=desk_of(request).practice)
    waiting = seen.filter(status=Contribution.Status.SUBMITTED)
    body = {
        "id": str(identifier)[:36],
        "applied": sum(one.applied for one in outcomes),
        "remaining": waiting.order_by()[:COUNT_CEILING].count(),
        "detail": detail or " ".join(one.detail for one in outcomes if not one.applied),
    }
    return JsonResponse(body, status=status)


def show_outcomes(
    request: HttpRequest, user: User, outcomes: list[Outcome], *, refusal: str = "", status: int = 200
) -> HttpResponse:
    """Tell what became of each report of a click."""
    seen = in_full(visible_to(user, practice=desk_of(request).practice))
    rows = {row.pk: row for row in seen.filter(pk__in=[one.item.id for one in outcomes])}
    told = [
        {
            "row": rows.get(one.item.id),
            "title": title_of(rows[one.item.id].couche, rows[one.item.id].attributes)
            if one.item.id in rows
            else _("Signalement"),
            "applied": one.applied,
            "status": one.decision.to_status if one.decision else "",
            "detail": one.detail,
        }
        for one in outcomes
    ]
    context = {"outcomes": told, "applied": sum(one.applied for one in outcomes), "group_refusal": refusal}
    return render(request, "moderation/lot.html", context, status=status)
