"""The pages of an import: send a file, say what its columns are, read the trial, propose."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comptes.views import SignedInRequest
from contributions.forms_imports import ImportForm, MappingForm
from contributions.imports import desk
from contributions.models import Import

REFRESH_SECONDS = 3


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: SignedInRequest) -> HttpResponse:
    """List my files; receive another (POST)."""
    desk.check_may_import(request.user)
    if request.method != "POST":
        return _list(request, ImportForm(initial={"couche": request.GET.get("couche", "")}))
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, form, status=422)
    try:
        row = desk.receive(
            couche=form.cleaned_data["couche"], upload=form.cleaned_data["fichier"], by=request.user
        )
    except ValidationError as error:
        form.add_error(None, error.messages)
        return _list(request, form, status=422)
    return redirect("import", pk=row.pk)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def one_import(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Show where a file stands; keep its columns and try it, or propose it (POST)."""
    row = _mine(request, pk)
    if request.method != "POST":
        return _page(request, row)
    try:
        if request.POST.get("geste") == "proposer":
            desk.ask_run(row)
            return redirect("import", pk=row.pk)
        return _describe(request, row)
    except desk.NotNow as refusal:
        messages.error(request, str(refusal))
        return redirect("import", pk=row.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("import", pk=row.pk)


@never_cache
@login_required
@require_safe
def errors(request: SignedInRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Give the rows left aside, to correct from."""
    path = desk.fetch_errors(_mine(request, pk))
    if path is None:
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename="erreurs.csv", content_type="text/csv")


@never_cache
@login_required
@require_POST
def forget(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete a file and its import; what it proposed stays."""
    desk.forget(_mine(request, pk))
    messages.success(request, _("Le fichier est effacé. Ce qu'il a proposé reste à décider."))
    return redirect("imports")


def _mine(request: SignedInRequest, pk: uuid.UUID) -> Import:
    desk.check_may_import(request.user)
    row = desk.imports_of(request.user).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def _describe(request: SignedInRequest, row: Import) -> HttpResponse:
    form = MappingForm(request.POST, row=row)
    if form.is_valid():
        try:
            desk.describe(row, form.given())
        except ValidationError as error:
            form.tell(error.message_dict)
    if form.errors:
        return _page(request, row, form, status=422)
    desk.ask_trial(row)
    return redirect("import", pk=row.pk)


def _list(request: SignedInRequest, form: ImportForm, status: int = 200) -> HttpResponse:
    context = {"imports": desk.imports_of(request.user)[:50], "form": form}
    return render(request, "contributions/imports.html", context, status=status)


def _page(
    request: SignedInRequest, row: Import, form: MappingForm | None = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "import": row,
        "form": form or MappingForm(row=row),
        "erreurs": desk.has_errors(row),
        "proposes": row.counts.get("create", 0) + row.counts.get("update", 0),
    }
    response = render(request, "contributions/import.html", context, status=status)
    if row.under_way:
        response["Refresh"] = str(REFRESH_SECONDS)
    return response
