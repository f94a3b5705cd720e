"""Pages that a letter's link opens: GET shows, POST acts, whoever's mail scanner came first."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from comptes import attestation, claims, invitations
from comptes.attestation import DeadRequest
from comptes.claims import ClaimRefused
from comptes.forms_team import NewPersonForm
from comptes.invitations import InvitationRefused, SignInToAccept, SomebodyElse, UnknownInvitation
from comptes.models import Invitation, User
from comptes.origin import check_origin


@never_cache
@csrf_exempt  # no cookie for a stranger, hence no token: the link itself is the secret
@sensitive_post_parameters("password")
@sensitive_variables("password", "data")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is offered and by whom; accept it, with a new account or one's own."""
    check_origin(request)
    try:
        offered = invitations.find(token)
    except InvitationRefused as refusal:
        return _refused(request, refusal)
    user = request.user if isinstance(request.user, User) else None
    form = NewPersonForm(request.POST if request.method == "POST" and user is None else None)
    if request.method != "POST":
        return _offer(request, offered, form)
    data = form.cleaned_data if user is None and form.is_valid() else {"name": "", "password": ""}
    if user is None and not invitations.has_account(offered) and not form.is_valid():
        return _offer(request, offered, form, status=422)
    try:
        mandate = invitations.accept(token=token, user=user, name=data["name"], password=data["password"])
    except (SomebodyElse, SignInToAccept) as refusal:
        return _offer(request, offered, form, status=403, refusal=str(refusal))
    except InvitationRefused as refusal:
        return _refused(request, refusal)
    except ValidationError as error:
        form.add_error(None, error)
        return _offer(request, offered, form, status=422)
    return render(request, "comptes/bienvenue.html", {"mandates": [mandate], "person": mandate.user})


@never_cache
@csrf_exempt  # the link itself is the secret
@require_http_methods(["GET", "HEAD", "POST"])
def attest(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether the office is still held; take the answer, once."""
    check_origin(request)
    still = request.POST.get("reponse") != "non"
    try:
        if request.method != "POST":
            asked = attestation.find_request(token)
            return render(
                request, "comptes/attestation.html", {"mandate": asked.membership, "due": asked.due_on}
            )
        answered = attestation.answer(token=token, still=still)
    except DeadRequest:
        return render(request, "comptes/attestation.html", {"dead": True}, status=410)
    return render(
        request, "comptes/attestation.html", {"done": True, "still": still, "mandate": answered.membership}
    )


@never_cache
@csrf_exempt  # the link itself is the secret
@require_http_methods(["GET", "HEAD", "POST"])
def contest(request: HttpRequest, token: str) -> HttpResponse:
    """Ask the town hall whether it means it; then end the mandates at once."""
    check_origin(request)
    try:
        link = claims.contest(token=token) if request.method == "POST" else claims.find_contest(token)
    except ClaimRefused as refusal:
        return render(request, "comptes/contestation.html", {"refusal": str(refusal)}, status=410)
    return render(request, "comptes/contestation.html", {"link": link, "done": request.method == "POST"})


def _offer(
    request: HttpRequest, offered: Invitation, form: NewPersonForm, *, status: int = 200, refusal: str = ""
) -> HttpResponse:
    signed_in = request.user if isinstance(request.user, User) else None
    context: dict[str, Any] = {
        "invitation": offered,
        "form": form,
        "refusal": refusal,
        "known": signed_in is None and invitations.has_account(offered),
        "same": signed_in is not None and signed_in.email == offered.email,
        "other": signed_in is not None and signed_in.email != offered.email,
    }
    return render(request, "comptes/invitation.html", context, status=status)


def _refused(request: HttpRequest, refusal: InvitationRefused) -> HttpResponse:
    status = 404 if isinstance(refusal, UnknownInvitation) else 410
    return render(request, "comptes/invitation_refusee.html", {"refusal": str(refusal)}, status=status)
