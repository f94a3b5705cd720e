"""What a town hall prints: the form to fill in by hand, the poster that prepares phones.

Both are the same for everybody, hold no personal data, and lead by QR code to the page.
"""

import re
from typing import Any
from urllib.parse import urlencode

import segno
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.printing import CannotPrint, PressBusy, fingerprint, print_sheet
from couches.models import Couche
from couches.paper import paper_groups
from territoires.models import CODE_INSEE_PATTERN, Commune
from territoires.names import of_commune
from territoires.scope import commune_of_code

DEFAULT_COUCHE = "zones-blanches"
KEPT_S = 3600
RETRY_S = 5


@require_safe
def form(request: HttpRequest, code: str) -> HttpResponseBase:
    """`?couche=`: the paper form of a commune, made from the couche's schema."""
    slug = request.GET.get("couche", DEFAULT_COUCHE)
    here = _commune(code)
    couche = Couche.objects.filter(slug=slug).first() if re.fullmatch(r"[a-z0-9-]{1,40}", slug) else None
    if couche is None:
        raise Http404(_("Cette couche n'existe pas."))
    if here.pk != code:
        response = redirect("commune-form-pdf", code=here.pk, permanent=True)
        response["Location"] += f"?couche={couche.slug}"
        return response
    html = form_html(here, couche)
    return sheet(request, html, f"formulaire-{couche.slug}-{here.pk}.pdf")


@require_safe
def poster(request: HttpRequest, code: str) -> HttpResponseBase:
    """The poster « Préparez votre téléphone » of a commune."""
    here = _commune(code)
    if here.pk != code:
        return redirect("commune-poster-pdf", code=here.pk, permanent=True)
    return sheet(request, poster_html(here), f"affiche-{here.pk}.pdf")


def form_html(here: Commune, couche: Couche) -> str:
    """Return the page that becomes the paper form."""
    address = f"{settings.PUBLIC_URL}/signaler/?{urlencode({'commune': here.pk, 'couche': couche.slug})}"
    context = {"couche": couche, "groupes": list(paper_groups(couche)), **_signature(here, address)}
    return render_to_string("papiers/formulaire.html", context)


def poster_html(here: Commune) -> str:
    """Return the page that becomes the poster."""
    address = f"{settings.PUBLIC_URL}/signaler/?{urlencode({'commune': here.pk})}#preparer"
    return render_to_string("papiers/affiche.html", _signature(here, address))


def _signature(here: Commune, address: str) -> dict[str, Any]:
    code = segno.make(address, error="m", micro=False)
    return {
        "commune": here,
        "de_commune": of_commune(here.nom),
        "adresse": address,
        # People read an address without its protocol.
        "adresse_lisible": address.partition("://")[2],
        "qr": code.svg_data_uri(border=0, svgclass=None, lineclass=None, dark="#1c2321"),
    }


def _commune(code: str) -> Commune:
    here = commune_of_code(code) if re.fullmatch(CODE_INSEE_PATTERN, code) else None
    if here is None:
        raise Http404(_("Aucune commune ne porte ce code."))
    return here


def sheet(request: HttpRequest, html: str, name: str) -> HttpResponseBase:
    """Answer with the PDF of `html`, or 503 in words; what a browser holds already is not printed again."""
    # Weak: two printings of one sheet read the same without being the same bytes.
    etag = f'W/"{fingerprint(html)[:32]}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None:
        try:
            response = HttpResponse(print_sheet(html), content_type="application/pdf")
        except CannotPrint as refusal:
            return _refusal(request, refusal)
        response["Content-Disposition"] = f'inline; filename="{name}"'
        response["ETag"] = etag
    patch_cache_control(response, public=True, max_age=KEPT_S)
    return response


def _refusal(request: HttpRequest, refusal: CannotPrint) -> HttpResponse:
    context = {"detail": str(refusal), "passager": isinstance(refusal, PressBusy)}
    response = render(request, "papiers/indisponible.html", context, status=503)
    if isinstance(refusal, PressBusy):
        response["Retry-After"] = str(RETRY_S)
    patch_cache_control(response, no_store=True)
    return response
