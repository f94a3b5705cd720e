"""The page where an official opens a code for a class, sees those that are live, and ends one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from comptes.views import SignedInRequest
from contributions.forms import WorkshopForm
from contributions.models import WorkshopCode
from contributions.workshops import check_may_open, end_workshop, open_workshop, opened_by


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def workshops(request: SignedInRequest) -> HttpResponse:
    """List my live codes; open another (POST)."""
    check_may_open(request.user)
    return _open(request) if request.method == "POST" else _page(request, WorkshopForm())


@never_cache
@login_required
@require_POST
def end(request: SignedInRequest, pk: int) -> HttpResponse:
    """End one of my codes now; somebody else's does not exist for me."""
    try:
        end_workshop(by=request.user, pk=pk)
    except WorkshopCode.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("Ce code n'ouvre plus rien."))
    return redirect("ateliers")


@sensitive_variables("code")
def _open(request: SignedInRequest) -> HttpResponse:
    """Show the code in this answer, the only place where it ever appears."""
    form = WorkshopForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        workshop, code = open_workshop(by=request.user, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, form, status=422)
    return render(request, "contributions/atelier.html", {"atelier": workshop, "code": code})


def _page(request: SignedInRequest, form: WorkshopForm, status: int = 200) -> HttpResponse:
    context = {"ateliers": opened_by(request.user), "form": form}
    return render(request, "contributions/ateliers.html", context, status=status)
