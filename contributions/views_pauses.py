"""The page where an official sees the pauses of their land, opens one and ends one."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from comptes.permissions import communes_for
from comptes.roles import Gesture
from comptes.views import SignedInRequest
from contributions import pauses as verbs
from contributions.models import Pause
from contributions.pause_form import CIRCLE, DEFAULT_RADIUS_M, PauseForm
from territoires.models import Commune

# Beyond, a list to choose from is no help, and a zone is drawn instead.
MAX_COMMUNES = 400
MAX_PAST = 20


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pauses(request: SignedInRequest) -> HttpResponse:
    """List the pauses of my land; show what another would do (POST), then open it (`etape=ouvrir`)."""
    verbs.check_may_pause(request.user)
    communes = _communes(request)
    if request.method != "POST":
        return _page(request, PauseForm(communes=communes, initial=_around(request)))
    form = PauseForm(request.POST, communes=communes)
    step = request.POST.get("etape", "")
    if step == "modifier":
        return _page(request, form, plain=True)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        asked = {"by": request.user, **form.where(), **form.rest()}
        if step != "ouvrir":
            return _preview(request, form, verbs.drawn_up(**asked))
        row = verbs.open_pause(**asked)
    except ValidationError as refusal:
        form.tell(refusal)
        return _page(request, form, status=422)
    messages.success(request, _("La pause est ouverte. %(announce)s") % {"announce": verbs.announce(row)})
    return redirect("pauses")


@never_cache
@login_required
@require_POST
def end(request: SignedInRequest, pk: int) -> HttpResponse:
    """End a pause now; one that goes beyond my land does not exist for me."""
    verbs.check_may_pause(request.user)
    try:
        verbs.end_pause(by=request.user, pk=pk)
    except (Pause.DoesNotExist, OverflowError) as error:
        raise Http404 from error
    messages.success(request, _("La pause est terminée : les signalements y sont de nouveau reçus."))
    return redirect("pauses")


def _communes(request: SignedInRequest) -> list[Commune]:
    own = communes_for(request.user, Gesture.DECIDE).current().order_by("nom")  # type: ignore[attr-defined]  # its manager's
    return list(own.only("nom", "chef_lieu")[:MAX_COMMUNES])


def _around(request: SignedInRequest) -> dict[str, Any]:
    """Return the form's beginning for `?signalement=`: a circle around that report."""
    try:
        place = verbs.place_of_report(request.user, uuid.UUID(request.GET.get("signalement", "")))
    except ValueError:
        place = None
    if place is None:
        return {}
    return {"extent": CIRCLE, "lat": place.y, "lon": place.x, "radius": DEFAULT_RADIUS_M}


def _preview(request: SignedInRequest, form: PauseForm, row: Pause) -> HttpResponse:
    context = {
        "form": form,
        "pause": _told(row, request, may_end=False),
        "annonce": verbs.announce(row),
        "attendent": verbs.waiting_in(row),
    }
    return render(request, "contributions/pause.html", context)


def _page(
    request: SignedInRequest, form: PauseForm, status: int = 200, *, plain: bool = False
) -> HttpResponse:
    if plain:
        # Back from the preview: what was entered, without judging it once more.
        form = PauseForm(communes=list(form.communes.values()), initial=_entered(form))
    seen = verbs.seen_by(request.user).select_related("couche", "created_by", "ended_by")
    endable = set(verbs.endable_by(request.user).to_come_or_live().values_list("pk", flat=True))
    open_now = list(seen.to_come_or_live())
    past = list(seen.exclude(pk__in=[row.pk for row in open_now])[:MAX_PAST])
    names = verbs.names_of([*open_now, *past])
    context = {
        "form": form,
        "ouvertes": [_told(row, request, may_end=row.pk in endable, names=names) for row in open_now],
        "passees": [_told(row, request, may_end=False, names=names) for row in past],
        "depart": next((one.chef_lieu for one in form.communes.values() if one.chef_lieu), None),
    }
    return render(request, "contributions/pauses.html", context, status=status)


def _entered(form: PauseForm) -> dict[str, str]:
    return {name: form.data[name] for name in form.fields if name in form.data}


def _told(
    row: Pause, request: SignedInRequest, *, may_end: bool, names: dict[str, str] | None = None
) -> dict[str, Any]:
    known = verbs.names_of([row]) if names is None else names
    here = [known[code] for code in row.codes_insee if code in known]
    return {
        "row": row,
        "lieu": verbs.words_of_place(row, here),
        "fin": verbs.say_until(row.until),
        "motif": Pause.Reason(row.reason_code).label,
        "anneaux": row.zone.coords if row.zone else None,
        "identifiant": f"zone-{row.pk}",
        "peut_finir": may_end,
    }
