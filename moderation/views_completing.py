"""The pages where a town hall completes what is published: its list, and one feature."""

import uuid
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from comptes.permissions import communes_for
from comptes.roles import Gesture
from comptes.views import SignedInRequest
from contributions.submission import PayloadConflict
from moderation.completing import (
    Completion,
    FeatureChanged,
    build,
    complete_feature,
    differences_with,
    read_form,
)
from moderation.features import (
    CEILING,
    PAGE,
    State,
    couches_to_complete,
    kept_by,
    read_state,
    states_of,
    worst_first,
)
from moderation.filters import parse_filters
from moderation.forms_queue import MAX_LISTED_COMMUNES
from moderation.refusals import Refusal
from moderation.workflow import Status

# A page where an address is completed asks the State's geocoder, and nobody else.
ASKING: dict[str, Any] = {"connect-src": [settings.GEOCODER_ORIGIN] if settings.GEOCODER_ORIGIN else []}


@never_cache
@login_required
@require_GET
def features(request: SignedInRequest) -> HttpResponse:
    """List the features of my communes, the least complete first."""
    communes = list(
        communes_for(request.user, Gesture.ENTER_FOR_OTHERS).only("nom")[: MAX_LISTED_COMMUNES + 1]
    )
    couches = couches_to_complete()
    wanted = {name: request.GET.get(name, "") for name in ("couche", "commune")}
    errors: dict[str, list[str]] = {}
    try:
        filters = parse_filters(wanted)
    except ValidationError as error:
        errors = error.message_dict
    rows = kept_by(request.user).none() if errors else kept_by(request.user)
    if not errors and filters.commune:
        rows = rows.filter(commune=filters.commune)
    chosen = [one for one in couches if errors or filters.couche in ("", one.slug)]
    page = Paginator(worst_first(rows, chosen), PAGE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    return render(
        request,
        "moderation/fiches.html",
        {
            "states": states_of(list(page.object_list)),
            "page_obj": page,
            "prefixe": f"{kept.urlencode()}&" if kept else "",
            "cut": page.paginator.count == CEILING,
            "ceiling": CEILING,
            "couches": couches,
            "communes": communes,
            "list_communes": len(communes) <= MAX_LISTED_COMMUNES,
            "wanted": wanted,
            "errors": errors,
        },
        status=422 if errors else 200,
    )


@never_cache
@login_required
@csp_update(ASKING)  # type: ignore[arg-type]  # of a view with arguments
@require_http_methods(["GET", "HEAD", "POST"])
def feature(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one feature with its gauge and the form that completes it; save it."""
    state = read_state(pk, request.user)
    if state is None:
        raise Http404
    row = state.row
    if request.method != "POST":
        return _page(request, state, build(row.couche, state.attributes, state.geom, row.commune))
    completion = build(row.couche, state.attributes, state.geom, row.commune, request.POST)
    try:
        identifier = uuid.UUID(request.POST.get("id", ""))
    except ValueError:
        identifier = uuid.uuid4()
    try:
        attributes, point = read_form(completion)
    except ValidationError:
        return _page(request, state, completion, status=422)
    try:
        done = complete_feature(
            by=request.user, feature_id=pk, attributes=attributes, point=point,
            base=request.POST.get("base", ""), identifier=identifier,
        )  # fmt: skip
    except (Refusal, PayloadConflict) as refusal:
        compared = differences_with(state, attributes) if isinstance(refusal, FeatureChanged) else []
        status = 412 if isinstance(refusal, FeatureChanged) else 422
        return _page(request, state, completion, refusal=str(refusal), compared=compared, status=status)
    except ValidationError as error:
        return _page(request, state, completion, refusal=" ".join(error.messages), status=422)
    if done is None:
        raise Http404
    if done.status == Status.SUBMITTED:
        messages.success(request, _("C'est enregistré. La personne qui décide doit encore l'accepter."))
    else:
        messages.success(request, _("C'est enregistré. La prochaine version publiée en tiendra compte."))
    return redirect("moderation-feature", pk=pk)


def _page(
    request: SignedInRequest,
    state: State,
    completion: Completion,
    *,
    refusal: str = "",
    compared: list[Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    return render(
        request,
        "moderation/fiche.html",
        {
            "state": state,
            "row": state.row,
            "completion": completion,
            "identifier": uuid.uuid4(),
            "refusal": refusal,
            "compared": compared or [],
        },
        status=status,
    )
