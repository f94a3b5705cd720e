"""The doors of the catalogue."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from rest_framework.request import Request

from couches.models import Couche, CoucheVersion, FeatureVersion
from couches.reading import reader
from exports import downloads
from exports.catalogue.dcat import PER_PAGE, graph_of
from exports.catalogue.facts import Facts, published_facts
from exports.catalogue.records import iso_record
from exports.catalogue.schema_org import dataset
from exports.public import PublicView, find_couche, find_version
from territoires.models import Commune

# Our ending → (rdflib's name, media type).
SERIALISATIONS = {
    "jsonld": ("json-ld", "application/ld+json"),
    "ttl": ("turtle", "text/turtle; charset=utf-8"),
    "rdf": ("pretty-xml", "application/rdf+xml"),
}
# sitemaps.org: 50,000 addresses a file.
SITEMAP_MAX = 50_000
_PAGE = re.compile(r"[1-9][0-9]{0,5}")


class _CatalogueView(PublicView):
    """A whole document, made of what is in force: always validated, never kept blindly."""

    def validated(self, body: bytes, media_type: str) -> HttpResponseBase:
        """Return the bytes, or 304 to who has them."""
        return downloads.whole(self.request._request, body, media_type=media_type, cache="public, no-cache")


class DcatView(_CatalogueView):
    """`/catalogue.jsonld|.ttl|.rdf`."""

    def get(self, request: Request, ending: str) -> HttpResponseBase:
        """Give one page of the catalogue in one serialisation."""
        couches = [couche for couche in Couche.objects.with_latest() if couche.latest()]
        last = max(1, -(-len(couches) // PER_PAGE))
        page = _read_page(request.query_params.get("page", "1"), last)
        found = published_facts(couches[(page - 1) * PER_PAGE : page * PER_PAGE])
        address = f"{settings.PUBLIC_URL}/catalogue.{ending}"
        graph = graph_of(found, address=address, page=page, last_page=last, total=len(couches))
        name, media_type = SERIALISATIONS[ending]
        return self.validated(graph.serialize(format=name, encoding="utf-8"), media_type)


class IsoView(_CatalogueView):
    """`/catalogue/{slug}.xml`: the ISO 19139 record of a couche, with the fields of INSPIRE."""

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Give the record."""
        return self.validated(iso_record(_facts_of(slug)).encode(), "application/xml; charset=utf-8")


class DatasetView(_CatalogueView):
    """`/couches/{slug}/dataset.jsonld`: schema.org's Dataset."""

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Give the document."""
        return self.validated(orjson.dumps(dataset(_facts_of(slug))), "application/ld+json")


class SitemapView(_CatalogueView):
    """`/sitemap.xml`: the pages worth finding, or the index of the parts."""

    def get(self, request: Request) -> HttpResponseBase:
        """List the pages, newest facts included."""
        pages = list(_pages())
        parts = max(1, -(-len(pages) // SITEMAP_MAX))
        asked = request.query_params.get("partie")
        context: dict[str, Any] = {"site": settings.PUBLIC_URL}
        if parts > 1 and asked is None:
            template, context["parts"] = "catalogue/sitemap_index.xml", range(1, parts + 1)
        else:
            part = _read_page(asked or "1", parts)
            template, context["pages"] = (
                "catalogue/sitemap.xml",
                pages[(part - 1) * SITEMAP_MAX : part * SITEMAP_MAX],
            )
        body = render(request._request, template, context).content
        return self.validated(body, "application/xml; charset=utf-8")


def _facts_of(slug: str) -> Facts:
    couche = find_couche(slug)
    find_version(slug, "derniere")
    return published_facts([couche])[0]


def _read_page(text: str, last: int) -> int:
    if not _PAGE.fullmatch(text) or int(text) > last:
        raise ValidationError({"page": [_("Écrivez un nombre de 1 à %(last)d.") % {"last": last}]})
    return int(text)


def _pages() -> Iterable[tuple[str, dt.date | None]]:
    """Yield (path, day it changed) of each page worth finding."""
    for path in ("/", "/couches/", "/ogc/", "/aide/", "/accessibilite/", "/donnees-personnelles/"):
        yield path, None
    for couche in Couche.objects.with_latest():
        latest = couche.latest()
        yield f"/couches/{couche.slug}/", latest.published_at.date() if latest else None
    using = reader().alias
    dated = CoucheVersion.objects.using(using).order_by("couche_id", "number")
    for slug, number, published in dated.values_list("couche__slug", "number", "published_at"):
        yield f"/couches/{slug}/versions/{number}/", published.date()
    known = FeatureVersion.objects.using(using).current().order_by().values("commune_id").distinct()
    codes = (
        Commune.objects.using(using)
        .current()
        .filter(pk__in=known)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    for code in codes:
        yield f"/communes/{code}/", None
        yield f"/communes/{code}/decisions/", None
