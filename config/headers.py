"""What our pages may load, and what they may ask of the device: settings, by their names."""

import os

from csp.constants import NONE, SELF

TILE_HOST = os.environ.get("REPERES_TILE_HOST", "https://data.geopf.fr")
# The State's address search, asked by the browser itself; empty: addresses are not searched.
GEOCODER_URL = os.environ.get("REPERES_GEOCODER", "https://data.geopf.fr/geocodage").rstrip("/")
GEOCODER_ORIGIN = "/".join(GEOCODER_URL.split("/")[:3])
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", TILE_HOST],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, str | list[str]] = {
    "geolocation": "self",
    "camera": "self",
    "microphone": [],
    "payment": [],
    "usb": [],
}
