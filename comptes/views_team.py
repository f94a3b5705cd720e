"""`/equipe/`: who holds which role on a territory, invitations, and the end of a mandate."""

from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comptes import attestation, invitations
from comptes.forms_team import InviteForm, name_of
from comptes.invitations import InvitationRefused
from comptes.mandates import WITH_TERRITORY, Via, check_end, end
from comptes.models import Invitation, MandateEvent, Membership
from comptes.permissions import (
    Forbidden,
    NotAdministrator,
    SecondFactorRequired,
    check_granter,
    may_grant,
    roles_opening,
)
from comptes.querysets import Territory
from comptes.roles import Gesture
from comptes.views import SignedInRequest
from territoires.scope import parse_territory

PER_PAGE = 50
SHOWN_EVENTS = 20


@never_cache
@login_required
@require_safe
def team(request: SignedInRequest) -> HttpResponse:
    """Show the people, the roles and the pending invitations of `?territoire=`, or of one's own."""
    return _page(request, _territory(request))


@never_cache
@login_required
@require_POST
def invite(request: SignedInRequest) -> HttpResponse:
    """Write an invitation; an unknown and a known address read the same answer."""
    territory = _territory(request)
    form = InviteForm(request.POST, territory=territory)
    if not form.is_valid():
        return _page(request, territory, form, status=422)
    if not ratelimit.consume(request, action="invitation"):
        return render(request, "429.html", status=429)
    data = form.cleaned_data
    try:
        written = invitations.invite(
            by=request.user, email=data["email"], role=data["role"], territory=data["where"]
        )
    except Forbidden as refusal:
        form.add_error("where" if "where" in form.fields else None, str(refusal))
        return _page(request, territory, form, status=422)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, territory, form, status=422)
    told = _("Invitation écrite à %(email)s. Le lien vaut sept jours.") % {"email": written.email}
    if written.needs_approval:
        told = _("Une autre personne qui attribue les rôles doit approuver : elle vient d'être prévenue.")
    messages.success(request, told)
    return redirect(_address(territory))


@never_cache
@login_required
@require_POST
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Call an invitation off."""
    return _on_invitation(request, pk, approving=False)


@never_cache
@login_required
@require_POST
def approve(request: SignedInRequest, pk: int) -> HttpResponse:
    """Approve what another administrator wrote."""
    return _on_invitation(request, pk, approving=True)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def end_mandate(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask once, then end a mandate at once; a mandate of elsewhere does not exist."""
    mandate = get_object_or_404(Membership.objects.with_places("user", "delegated_by"), pk=pk)
    try:
        check_end(request.user, mandate)
    except SecondFactorRequired:
        raise
    except Forbidden as refusal:
        raise Http404 from refusal
    if request.method != "POST":
        return render(
            request, "comptes/fin_de_mandat.html", {"mandate": mandate, "own": mandate.user == request.user}
        )
    if end(mandate_id=pk, by=request.user, via=Via.PERSON):
        told = _("C'est fait : %(who)s n'a plus ce mandat (%(mandate)s).")
        messages.success(request, told % {"who": mandate.user, "mandate": mandate})
    own = mandate.user_id == request.user.pk or not may_grant(request.user, mandate.territory)
    return redirect("compte" if own else _address(mandate.territory))


@never_cache
@login_required
@require_POST
def attest(request: SignedInRequest) -> HttpResponse:
    """Confirm in one click all that is due in the territory."""
    territory = _territory(request)
    count = attestation.attest_team(by=request.user, territory=territory)
    told = ngettext("%(n)d mandat confirmé pour un an.", "%(n)d mandats confirmés pour un an.", count)
    messages.success(request, told % {"n": count})
    return redirect(_address(territory))


def _on_invitation(request: SignedInRequest, pk: int, *, approving: bool) -> HttpResponse:
    try:
        if approving:
            invitations.approve(by=request.user, pk=pk)
            messages.success(request, _("Invitation approuvée : le courriel part."))
        else:
            invitations.cancel(by=request.user, pk=pk)
            messages.success(request, _("Invitation annulée : son lien n'ouvre plus rien."))
    except Invitation.DoesNotExist as error:
        raise Http404 from error
    except NotAdministrator as refusal:
        # One's own waits for somebody else; another territory's does not exist.
        if not Invitation.objects.filter(pk=pk, created_by=request.user).exists():
            raise Http404 from refusal
        messages.error(request, _("Une autre personne doit approuver ce que vous avez écrit."))
    except InvitationRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("compte-absence" if request.POST.get("absence") else "equipe")


def _territory(request: SignedInRequest) -> Territory | None:
    """Return the territory asked for, or the first of one's own. Raises Forbidden, Http404."""
    own = _own(request)
    if not own:
        raise NotAdministrator
    asked = request.POST.get("territoire") or request.GET.get("territoire")
    if not asked:
        return own[0].territory
    try:
        territory = parse_territory(asked) if asked != "france" else None
    except ValidationError as error:
        raise Http404 from error
    check_granter(request.user, territory)
    return territory


def _own(request: SignedInRequest) -> list[Membership]:
    rows = Membership.objects.live().filter(user=request.user, role__in=roles_opening(Gesture.GRANT_ROLES))
    return list(rows.with_places().order_by("-national", "pk"))


def _address(territory: Territory | None) -> str:
    return f"{reverse('equipe')}?territoire={name_of(territory) or 'france'}"


def _page(
    request: SignedInRequest, territory: Territory | None, form: InviteForm | None = None, status: int = 200
) -> HttpResponse:
    live = Membership.objects.filter(Q(ends=None) | Q(ends__gt=timezone.now()), user__is_active=True)
    people = live.inside(territory).with_places("user", "delegated_by__user")
    pending = Invitation.objects.pending().inside(territory).with_places("created_by")
    pending = pending.filter(delegation_of=None).order_by("-created_at")
    context: dict[str, Any] = {
        "territory": territory,
        "territory_name": name_of(territory) or "france",
        "own": [(name_of(one.territory) or "france", one.territory) for one in _own(request)],
        "page_obj": Paginator(people.order_by("user__display_name", "user_id", "pk"), PER_PAGE).get_page(
            request.GET.get("page")
        ),
        "pending": pending[:PER_PAGE],
        "due": attestation.due_in(territory),
        "events": _events(territory),
        "form": form or InviteForm(territory=territory),
        "today": timezone.localdate(),
    }
    return render(request, "comptes/equipe.html", context, status=status)


def _events(territory: Territory | None) -> list[MandateEvent]:
    mandates, offers = Membership.objects.inside(territory), Invitation.objects.inside(territory)
    rows = MandateEvent.objects.filter(Q(membership__in=mandates) | Q(invitation__in=offers))
    linked = [f"{one}__{name}" for one in ("membership", "invitation") for name in WITH_TERRITORY]
    return list(
        rows.select_related("by", "membership__user", *linked).defer(
            "membership__commune__geom", "invitation__commune__geom"
        )[:SHOWN_EVENTS]
    )
