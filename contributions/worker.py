"""The service worker of /signaler/: one classic script joined from the modules it shares with the page.

Module workers are younger than the phones we are for; a classic one runs on all of them. The
modules keep a plain form for that (docs/adr/0003): imports on one line, exports only as
declarations. Joining them is dropping those words.
"""

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from rjsmin import jsmin

from contributions.offline import forms_document
from couches.models import Couche

SCRIPTS = Path(settings.BASE_DIR) / "frontend" / "static" / "js"
# In the order of their imports; the worker's own code last.
JOINED = ["store", "payload", "proof", "send", "worker"]
# Beside the folder of the page: modules that other pages use too.
SHARED = ["texts", "coordinates", "position", "map", "cross", "words"]
OTHER_FILES = [
    "css/reperes.css",
    "leaflet/leaflet.css",
    "leaflet/leaflet.js",
    "icones/marque.svg",
    "icones/marque-32.png",
    "icones/marque-180.png",
    "icones/marque-192.png",
]
_IMPORT = re.compile(r"^import [^\n]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|const|class)", re.MULTILINE)


# Imported at once by the page: named in its head so that they come together.
FIRST = ["app", "dom", "draft", "payload", "register", "store", "what"]


def shell_context() -> dict[str, Any]:
    """Return what the page without query shows: the same for everybody, whoever is signed in."""
    return {
        "couches": Couche.objects.all(),
        "commune": None,
        "messages": (),
        "is_shell": True,
        "preloaded": [static("js/texts.js"), *(static(f"js/signaler/{name}.js") for name in FIRST)],
    }


def worker_script() -> str:
    """Return the whole script of `/sw.js`, whose text changes whenever anything it keeps does."""
    urls = precached_urls()
    kept = [*urls, _shell_page(), forms_document().decode(), joined_modules()]
    version = hashlib.sha256("\n".join(kept).encode()).hexdigest()[:16]
    shell = {"version": version, "page": reverse("signaler"), "urls": urls, "tiles": settings.TILE_HOST}
    return f"self.SHELL = {json.dumps(shell)};\n{joined_modules()}"


def precached_urls() -> list[str]:
    """Return every address the report page needs without network, hashed names included."""
    pages = sorted((SCRIPTS / "signaler").glob("*.js"))
    modules = [f"js/signaler/{path.name}" for path in pages if path.stem != "worker"]
    files = [*OTHER_FILES, *(f"js/{name}.js" for name in SHARED), *modules]
    return [reverse("signaler"), reverse("signaler-formulaires"), *(static(name) for name in files)]


@lru_cache(maxsize=1)
def joined_modules() -> str:
    """Return the worker's code as one classic script."""
    texts = [(SCRIPTS / "signaler" / f"{name}.js").read_text(encoding="utf-8") for name in JOINED]
    return str(jsmin("\n".join(_EXPORT.sub("", _IMPORT.sub("", text)) for text in texts)))


def _shell_page() -> str:
    """Render the page as a stranger gets it; no database row or person shows in it but the couches."""
    request = HttpRequest()
    request.path = reverse("signaler")
    request.META = {"SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    return render_to_string("contributions/quoi.html", shell_context(), request)
