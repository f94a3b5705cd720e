"""What the phone keeps to report without network: the service worker."""

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from contributions.worker import worker_script

# The page and its worker ask the map's tiles and the State's geocoder, and nobody else.
OUTSIDE = {
    "connect-src": [settings.TILE_HOST, *([settings.GEOCODER_ORIGIN] if settings.GEOCODER_ORIGIN else [])]
}


@require_safe
@csp_update(OUTSIDE)
@gzip_page
def service_worker(request: HttpRequest) -> HttpResponse:
    """Serve `/sw.js`; browsers ask for it at each visit, so it is never kept by a cache unasked."""
    response = HttpResponse(worker_script(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    response["Service-Worker-Allowed"] = "/signaler/"
    return response
