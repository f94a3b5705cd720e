"""Asks geo.api.gouv.fr for the outlines of an EPCI: a convenience of the demo, never a need.

Five seconds, ten megabytes, no redirection; the answer is checked here, then read
through the same sandbox as any file from outside.
"""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from territoires.cog import CODE_INSEE

TIMEOUT_SECONDS = 5.0
MAX_BYTES = 10 * 1024 * 1024


class GeoApiUnavailable(Exception):
    """geo.api.gouv.fr n'a pas répondu comme attendu ; le message dit en quoi."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


def fetch_outlines(
    *, siren: str, expected: set[str], target: Path, base_url: str, timeout: float = TIMEOUT_SECONDS
) -> None:
    """Write to `target` the GeoJSON (WGS84) of the communes of EPCI `siren`.

    `expected` are the codes INSEE which the answer must hold, no more and no less.
    Raises GeoApiUnavailable on silence, slowness, and on any answer that is not that.
    """
    url = f"{base_url.rstrip('/')}/epcis/{siren}/communes?fields=code,nom&format=geojson&geometry=contour"
    if urlsplit(url).scheme not in {"http", "https"}:
        raise GeoApiUnavailable(f"adresse refusée : {base_url}")
    body = _read(url, timeout)
    try:
        document = json.loads(body)
        codes = {feature["properties"]["code"] for feature in document["features"]}
        kinds = {feature["geometry"]["type"] for feature in document["features"]}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise GeoApiUnavailable("la réponse n'est pas le GeoJSON attendu") from error
    if not all(isinstance(code, str) and CODE_INSEE.fullmatch(code) for code in codes) or codes != expected:
        raise GeoApiUnavailable("la réponse ne contient pas les communes attendues")
    if not kinds <= {"Polygon", "MultiPolygon"}:
        raise GeoApiUnavailable("la réponse ne contient pas que des contours")
    target.write_bytes(body)


def _read(url: str, timeout: float) -> bytes:
    # Only HTTP is handled: urllib's default opener also reads file: and ftp: addresses.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        _NoRedirect(),
    ):
        opener.add_handler(handler)
    deadline = time.monotonic() + timeout
    body = bytearray()
    try:
        with opener.open(url, timeout=timeout) as answer:
            # The socket's limit is for one read; a server that drips would hold us for hours.
            while chunk := answer.read1(65536):
                body += chunk
                if len(body) > MAX_BYTES:
                    raise GeoApiUnavailable("réponse de plus de 10 Mo")
                if time.monotonic() > deadline:
                    raise GeoApiUnavailable("réponse trop lente")
    except (OSError, urllib.error.URLError, ValueError) as error:
        raise GeoApiUnavailable(f"pas de réponse ({type(error).__name__})") from error
    return bytes(body)
