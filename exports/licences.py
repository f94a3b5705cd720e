"""The licence of a couche in words, and the line that says which version it goes with."""

import datetime as dt

from couches.models import CoucheVersion

_TEXTS = {
    "etalab-2.0": (
        "Licence Ouverte / Open Licence 2.0 (Etalab)\n"
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence\n\n"
        "Vous pouvez réutiliser ces données librement, y compris commercialement, à condition "
        "d'en mentionner la source et la date de mise à jour.\n"
    )
}


def licence_text(version: CoucheVersion) -> str:
    """Return the title, number and date of the version, then its licence."""
    published = version.published_at.astimezone(dt.UTC).date().isoformat()
    head = f"{version.couche.title} — version {version.number}, publiée le {published}\n\n"
    return head + _TEXTS.get(version.couche.licence, f"{version.couche.licence}\n")
