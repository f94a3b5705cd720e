"""What says whether the guide's pictures still show the present pages."""

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "frontend" / "static" / "guide"
MARK = PICTURES / "empreinte.txt"
MAX_BYTES = 40_000
AGAIN = "REPERES_GUIDE=reprendre ./reperes test tests/e2e/test_guide_pictures.py"
TEMPLATES = ROOT / "frontend" / "templates"
# Pages of moderation that no picture shows.
NOT_SHOWN = {"lot.html", "publication.html"}


def mark_of_pages() -> str:
    """Return the mark of the templates the pictures were taken of."""
    shown = [
        path for path in sorted((TEMPLATES / "moderation").rglob("*.html")) if path.name not in NOT_SHOWN
    ]
    digest = hashlib.sha256()
    for path in (*shown, TEMPLATES / "bac_a_sable" / "bandeau.html"):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
