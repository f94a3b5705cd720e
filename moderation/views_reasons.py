"""The pages where a territory keeps its own reasons: the list, one reason and its preview."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from comptes.views import SignedInRequest
from couches.models import Couche
from moderation.filters import SLUG
from moderation.forms_reasons import ReasonForm
from moderation.local_reasons import (
    AlreadyWorded,
    NotYourReasons,
    Territory,
    add_reason,
    check_editor,
    edit_reason,
    key_of,
    lines_of,
    rows_of,
    territories_of,
)
from moderation.models import TerritoryReason
from moderation.reason_preview import Preview, first_action, preview_of
from moderation.reasons import BY_CODE, OTHER, Reason
from territoires.models import Commune
from territoires.scope import parse_territory

MAX_ID = 2**63 - 1


@never_cache
@login_required
@require_GET
def reasons(request: SignedInRequest) -> HttpResponse:
    """Show the reasons of one of my territories for one couche, as its officials see them."""
    mine = territories_of(request.user)
    if not mine:
        raise NotYourReasons
    territory = _territory(request, mine)
    couches = list(Couche.objects.all())
    couche = next((one for one in couches if one.slug == request.GET.get("couche")), couches[0])
    return render(
        request,
        "moderation/motifs.html",
        {
            "territories": [(key_of(one), one) for one in mine],
            "territory": territory,
            "key": key_of(territory),
            "couches": couches,
            "couche": couche,
            "lines": lines_of(territory, couche),
        },
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_reason(request: SignedInRequest) -> HttpResponse:
    """Add a reason of its own to a territory, or put a common one in its words."""
    territory = _territory(request, territories_of(request.user))
    common = _common(request)
    couche = _couche(request)
    if request.method != "POST":
        form = ReasonForm(common=common, initial=_words_of(common, couche))
        return _page(request, form, territory, common)
    form = ReasonForm(request.POST, common=common)
    if not form.is_valid():
        return _page(request, form, territory, common, status=422)
    if request.POST.get("geste") == "apercu":
        return _page(request, form, territory, common)
    words = {name: value for name, value in form.cleaned_data.items() if name != "active"}
    try:
        add_reason(by=request.user, territory=territory, replaces=common.code if common else "", **words)
    except AlreadyWorded as refusal:
        form.add_error(None, str(refusal))
        return _page(request, form, territory, common, status=409)
    messages.success(request, _("Motif enregistré : il est proposé dès maintenant."))
    return _to_list(territory, form.cleaned_data["couche"] or couche)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def one_reason(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change a reason, disable it, propose it again."""
    row = _row(request, pk)
    common = BY_CODE.get(row.replaces)
    if request.method != "POST":
        initial = {
            name: getattr(row, name) for name in ("label", "public_text", "actions", "active", "hidden")
        }
        return _page(request, ReasonForm(common=common, row=row, initial=initial), row.territory, common, row)
    form = ReasonForm(request.POST, common=common, row=row)
    if not form.is_valid():
        return _page(request, form, row.territory, common, row, status=422)
    if request.POST.get("geste") == "apercu":
        return _page(request, form, row.territory, common, row)
    words = {name: value for name, value in form.cleaned_data.items() if name != "couche"}
    edit_reason(by=request.user, reason=row, **words)
    messages.success(request, _("Motif enregistré. Les décisions déjà prises gardent leur texte."))
    return _to_list(row.territory, row.couche)


def _row(request: SignedInRequest, pk: int) -> TerritoryReason:
    """Return the reason within one's own territories; any other does not exist for this person."""
    if pk <= MAX_ID:
        for territory in territories_of(request.user):
            found = rows_of(territory).filter(pk=pk).first()
            if found is not None:
                return found
    raise Http404


def _territory(request: SignedInRequest, mine: list[Territory]) -> Territory:
    """Return the territory the address names, the first of mine when it names none. Raises NotYourReasons."""
    wanted = request.GET.get("territoire", "")
    if not wanted and not mine:
        raise NotYourReasons
    if not wanted:
        return mine[0]
    try:
        territory = parse_territory(wanted[:40])
    except ValidationError as error:
        raise Http404 from error
    if not isinstance(territory, Territory):
        raise NotYourReasons
    check_editor(request.user, territory)
    return territory


def _couche(request: SignedInRequest) -> Couche | None:
    slug = request.GET.get("couche", "")
    return Couche.objects.filter(slug=slug).first() if SLUG.fullmatch(slug) else None


def _common(request: SignedInRequest) -> Reason | None:
    code = request.GET.get("remplace", "")
    if not code:
        return None
    if code not in BY_CODE or code == OTHER:
        raise Http404
    return BY_CODE[code]


def _words_of(common: Reason | None, couche: Couche | None) -> dict[str, Any]:
    found: dict[str, Any] = {"couche": couche}
    if common is not None:
        found |= {"label": str(common.label), "public_text": str(common.public_text)}
    return found


def _to_list(territory: Territory, couche: Couche | None) -> HttpResponse:
    slug = f"&couche={couche.slug}" if couche else ""
    return redirect(f"/moderation/motifs/?territoire={key_of(territory)}{slug}")


def _page(
    request: SignedInRequest,
    form: ReasonForm,
    territory: Territory,
    common: Reason | None,
    row: TerritoryReason | None = None,
    status: int = 200,
) -> HttpResponse:
    return render(
        request,
        "moderation/motif.html",
        {
            "form": form,
            "territory": territory,
            "key": key_of(territory),
            "common": common,
            "row": row,
            "preview": _preview(form, territory, common),
            "asked": request.POST.get("geste") == "apercu" and form.is_valid(),
        },
        status=status,
    )


def _preview(form: ReasonForm, territory: Territory, common: Reason | None) -> Preview:
    said = form.cleaned_data if form.is_bound and form.is_valid() else form.initial
    actions = [str(one) for one in common.actions] if common else list(said.get("actions") or [])
    if isinstance(territory, Commune):
        nom = territory.nom
    else:
        nom = territory.communes.order_by("nom").values_list("nom", flat=True).first() or str(territory)
    return preview_of(
        action=first_action(actions),
        couche=said.get("couche") or form.about,
        commune=nom,
        text=said.get("public_text") or "",
    )
