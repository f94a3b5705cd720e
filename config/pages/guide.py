"""The town hall's help, to read on screen or to print on two pages: one source, `moderation.help`."""

import base64
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.pages.papers import sheet
from moderation.help import CHAPTERS, KEYS

PICTURES = Path(settings.BASE_DIR) / "frontend" / "static" / "guide"


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The help, chapter by chapter."""
    return render(request, "aide/mairie.html", {"chapitres": CHAPTERS, "touches": KEYS})


@require_safe
def paper(request: HttpRequest) -> HttpResponseBase:
    """The same on two A4 pages, for who prints before reading."""
    return sheet(request, guide_html(), _("guide-mairie.pdf"))


def guide_html() -> str:
    """Return the page that becomes the guide; its pictures are inside it."""
    context = {
        "chapitres": [(chapter, _picture(chapter.picture)) for chapter in CHAPTERS],
        "touches": KEYS,
        "adresse": settings.PUBLIC_URL.partition("://")[2],
    }
    return render_to_string("papiers/guide.html", context)


@lru_cache(maxsize=8)
def _picture(name: str) -> str:
    """Return a picture as a `data:` address; "" while it was never taken."""
    path = PICTURES / f"{name}.webp"
    if not path.is_file():
        return ""
    return "data:image/webp;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
