"""The page a mailed link opens: it shows a report, and decides when a button is pressed.

No account and no cookie: the token is the secret, and the browser says where the form was. GET and
HEAD, which mail scanners send by the dozen, change nothing.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from comptes.permissions import Forbidden
from contributions.origin import check_origin
from couches.schemas import describe, title_of
from moderation.awaited import awaited_by, deciders
from moderation.delays import delay_of
from moderation.detail import differences, gestures_of, history_of, neighbours_of, object_in_force
from moderation.forms_mail import LinkDecisionForm
from moderation.letter_items import nearest_hamlet
from moderation.links import LINK_ACTIONS, Closed, check_link, decide_by_link, find_link, undo_by_link
from moderation.models import DecisionLink
from moderation.reasons import local_rows, reasons_for
from moderation.refusals import (
    DecidedAbove,
    NotAllowedFrom,
    OutOfTerritory,
    Refusal,
    SamePerson,
    StaleVersion,
)
from moderation.views import serve_photo
from moderation.workflow import Action, Status, last_decision, reason_required

# Whoever the link was written to may not decide any more, or not on this.
NO_RIGHT = (Forbidden, OutOfTerritory, DecidedAbove, SamePerson)
View = Callable[..., HttpResponseBase]


def discreet(view: View) -> View:
    """Keep a page out of caches, of search engines and of the addresses that browsers pass on.

    `same-origin` rather than `no-referrer`: the latter makes browsers send `Origin: null` with the
    form, and nothing would tell it from a form on another site.
    """

    @wraps(view)
    def discreetly(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex"
        return response

    return never_cache(discreetly)


@csrf_exempt  # no cookie, hence no token: `check_origin` looks at where the form was
@discreet
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Show the report to whom the letter was written; take their decision."""
    try:
        found = find_link(token)
    except DecisionLink.DoesNotExist:
        return render(request, "moderation/lien_ferme.html", {"unknown": True}, status=404)
    if request.method == "POST":
        check_origin(request)
        return _undo(request, token, found) if "undo" in request.POST else _decide(request, token, found)
    try:
        check_link(found)
    except (Refusal, Forbidden) as refusal:
        return _closed(request, found, refusal)
    return _page(request, found)


@discreet
@require_safe
def link_photo(request: HttpRequest, token: str, n: int) -> FileResponse:
    """Serve the photo number `n` of the link's report, as long as the link decides."""
    try:
        found = find_link(token)
        check_link(found)
    except (DecisionLink.DoesNotExist, Refusal, Forbidden) as error:
        raise Http404 from error
    return serve_photo(get_object_or_404(found.contribution.photos, rank=min(n, 2**15 - 1)))


def _decide(request: HttpRequest, token: str, found: DecisionLink) -> HttpResponse:
    form = LinkDecisionForm(request.POST)
    try:
        if not form.is_valid():
            check_link(found)
            told = [str(message) for messages in form.errors.values() for message in messages]
            return _page(request, found, refusal=" ".join(told), status=422)
        decision = decide_by_link(token, **form.cleaned_data)
    except (*NO_RIGHT, Closed, StaleVersion) as refusal:
        fresh = find_link(token)
        if isinstance(refusal, StaleVersion) and fresh.contribution.status == Status.SUBMITTED:
            # The author corrected meanwhile: the link still decides, on what is read again.
            return _page(request, fresh, refusal=str(refusal), status=412)
        return _closed(request, fresh, refusal)
    except Refusal as refusal:
        status = 409 if isinstance(refusal, NotAllowedFrom) else 422
        return _page(request, found, refusal=str(refusal), status=status)
    context = {
        "decision": decision,
        "title": title_of(found.contribution.couche, found.contribution.attributes),
        "row": found.contribution,
        "author_is_told": hasattr(found.contribution, "contact"),
        "remaining": sum(awaited_by(one).count() for one in deciders().filter(user=found.user)),
    }
    return render(request, "moderation/lien_fait.html", context)


def _undo(request: HttpRequest, token: str, found: DecisionLink) -> HttpResponse:
    """Take back what was just decided and show the report again, or say why it is too late."""
    try:
        undo_by_link(token)
    except (Refusal, Forbidden) as refusal:
        return _closed(request, found, refusal)
    return _page(request, find_link(token), done=_("Décision annulée : ce signalement attend de nouveau."))


def _page(
    request: HttpRequest, found: DecisionLink, *, refusal: str = "", done: str = "", status: int = 200
) -> HttpResponse:
    row, user = found.contribution, found.user
    before = object_in_force(row) if row.feature_id else None
    context = {
        "link": found,
        "row": row,
        "title": title_of(row.couche, row.attributes),
        "answers": describe(row.couche, row.attributes),
        "hamlet": nearest_hamlet(row),
        "photos": list(row.photos.all()),
        "token": request.resolver_match.kwargs["token"] if request.resolver_match else "",
        "before": before,
        "object_gone": row.feature_id is not None and before is None,
        "moved": before is not None and before.geom != row.geom,
        "differences": differences(row, before) if before and row.operation == "update" else [],
        "neighbours": neighbours_of(row, user),
        "history": history_of(row),
        "retard": delay_of(row),
        "changed_since": row.version != found.version,
        "gestures": _gestures(found, request.POST),
        "points": _points(found),
        "refusal": refusal,
        "done": done,
    }
    return render(request, "moderation/lien.html", context, status=status)


def _gestures(found: DecisionLink, typed: Any) -> list[dict[str, Any]]:
    """Return the buttons with their reasons, and what was typed when a decision did not pass."""
    row = found.contribution
    desk = row.handed_to or row.commune
    rows = local_rows([desk])
    return [
        {
            "action": one.action,
            "label": one.action.label,
            "why_not": one.why_not,
            "reasons": reasons_for(row.couche.slug, one.action, desk, rows=rows),
            "reason_required": reason_required(one.action),
            "is_refusal": one.action == Action.REJECT,
            "typed": typed if typed.get("action") == one.action else {},
        }
        for one in gestures_of(row, found.user)
        if one.action in LINK_ACTIONS
    ]


def _closed(request: HttpRequest, found: DecisionLink, refusal: Exception) -> HttpResponse:
    """Say why the link decides nothing, who decided what and when; to an ex-official, nothing of the report."""
    if isinstance(refusal, NO_RIGHT):
        sentence = _("%(why)s Ce lien avait été envoyé à une personne qui pouvait décider ici.")
        context: dict[str, Any] = {"refusal": sentence % {"why": refusal}}
        return render(request, "moderation/lien_ferme.html", context, status=403)
    row = found.contribution
    decision = last_decision(row) if row.status != Status.SUBMITTED else None
    context = {
        "row": row,
        "title": title_of(row.couche, row.attributes),
        "refusal": str(refusal),
        "decision": decision,
        "by_me": decision is not None and decision.by_id == found.user_id,
    }
    # 412 to who has just chosen, when somebody was quicker: the choice was not applied.
    status = 412 if isinstance(refusal, StaleVersion) else 410
    return render(request, "moderation/lien_ferme.html", context, status=status)


def _points(found: DecisionLink) -> dict[str, Any]:
    row = found.contribution
    properties = {"titre": title_of(row.couche, row.attributes), "url": "#ou", "statut": row.status}
    geometry = {"type": "Point", "coordinates": [row.geom.x, row.geom.y]}
    feature = {"type": "Feature", "geometry": geometry, "properties": properties}
    return {"type": "FeatureCollection", "features": [feature]}
