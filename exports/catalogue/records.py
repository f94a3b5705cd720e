"""The ISO 19139 record of a couche, with the fields INSPIRE asks (technical guidelines 2.0)."""

from django.conf import settings
from django.template.loader import render_to_string

from exports.catalogue.facts import Facts, publisher


def iso_record(facts: Facts) -> str:
    """Return the ISO 19139 record of a couche as XML text."""
    context = {
        "facts": facts,
        "site": settings.PUBLIC_URL,
        "publisher": publisher(),
        "email": settings.CONTACT_EMAIL,
        "srids": [uri.rsplit("/", 1)[1] for uri in facts.crs if uri.rsplit("/", 1)[1].isdigit()][:20],
    }
    return render_to_string("catalogue/iso19139.xml", context)
