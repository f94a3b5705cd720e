"""The steward's page: what is accepted and waits, the versions, going back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from comptes.permissions import check_publish, check_publisher
from contributions.models import Contribution
from couches.models import Couche, CoucheVersion, FeatureVersion
from couches.publication import NothingToPublish, UnknownVersion, revert
from moderation.forms import NoteForm
from moderation.publication import publish_accepted

SHOWN_VERSIONS = 10


@never_cache
@login_required
@require_GET
def publication(request: HttpRequest) -> HttpResponse:
    """Show each couche with what waits and its latest versions."""
    check_publisher(request.user)
    return _page(request)


@never_cache
@login_required
@require_POST
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish what is accepted of one couche."""
    check_publish(request.user)
    couche = get_object_or_404(Couche, slug=slug)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, form_errors={slug: form.errors["note"]}, status=422)
    version = publish_accepted(couche=couche, by=request.user, note=form.cleaned_data["note"])  # type: ignore[arg-type]  # signed in
    if version is None:
        messages.info(request, _("%(couche)s : rien de nouveau à publier.") % {"couche": couche.title})
    else:
        messages.success(request, _published(version))
    return redirect("moderation-publication")


@never_cache
@login_required
@require_POST
def go_back(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Publish a new version that says what an older one said."""
    check_publish(request.user)
    couche = get_object_or_404(Couche, slug=slug)
    if number > 2**31 - 1 or not couche.versions.filter(number=number).exists():
        raise Http404
    try:
        version = revert(
            couche=couche,
            number=number,
            by=request.user,  # type: ignore[arg-type]  # signed in
            note=_("Retour à la version %(number)d") % {"number": number},
        )
    except (UnknownVersion, NothingToPublish) as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _published(version))
    return redirect("moderation-publication")


def _published(version: CoucheVersion) -> str:
    return _("%(couche)s : version %(number)d publiée, %(count)d objets.") % {
        "couche": version.couche.title,
        "number": version.number,
        "count": version.feature_count,
    }


def _page(
    request: HttpRequest, *, form_errors: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    in_force = FeatureVersion.objects.current().filter(feature=OuterRef("feature"))
    accepted = Contribution.objects.filter(status=Contribution.Status.ACCEPTED)
    stuck = accepted.exclude(operation=Contribution.Operation.CREATE).exclude(Exists(in_force))
    blocked = dict(stuck.order_by().values_list("couche").annotate(Count("pk")))
    couches = Couche.objects.annotate(
        waiting=Count("contributions", filter=Q(contributions__status=Contribution.Status.ACCEPTED))
    )
    versions: dict[int, list[CoucheVersion]] = {}
    for version in _latest_versions():
        versions.setdefault(version.couche_id, []).append(version)
    cards = [
        {
            "couche": couche,
            "waiting": couche.waiting,
            "blocked": blocked.get(couche.pk, 0),
            "versions": versions.get(couche.pk, []),
            "errors": (form_errors or {}).get(couche.slug, []),
            "note": request.POST.get("note", "") if form_errors and couche.slug in form_errors else "",
        }
        for couche in couches
    ]
    return render(request, "moderation/publication.html", {"cards": cards}, status=status)


def _latest_versions() -> list[CoucheVersion]:
    """Return the last versions of every couche, in one query."""
    newer = (
        CoucheVersion.objects.filter(couche=OuterRef("couche"))
        .order_by("-number")
        .values("pk")[:SHOWN_VERSIONS]
    )
    return list(CoucheVersion.objects.filter(pk__in=newer).select_related("by").order_by("couche", "-number"))
