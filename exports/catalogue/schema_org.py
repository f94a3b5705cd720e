"""schema.org's Dataset: what search engines of data read."""

from typing import Any

from django.conf import settings

from exports.catalogue.facts import Facts, publisher


def dataset(facts: Facts) -> dict[str, Any]:
    """Return the JSON-LD document of a couche, after Google's and schema.org's reading of Dataset."""
    west, south, east, north = facts.box
    organisation = {"@type": "Organization", "name": publisher(), "url": f"{settings.PUBLIC_URL}/"}
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": facts.page,
        "url": facts.page,
        "identifier": facts.page,
        "name": facts.couche.title,
        "description": facts.couche.description,
        "keywords": facts.keywords,
        "inLanguage": "fr",
        "isAccessibleForFree": True,
        "license": facts.licence,
        "version": str(facts.version.number),
        "datePublished": facts.first_published.date().isoformat(),
        "dateModified": facts.version.published_at.date().isoformat(),
        "creator": organisation,
        "publisher": organisation,
        "spatialCoverage": {
            "@type": "Place",
            # schema.org puts latitude first.
            "geo": {"@type": "GeoShape", "box": f"{south} {west} {north} {east}"},
        },
        **({"temporalCoverage": f"{facts.days[0]}/{facts.days[-1]}"} if facts.days else {}),
        "includedInDataCatalog": {"@type": "DataCatalog", "url": f"{settings.PUBLIC_URL}/catalogue.jsonld"},
        "distribution": [
            {
                "@type": "DataDownload",
                "name": download.format.label,
                "encodingFormat": download.format.media_type.split(";")[0],
                "contentUrl": download.url,
                **({"contentSize": f"{download.size} B"} if download.size else {}),
            }
            for download in facts.downloads
        ],
    }
