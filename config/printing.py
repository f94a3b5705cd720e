"""Paper: a page of ours becomes a tagged PDF (PDF/UA), without network, one at a time.

Printing needs Pango, a library of the system: where it is missing everything else works, and
what is printed says which package to install.
"""

import hashlib
import threading
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from weasyprint import Document

STYLESHEET = settings.BASE_DIR / "frontend" / "static" / "css" / "papier.css"
# A sheet takes a second of processor: one at a time in each web process, the others wait a little.
_press = threading.BoundedSemaphore(1)
WAIT_SECONDS = 3
# A few megabytes at most; the sheets of a village being prepared for a meeting.
MAX_KEPT = 64
_kept: dict[str, bytes] = {}


class CannotPrint(Exception):
    """Cette feuille ne peut pas être préparée pour l'instant."""

    def __str__(self) -> str:
        """Return the French message."""
        return (self.__doc__ or "").strip()


class PangoMissing(CannotPrint):
    """Ce site ne peut pas imprimer : il manque le paquet « libpangoft2-1.0-0 » (Pango) à sa machine."""


class PressBusy(CannotPrint):
    """Beaucoup de feuilles sont demandées en ce moment : réessayez dans quelques secondes."""


def fingerprint(html: str) -> str:
    """Return what names a sheet: its HTML and the stylesheet."""
    return hashlib.sha256(html.encode() + STYLESHEET.read_bytes()).hexdigest()


def print_sheet(html: str) -> bytes:
    """Return the PDF of `html`. Raises PangoMissing or PressBusy, to be shown to people."""
    name = fingerprint(html)
    kept = _kept.get(name)
    if kept is not None:
        return kept
    if not _press.acquire(timeout=WAIT_SECONDS):
        raise PressBusy
    try:
        # Whoever waited for the same sheet finds it printed.
        if name not in _kept:
            _kept[name] = typeset(html).write_pdf(pdf_variant="pdf/ua-1")
            while len(_kept) > MAX_KEPT:
                del _kept[next(iter(_kept))]
        return _kept[name]
    finally:
        _press.release()


def typeset(html: str) -> "Document":
    """Return the laid-out pages of `html`. Raises PangoMissing."""
    weasyprint = _weasyprint()
    # What the page shows is inside it: a drawing as `data:`, nothing from a disk or another machine.
    fetcher = weasyprint.URLFetcher(allowed_protocols={"data"}, allow_redirects=False)
    sheet = weasyprint.CSS(string=STYLESHEET.read_text(encoding="utf-8"), url_fetcher=fetcher)
    document = weasyprint.HTML(string=html, url_fetcher=fetcher)
    return document.render(stylesheets=[sheet], pdf_variant="pdf/ua-1")


def _weasyprint() -> Any:
    """Import late: it loads Pango, and the site must start without it."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        raise PangoMissing from error
    return weasyprint
