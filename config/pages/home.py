"""The front door."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.pages.published import lately
from couches.models import Couche

LATELY = 3


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Two doors, what was published lately, how it works."""
    return render(request, "pages/accueil.html", {"recents": lately(LATELY), "couches": Couche.objects.all()})
