"""The JSON documents of OGC API – Features that are not items: landing, conformance, collections."""

from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from exports.ogc.collections import Collection
from exports.ogc.crs import CRS84
from exports.ogc.items import find_extent

JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA = "application/schema+json"
_FEATURES_1 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
_FEATURES_2 = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/"
_FEATURES_3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"
# Each class here has its tests in tests/ogc/, by the names of the abstract test suites.
CONFORMANCE = [
    f"{_FEATURES_1}core",
    f"{_FEATURES_1}oas30",
    f"{_FEATURES_1}html",
    f"{_FEATURES_1}geojson",
    f"{_FEATURES_2}crs",
    f"{_FEATURES_3}queryables",
    f"{_FEATURES_3}queryables-query-parameters",
    f"{_FEATURES_3}filter",
    f"{_FEATURES_3}features-filter",
    f"{_CQL2}cql2-text",
    f"{_CQL2}basic-cql2",
    f"{_CQL2}advanced-comparison-operators",
    f"{_CQL2}case-insensitive-comparison",
    f"{_CQL2}basic-spatial-functions",
    f"{_CQL2}basic-spatial-functions-plus",
    f"{_CQL2}spatial-functions",
]
LICENCES = {"etalab-2.0": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"}
# A version's extent never changes: one week saves reading all its rows at each visit.
_EXTENT_SECONDS = 7 * 24 * 3600


def address(path: str = "", **query: str) -> str:
    """Return the absolute address of a path below /ogc."""
    asked = f"?{urlencode(query)}" if query else ""
    return f"{settings.PUBLIC_URL}/ogc{path}{asked}"


def link(href: str, rel: str, media_type: str, title: str = "") -> dict[str, str]:
    """Return a link object of OGC API – Common."""
    made = {"href": href, "rel": rel, "type": media_type}
    return made | ({"title": title} if title else {})


def both_forms(path: str, media_type: str = JSON, *, shown: str = "json") -> list[dict[str, str]]:
    """Return the links self and alternate of a document that is also a page."""
    forms = [("json", media_type), ("html", HTML)]
    return [
        link(address(path, f=form), "self" if form == shown else "alternate", kind) for form, kind in forms
    ]


def landing() -> dict[str, Any]:
    """Return the landing page: `/req/core/root-success`."""
    return {
        "title": "Repères",
        "description": _(
            "Couches validées par les communes : OGC API – Features, lecture libre et sans compte."
        ),
        "links": [
            *both_forms("/"),
            link(address("/api"), "service-desc", OPENAPI, _("Définition de l'API")),
            link(address("/api", f="html"), "service-doc", HTML, _("Documentation de l'API")),
            link(address("/conformance"), "conformance", JSON, _("Classes de conformité")),
            link(address("/collections"), "data", JSON, _("Collections")),
        ],
    }


def conformance() -> dict[str, Any]:
    """Return the classes we claim: `/req/core/conformance-success`."""
    return {"conformsTo": CONFORMANCE, "links": both_forms("/conformance")}


def collections(found: list[Collection]) -> dict[str, Any]:
    """Return the list of collections: `/req/core/fc-md-success`."""
    return {
        "links": both_forms("/collections"),
        # Part 2, `/req/crs/fc-md-crs-list-global`.
        "crs": sorted({uri for one in found for uri in one.crs}),
        "collections": [collection(one) for one in found],
    }


def collection(one: Collection) -> dict[str, Any]:
    """Return one collection: `/req/core/sfc-md-success`; it links to its versions."""
    path = f"/collections/{one.identifier}"
    couche = one.couche
    licence = LICENCES.get(couche.licence)
    return {
        "id": one.identifier,
        "title": one.title,
        "description": couche.description,
        "itemType": "feature",
        "extent": extent(one),
        "crs": one.crs,
        "storageCrs": CRS84,
        "version": one.version.number,
        "updated": one.version.published_at.isoformat(),
        "links": [
            *both_forms(path),
            link(address(f"{path}/items", f="json"), "items", GEOJSON, _("Les objets")),
            link(address(f"{path}/items", f="html"), "items", HTML, _("Les objets")),
            link(
                address(f"{path}/queryables"),
                "http://www.opengis.net/def/rel/ogc/1.0/queryables",
                SCHEMA,
                _("Champs filtrables"),
            ),
            link(
                f"{settings.PUBLIC_URL}/exports/{couche.slug}/schema.json",
                "describedby",
                JSON,
                _("Les champs"),
            ),
            link(f"{settings.PUBLIC_URL}/couches/{couche.slug}/", "about", HTML, couche.title),
            *([link(licence, "license", HTML, couche.licence)] if licence else []),
            *_versions(one),
        ],
    }


def _versions(one: Collection) -> list[dict[str, str]]:
    """Return RFC 5829's links: the version in force from a numbered one, the numbered one from that in force."""
    couche, number = one.couche, one.version.number
    if not one.pinned:
        path = f"/collections/{one.pinned_identifier}"
        return [link(address(path), "version-history", JSON, _("Cette version, pour toujours"))]
    found = [link(address(f"/collections/{couche.slug}"), "latest-version", JSON, couche.title)]
    if number > 1:
        path = f"/collections/{couche.slug}:v{number - 1}"
        found.append(link(address(path), "predecessor-version", JSON))
    return found


def extent(one: Collection) -> dict[str, Any]:
    """Return the extent of a version in CRS84 and time; France as a whole where it has no object."""
    key = f"ogc-extent:{one.version.pk}"
    found: tuple[list[float], list[str]] | None = cache.get(key)
    if found is None:
        found = find_extent(one) or ([-180.0, -90.0, 180.0, 90.0], ["", ""])
        cache.set(key, found, _EXTENT_SECONDS)
    box, days = found
    instants = [f"{day}T00:00:00Z" if day else None for day in days]
    return {
        "spatial": {"bbox": [box], "crs": CRS84},
        "temporal": {
            "interval": [instants],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        },
    }
