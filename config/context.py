"""What every template may say about this instance."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def instance(request: HttpRequest) -> dict[str, Any]:
    """Return the flags of the instance; the same for everybody, so pages stay cacheable."""
    return {
        "is_demo": settings.REPERES_DEMO,
        "tile_host": settings.TILE_HOST,
        "publisher": settings.PUBLISHER,
        "contact_email": settings.CONTACT_EMAIL,
    }
