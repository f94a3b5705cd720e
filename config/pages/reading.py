"""Pages that are read: help, statements, and the few files browsers and robots ask for."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

# What a robot has no use for: personal spaces, follow-ups, and the pages made of a query.
NOT_FOR_ROBOTS = [
    "/compte/",
    "/moderation/",
    "/equipe/",
    "/invitation/",
    "/suivi/",
    "/api/",
    "/exports/",
    "/communes/?",
]


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """How to report, decide and download, and the questions people ask."""
    return render(request, "pages/aide.html")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """Accessibility statement after the model of the RGAA."""
    return render(request, "pages/accessibilite.html")


@require_safe
def personal_data(request: HttpRequest) -> HttpResponse:
    """Information due to people whose data we hold (GDPR, article 13)."""
    return render(request, "pages/donnees_personnelles.html")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Which addresses search engines should leave alone."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_ROBOTS)]
    lines += ["", f"Sitemap: {settings.PUBLIC_URL}/sitemap.xml"]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for this address whatever the page says."""
    return redirect(static("icones/marque-32.png"))


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """Name, icons and colours for phones that put the site on their home screen."""
    icons: list[dict[str, Any]] = [
        {
            "src": static(f"icones/marque-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": use,
        }
        for size in (192, 512)
        for use in ("any", "maskable")
    ]
    content = {
        "name": _("Repères"),
        "short_name": _("Repères"),
        "description": _("Signaler à la mairie ce que les cartes oublient."),
        "lang": "fr",
        "id": "/",
        "start_url": "/signaler/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fbfaf6",
        "theme_color": "#1f4e5f",
        "icons": icons,
    }
    return JsonResponse(
        content, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False}
    )
