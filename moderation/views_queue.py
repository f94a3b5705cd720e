"""The queue's page: what awaits a decision, as cards, the first open. Nothing here may be cached."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from comptes.authentication import signed_in
from comptes.models import User
from comptes.permissions import communes_for, may_publish
from comptes.roles import Gesture
from couches.models import Couche
from moderation import saved_filters, tour
from moderation.cards import Card, deal
from moderation.desk import desk_of
from moderation.digests import next_digest_day
from moderation.filters import ABOVE, HELD, MINE, Filters, parse_filters
from moderation.forms import BATCH_ACTIONS
from moderation.forms_queue import MAX_LISTED_COMMUNES, QueueFilterForm
from moderation.local_reasons import territories_of
from moderation.queue import COUNT_CEILING, Cards, read_cards, set_aside
from moderation.reasons import REASONS, Reason
from moderation.scope import desks_of
from moderation.views_gestures import last_gesture
from moderation.workflow import Status
from territoires.models import Commune

MAX_DESK_COMMUNES = 30
# What the address says of the page, not of the list: which card is open, or the only one asked.
OPENED, ONLY = "ouvrir", "carte"


@never_cache
@login_required
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Show what awaits a decision in one's own territory, oldest first; or one card of it, opened."""
    user, practice = signed_in(request), desk_of(request).practice
    couches = list(Couche.objects.all())
    errors: dict[str, list[str]] = {}
    filters, page, cards = Filters(status=MINE), Cards([], None, 0), list[Card]()
    try:
        filters = parse_filters(request.GET, default_status=MINE)
        page = read_cards(user, filters, {one.pk: one for one in couches}, practice=practice)
        cards = deal(user, page.groups, _asked(request), practice=practice)
    except ValidationError as error:
        errors = error.message_dict
    if ONLY in request.GET and not errors:
        return _only(request, cards)
    return render(
        request,
        "moderation/file.html",
        {
            "cards": cards,
            "last": last_gesture(request),
            "remaining": page.remaining,
            "ceiling": page.remaining >= COUNT_CEILING,
            "query": _query(request),
            "next": _next(request, page),
            "errors": errors,
            "filters": filters,
            "narrowed": filters.narrow,
            "is_mine": filters.status == MINE,
            "heading": _heading(filters),
            "aside": set_aside(user, practice=practice) if not cards and filters.status == MINE else {},
            "next_digest": "" if practice or cards else date_format(next_digest_day(), "l j F"),
            "batch_actions": BATCH_ACTIONS,
            "reasons": _batch_reasons(cards),
            **({} if practice else saved_filters.context(user, request.GET.urlencode())),
            **_around(user, request, couches),
        },
        status=422 if errors else 200,
    )


def _around(user: User, request: HttpRequest, couches: list[Couche]) -> dict[str, Any]:
    """Return what stands beside the list: the filters' form, the desk's papers, the way to publish."""
    practice = desk_of(request).practice
    communes = list(desks_of(user, practice=practice).only("nom")[: MAX_LISTED_COMMUNES + 1])
    entered = Commune.objects.none() if practice else communes_for(user, Gesture.ENTER_FOR_OTHERS)
    desk = list(entered.only("nom")[: MAX_DESK_COMMUNES + 1])
    shown = {"status": MINE} | request.GET.dict()
    return {
        "communes": communes,
        "several": len(communes) > 1,
        "filter_form": QueueFilterForm(initial=shown, communes=communes, couches=couches),
        "desk_communes": desk[:MAX_DESK_COMMUNES],
        "more_desk_communes": len(desk) > MAX_DESK_COMMUNES,
        "may_word": not practice and bool(territories_of(user)),
        "may_publish": not practice and may_publish(user),
        "offer_tour": not practice and bool(communes) and tour.is_to_offer(user),
    }


def _asked(request: HttpRequest) -> uuid.UUID | None:
    """Return the report whose card is asked open. Raises ValidationError for what is no id."""
    name = ONLY if ONLY in request.GET else OPENED
    raw = request.GET.get(name, "")
    try:
        return uuid.UUID(raw) if raw else None
    except ValueError as error:
        raise ValidationError({name: [_("Ce signalement est inconnu : repartez de la liste.")]}) from error


def _only(request: HttpRequest, cards: list[Card]) -> HttpResponse:
    """Return the card asked for, alone: what a script puts in the place of a line."""
    asked = _asked(request)
    for card in cards:
        if card.is_open and any(line.id == asked for line in card.group.members):
            return render(
                request, "moderation/composants/carte.html", {"card": card, "query": _query(request)}
            )
    raise Http404


def _query(request: HttpRequest) -> str:
    """Return the list's own part of the address."""
    query = request.GET.copy()
    for name in (OPENED, ONLY):
        query.pop(name, None)
    return query.urlencode()


def _next(request: HttpRequest, page: Cards) -> str:
    if page.next is None:
        return ""
    query = request.GET.copy()
    query.pop(OPENED, None)
    after, since = page.next
    query["after"], query["depuis"] = str(after), str(since or "")
    return query.urlencode()


def _heading(filters: Filters) -> str:
    if filters.status == MINE:
        return _("À décider")
    if filters.status == Status.SUBMITTED:
        return str(Status.SUBMITTED.label)
    if filters.status == HELD:
        return _("Mis en attente")
    return _("Transmis") if filters.status == ABOVE else _("Signalements")


def _batch_reasons(cards: list[Card]) -> list[Reason]:
    """Return the reasons that suit the couches on the page."""
    slugs = {card.row.couche.slug for card in cards}
    return [
        one
        for one in REASONS
        if one.actions & set(BATCH_ACTIONS) and (not one.couches or one.couches & slugs)
    ]
