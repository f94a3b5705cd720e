"""The sandbox's own pages: its door, starting again, the guided tour. The desk's pages do the rest."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from comptes.authentication import signed_in
from moderation import practice, tour, views_queue
from moderation.desk import Desk

SANDBOX = Desk(practice=True)


@never_cache
@login_required
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Show one's sandbox like the real queue, or its door while it is empty."""
    user = signed_in(request)
    practice.check_may_practise(user)
    if practice.is_open(user):
        return views_queue.queue(request)
    return render(request, "bac_a_sable/porte.html")


@never_cache
@login_required
@require_POST
def start_again(request: HttpRequest) -> HttpResponse:
    """Fill one's sandbox anew; what was decided there is forgotten."""
    user = signed_in(request)
    tour.keep_progress(user)
    count = practice.start_again(user)
    messages.success(
        request, _("Le bac à sable est prêt : %(count)d signalements inventés.") % {"count": count}
    )
    if request.POST.get("suite") == "visite":
        tour.begin(user)
        return redirect("bac-a-sable-visite")
    return redirect("bac-a-sable")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def guided_tour(request: HttpRequest) -> HttpResponse:
    """Show the steps, the next one open; begin, open its report, or leave the tour for later."""
    user = signed_in(request)
    practice.check_may_practise(user)
    if request.method != "POST":
        return render(request, "bac_a_sable/visite.html")
    wanted = request.POST.get("geste", "")
    if wanted == "plus-tard":
        tour.decline(user)
        return redirect("moderation-queue")
    if wanted == "ouvrir":
        row = tour.open_report(user)
        return redirect("bac-a-sable-visite" if row is None else f"{SANDBOX.base}{row.pk}/")
    tour.begin(user)
    return redirect("bac-a-sable-visite")
