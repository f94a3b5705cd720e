"""The officials' pages: the queue, a batch, a photo. Nothing here may be cached."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from comptes.models import User
from comptes.permissions import communes_for, may_publish
from comptes.roles import Gesture
from contributions.models import Contribution, Photo
from contributions.photos import CONTENT_TYPE, open_photo
from couches.schemas import describe, title_of
from moderation import tour
from moderation.desk import desk_of
from moderation.forms import BATCH_ACTIONS, MAX_LISTED_COMMUNES, BatchForm, QueueFilterForm
from moderation.gestures import take
from moderation.queue import Filters, Page, parse_filters, read_page
from moderation.reasons import REASONS
from moderation.scope import visible_to
from moderation.views_gestures import last_gesture, official, remember, show_outcomes
from moderation.workflow import Action, Status
from territoires.imaginary import ensure_sandbox
from territoires.models import Commune

MAX_DESK_COMMUNES = 30


@never_cache
@login_required
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Show what awaits a decision in one's own territory, or one's sandbox, oldest first."""
    user = official(request)
    practice = desk_of(request).practice
    errors: dict[str, list[str]] = {}
    filters, page = Filters(), Page([], None, 0)
    try:
        filters = parse_filters(request.GET, default_status=Status.SUBMITTED)
        page = read_page(user, filters, practice=practice)
    except ValidationError as error:
        errors = error.message_dict
    communes, desk_communes = ([ensure_sandbox()], []) if practice else _communes(user)
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
            "last": last_gesture(request),
            "communes": communes,
            "batch_actions": BATCH_ACTIONS,
            "reasons": [one for one in REASONS if one.actions & set(BATCH_ACTIONS)],
            "may_publish": not practice and may_publish(user),
            "offer_tour": not practice and bool(communes) and tour.is_to_offer(user),
            "desk_communes": desk_communes[:MAX_DESK_COMMUNES],
            "more_desk_communes": len(desk_communes) > MAX_DESK_COMMUNES,
        },
        status=422 if errors else 200,
    )


@never_cache
@login_required
@require_POST
def batch(request: HttpRequest) -> HttpResponse:
    """Take the same decision on the ticked reports, each for itself, and tell what became of each."""
    user = official(request)
    form = BatchForm(request.POST)
    if not form.is_valid():
        told = [str(message) for found in form.errors.values() for message in found]
        return render(request, "moderation/lot.html", {"refusal": " ".join(told)}, status=422)
    gesture = form.cleaned_data["gesture"] or uuid.uuid4()
    outcomes = take(
        gesture=gesture,
        by=user,
        action=Action(form.cleaned_data["action"]),
        items=form.cleaned_data["choices"],
        practice=desk_of(request).practice,
        reason_code=form.cleaned_data["reason_code"],
        public_reason=form.cleaned_data["public_reason"],
    )
    remember(request, gesture, outcomes)
    return show_outcomes(request, user, outcomes)


@never_cache
@login_required
@require_GET
def photo(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """Serve a photo to those who see the queue of its commune, and to nobody else."""
    if pk > 2**63 - 1:
        raise Http404
    seen = visible_to(official(request), practice=desk_of(request).practice)
    found = get_object_or_404(Photo, pk=pk, contribution__in=seen)
    try:
        stream = open_photo(found)
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(stream, content_type=CONTENT_TYPE, filename=f"photo-{found.pk}.webp")
    # Even a file that fooled the decoder runs nothing: no script, no frame, no origin.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _communes(user: User) -> tuple[list[Commune], list[Commune]]:
    """Return where `user` sees the queue, and where they enter for others; one more than is shown."""
    seen = communes_for(user, Gesture.SEE_QUEUE).only("nom")[: MAX_LISTED_COMMUNES + 1]
    entered = communes_for(user, Gesture.ENTER_FOR_OTHERS).only("nom")[: MAX_DESK_COMMUNES + 1]
    return list(seen), list(entered)


def _card(row: Contribution) -> dict[str, Any]:
    return {
        "row": row,
        "title": title_of(row.couche, row.attributes),
        "answers": describe(row.couche, row.attributes),
    }
