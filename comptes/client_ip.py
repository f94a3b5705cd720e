"""Which address a request comes from, when a reverse proxy stands before us."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "0.0.0.0"  # noqa: S104  # a bucket shared by all whose address is unknown, not an interface


def client_ip(request: HttpRequest) -> str:
    """Return the client's address as text, IPv4 or IPv6.

    Each proxy appends the address it saw to X-Forwarded-For; whatever stands further to the
    left was written by the client, who may invent it. With `REPERES_PROXIES` = n we believe the
    n-th from the end and nothing else; with 0, or when the header is too short or unreadable,
    the peer of the connection.
    """
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    trusted = settings.REPERES_PROXIES
    seen = [hops[-trusted]] if 0 < trusted <= len(hops) else []
    for text in [*seen, request.META.get("REMOTE_ADDR", "")]:
        try:
            return str(ipaddress.ip_address(text.strip()))
        except ValueError:
            continue
    return UNKNOWN
