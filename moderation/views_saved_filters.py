"""Doors of saved filters: keep, rename, delete; each leads back to the queue."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from comptes.authentication import signed_in
from moderation import saved_filters
from moderation.models import SavedFilter

MAX_ID = 2**63 - 1


@never_cache
@login_required
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the filters of the list under a name."""
    name, query = request.POST.get("name", ""), request.POST.get("query", "")
    try:
        row = saved_filters.save(by=signed_in(request), name=name, query=query)
    except ValidationError as refusal:
        return _refused(request, refusal, action=reverse("moderation-filters"), name=name, query=query)
    return _back(row.query)


@never_cache
@login_required
@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give another name to one of mine; somebody else's does not exist for me."""
    name = request.POST.get("name", "")
    try:
        row = saved_filters.rename(by=signed_in(request), pk=_own(pk), name=name)
    except ValidationError as refusal:
        return _refused(request, refusal, action=request.path, name=name, query="")
    except SavedFilter.DoesNotExist as error:
        raise Http404 from error
    return _back(row.query)


@never_cache
@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one of mine."""
    try:
        saved_filters.delete(by=signed_in(request), pk=_own(pk))
    except SavedFilter.DoesNotExist as error:
        raise Http404 from error
    return redirect("moderation-queue")


def _own(pk: int) -> int:
    if pk > MAX_ID:
        raise Http404
    return pk


def _back(query: str) -> HttpResponse:
    return redirect(f"{reverse('moderation-queue')}?{query}")


def _refused(
    request: HttpRequest, refusal: ValidationError, *, action: str, name: str, query: str
) -> HttpResponse:
    told = [message for messages in refusal.message_dict.values() for message in messages]
    context = {"refus": told, "action": action, "nom": name, "filtre": query}
    return render(request, "moderation/filtre.html", context, status=422)
