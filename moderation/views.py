"""The officials' pages beside queue and card: a batch, a photo. Nothing here may be cached."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from comptes.authentication import signed_in
from comptes.models import User
from contributions.models import Photo
from contributions.photos import CONTENT_TYPE, open_photo, open_small
from moderation.desk import desk_of
from moderation.forms import BatchForm
from moderation.gestures import GroupRefused, Item, Outcome, take
from moderation.scope import visible_to
from moderation.views_gestures import remember, show_outcomes
from moderation.workflow import Action


@never_cache
@login_required
@require_POST
def batch(request: HttpRequest) -> HttpResponse:
    """Take the same decision on the ticked cards, each for itself, and tell what became of each report."""
    user = signed_in(request)
    form = BatchForm(request.POST)
    if not form.is_valid():
        told = [str(message) for found in form.errors.values() for message in found]
        return render(request, "moderation/lot.html", {"refusal": " ".join(told)}, status=422)
    gesture = form.cleaned_data["gesture"] or uuid.uuid4()
    practice = desk_of(request).practice
    outcomes = [
        one
        for card in form.cleaned_data["cards"]
        for one in _decide(user, gesture, card, form, practice=practice)
    ]
    remember(request, gesture, outcomes)
    return show_outcomes(request, user, outcomes)


@never_cache
@login_required
@require_GET
def photo(request: HttpRequest, pk: int) -> FileResponse:
    """Serve a photo to those who see the queue of its commune, and to nobody else."""
    if pk > 2**63 - 1:
        raise Http404
    seen = visible_to(signed_in(request), practice=desk_of(request).practice)
    return serve_photo(get_object_or_404(Photo, pk=pk, contribution__in=seen), small="petite" in request.GET)


def serve_photo(found: Photo, *, small: bool = False) -> FileResponse:
    """Return the answer that holds a photo, whoever was let in; `small`, for a list.

    Raises Http404 when its file is lost or damaged.
    """
    try:
        stream = open_small(found) if small else open_photo(found)
    except OSError as error:
        raise Http404 from error
    response = FileResponse(stream, content_type=CONTENT_TYPE, filename=f"photo-{found.pk}.webp")
    # Even a file that fooled the decoder runs nothing: no script, no frame, no origin.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _decide(
    user: User, gesture: uuid.UUID, card: list[Item], form: BatchForm, *, practice: bool
) -> list[Outcome]:
    """Decide on one card of a batch: a group that is held back holds back no other card."""
    try:
        return take(
            gesture=gesture,
            by=user,
            action=Action(form.cleaned_data["action"]),
            items=card,
            together=len(card) > 1,
            practice=practice,
            reason_code=form.cleaned_data["reason_code"],
            public_reason=form.cleaned_data["public_reason"],
        )
    except GroupRefused as refusal:
        return [Outcome(item, refusal=refusal) for item in card]
