"""`/compte/absence/`: who decides in my place, from when to when; and my own yearly confirmation."""

from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from comptes import attestation, delegation
from comptes.forms_team import AbsenceForm
from comptes.models import Invitation, Membership
from comptes.permissions import Forbidden
from comptes.views import SignedInRequest


class NothingToLend(Forbidden):
    """No mandate of one's own to lend."""

    message = gettext_lazy(
        "Se faire remplacer demande un mandat de décision en cours, à soi : une délégation ne se délègue pas."
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def absence(request: SignedInRequest) -> HttpResponse:
    """Show my delegations; give another."""
    mandates = list(delegation.own_mandates(request.user))
    if not mandates:
        raise NothingToLend
    colleagues = list(delegation.colleagues(request.user))
    form = AbsenceForm(request.POST or None, mandates=mandates, colleagues=colleagues)
    if request.method != "POST":
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    if not ratelimit.consume(request, action="invitation"):
        return render(request, "429.html", status=429)
    try:
        given = _delegate(request, form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, form, status=422)
    except Membership.DoesNotExist as error:
        raise NothingToLend from error
    told = _("C'est noté : la personne choisie décide à votre place pendant cette période.")
    if isinstance(given, Invitation):
        told = _("Invitation envoyée : la personne décidera à votre place dès qu'elle l'aura acceptée.")
    messages.success(request, told)
    return redirect("compte-absence")


@never_cache
@login_required
@require_POST
def attest(request: SignedInRequest) -> HttpResponse:
    """Say that I still hold my offices."""
    if attestation.attest_own(by=request.user):
        messages.success(request, _("Merci : votre mandat est confirmé pour un an."))
    return redirect("compte")


def _delegate(request: SignedInRequest, data: dict[str, Any]) -> Membership | Invitation:
    return delegation.delegate(
        by=request.user,
        mandate_id=data["mandate"],
        first_day=data["first_day"],
        last_day=data["last_day"],
        colleague_id=data.get("colleague"),
        email=data["email"],
    )


def _page(request: SignedInRequest, form: AbsenceForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "delegations": delegation.delegations_of(request.user),
        "offers": delegation.offers_of(request.user),
    }
    return render(request, "comptes/absence.html", context, status=status)
