"""`/equipe/revendiquer/`: a town hall gets its first access by a code mailed to its official address."""

import uuid
from typing import Any

from allauth.core import ratelimit
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comptes import claims
from comptes.claims import ClaimRefused, DeadClaim
from comptes.forms_team import AccessForm, ClaimForm, SignedClaimForm
from comptes.invitations import SignInToAccept
from comptes.mandates import who_answers
from comptes.models import Claim, Membership, TownHallAddress, User
from comptes.origin import check_origin
from territoires.models import Commune
from territoires.scope import commune_of_code
from territoires.search import find_communes

LONGEST_QUERY = 100


@never_cache
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """`?q=` a name, a postcode or a code: which commune is it?"""
    query = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
    found = list(find_communes(query)) if query else []
    if len(found) == 1:
        return redirect("equipe-commune", code=found[0].pk)
    return render(request, "comptes/revendiquer.html", {"q": query, "communes": found})


@never_cache
@require_safe
def commune(request: HttpRequest, code: str) -> HttpResponse:
    """Say how this commune gets an access: by a code, from those who hold it, or from whom to ask."""
    return _page(request, _commune(code))


@never_cache
@csrf_exempt  # no cookie for a stranger, hence no token: `check_origin` looks at where the form was
@require_POST
def ask_code(request: HttpRequest, code: str) -> HttpResponse:
    """Mail a code to the town hall, then show where to type it."""
    check_origin(request)
    here = _commune(code)
    if not ratelimit.consume(request, action="claim_code"):
        return render(request, "429.html", status=429)
    try:
        claim = claims.ask_code(commune=here)
    except ClaimRefused as refusal:
        return _page(request, here, refusal=str(refusal), status=409)
    return redirect("equipe-code", claim.pk)


@never_cache
@csrf_exempt  # as above
@require_POST
def ask_access(request: HttpRequest, code: str) -> HttpResponse:
    """Pass a request on to those who decide there."""
    check_origin(request)
    here, form = _commune(code), AccessForm(request.POST)
    if not form.is_valid():
        return _page(request, here, form=form, status=422)
    if not ratelimit.consume(request, action="access_request"):
        return render(request, "429.html", status=429)
    try:
        told = claims.ask_holders(commune=here, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, here, form=form, status=422)
    return _page(request, here, asked=bool(told))


@never_cache
@csrf_exempt  # the code itself is the secret, and the address of the page another
@sensitive_post_parameters("code", "password")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
def redeem(request: HttpRequest, claim_id: uuid.UUID) -> HttpResponse:
    """Take the code of the letter and who types it: the commune then has its first person."""
    check_origin(request)
    claim = (
        Claim.objects.live().filter(pk=claim_id, tries__lt=claims.MAX_TRIES).select_related("commune").first()
    )
    if claim is None:
        return _dead(request, str(DeadClaim()))
    user = request.user if isinstance(request.user, User) else None
    kind = SignedClaimForm if user else ClaimForm
    if request.method != "POST":
        return _code_page(request, claim, kind())
    form = kind(request.POST)
    if not form.is_valid():
        return _code_page(request, claim, form, status=422)
    if not ratelimit.consume(request, action="claim_redeem"):
        return render(request, "429.html", status=429)
    words = {"name": "", "email": "", "password": "", **form.cleaned_data}
    try:
        person = claims.redeem(request, claim_id=claim_id, user=user, **words)
    except ValidationError as error:
        form.add_error(None, error)
        return _code_page(request, claim, form, status=422)
    except (ClaimRefused, SignInToAccept) as refusal:
        return _dead(request, str(refusal))
    mandates = Membership.objects.live().filter(user=person, commune=claim.commune).select_related("commune")
    return render(request, "comptes/bienvenue.html", {"mandates": mandates, "person": person})


def _commune(code: str) -> Commune:
    here = commune_of_code(code) if len(code) == 5 else None
    if here is None:
        raise Http404(_("Aucune commune ne porte ce code."))
    return here


def _page(
    request: HttpRequest,
    here: Commune,
    *,
    form: AccessForm | None = None,
    refusal: str = "",
    asked: bool = False,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "commune": here,
        "address": TownHallAddress.objects.filter(commune=here).first(),
        "held": claims.holders(here).exists(),
        "answers": who_answers(here),
        "form": form or AccessForm(),
        "refusal": refusal,
        "asked": asked,
    }
    return render(request, "comptes/revendiquer_commune.html", context, status=status)


def _code_page(request: HttpRequest, claim: Claim, form: SignedClaimForm, status: int = 200) -> HttpResponse:
    address = TownHallAddress.objects.filter(commune=claim.commune_id).first()
    context = {"commune": claim.commune, "form": form, "address": address}
    return render(request, "comptes/revendiquer_code.html", context, status=status)


def _dead(request: HttpRequest, refusal: str) -> HttpResponse:
    return render(request, "comptes/invitation_refusee.html", {"refusal": refusal, "claim": True}, status=410)
