"""The doors of `/ogc/`: each answers as JSON for programs and as a page for people."""

import datetime as dt
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from psycopg.errors import QueryCanceled
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from exports import downloads
from exports.demands import recipe
from exports.ogc import documents, openapi
from exports.ogc.collections import Collection, all_collections, find_collection
from exports.ogc.crs import read_reference
from exports.ogc.documents import GEOJSON, HTML, JSON, OPENAPI, SCHEMA, address, link
from exports.ogc.items import find_item, find_page
from exports.ogc.params import needs_legal, read_feature_id, read_items
from exports.ogc.queryables import queryables_schema
from exports.public import MAX_AGE, PublicView, prefers_page

_REFUSED = 400


class OgcView(PublicView):
    """A door of OGC API: refuses what it does not know, validates, speaks JSON or HTML."""

    # Parameters of the address that it reads; any other is refused (`/req/core/query-param-unknown`).
    known: frozenset[str] | None = frozenset({"f"})

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse unknown and repeated parameters before anything is looked for."""
        super().initial(request, *args, **kwargs)
        asked = request.query_params
        if self.known is not None and (unknown := sorted(set(asked) - self.known)):
            raise ValidationError({unknown[0][:60]: [_("Ce paramètre n'existe pas ici : retirez-le.")]})
        repeated = [name for name, values in asked.lists() if len(values) > 1]
        if repeated:
            raise ValidationError({repeated[0][:60]: [_("Ce paramètre est donné deux fois : gardez-en un.")]})
        if asked.get("f", "json") not in ("json", "html"):
            raise ValidationError({"f": [_("Écrivez f=json ou f=html.")]})

    def handle_exception(self, exc: Exception) -> Response:
        """Refuse with 400, the standard's status for a bad parameter; tell a costly filter from a breakdown."""
        if isinstance(exc, OperationalError) and isinstance(exc.__cause__, QueryCanceled):
            message = _("Ce filtre demande trop de temps : ajoutez « territoire » ou « bbox ».")
            exc = ValidationError({"filter": [message]})
        response = super().handle_exception(exc)
        if isinstance(exc, ValidationError):
            response.status_code = _REFUSED
            if isinstance(getattr(response, "data", None), dict):
                response.data["status"] = _REFUSED
        return response

    @property
    def as_page(self) -> bool:
        """Say whether a person reads: `f` decides, else what is accepted."""
        form = self.request.query_params.get("f")
        return form == "html" if form else prefers_page(self.request)

    def answer(
        self,
        document: dict[str, Any],
        template: str,
        *,
        media_type: str = JSON,
        collection: Collection | None = None,
    ) -> HttpResponseBase:
        """Return a document as JSON, or its page."""
        body = orjson.dumps(document)
        if self.as_page:
            context = {"document": document, "collection": collection}
            made = render(self.request._request, f"ogc/{template}.html", context)
            return self.validated(made.content, HTML + "; charset=utf-8", collection)
        return self.validated(body, media_type, collection)

    def validated(
        self, body: bytes, media_type: str, collection: Collection | None, *, etag: str = ""
    ) -> HttpResponseBase:
        """Return the bytes with a strong validator, or 304 to who has them."""
        pinned = collection is not None and collection.pinned
        cache = f"public, max-age={MAX_AGE}" if pinned else "public, no-cache"
        response = downloads.whole(self.request._request, body, media_type=media_type, cache=cache, etag=etag)
        patch_vary_headers(response, ["Accept"])
        return response


class LandingView(OgcView):
    """`/ogc/`."""

    def get(self, request: Request) -> HttpResponseBase:
        """Welcome."""
        return self.answer(documents.landing(), "accueil")


class ConformanceView(OgcView):
    """`/ogc/conformance`."""

    def get(self, request: Request) -> HttpResponseBase:
        """List the classes we claim."""
        return self.answer(documents.conformance(), "conformite")


class ApiView(OgcView):
    """`/ogc/api`."""

    def get(self, request: Request) -> HttpResponseBase:
        """Define the API."""
        return self.answer(openapi.definition(all_collections()), "api", media_type=OPENAPI)


class CollectionsView(OgcView):
    """`/ogc/collections`."""

    def get(self, request: Request) -> HttpResponseBase:
        """List the collections in force."""
        return self.answer(documents.collections(all_collections()), "collections")


class CollectionView(OgcView):
    """`/ogc/collections/{collection}`."""

    def get(self, request: Request, collection: str) -> HttpResponseBase:
        """Describe a collection."""
        found = find_collection(collection)
        return self.answer(documents.collection(found), "collection", collection=found)


class QueryablesView(OgcView):
    """`/ogc/collections/{collection}/queryables`."""

    def get(self, request: Request, collection: str) -> HttpResponseBase:
        """Describe what items can be filtered by."""
        found = find_collection(collection)
        uri = address(f"/collections/{found.identifier}/queryables")
        schema = queryables_schema(found.version, uri)
        return self.answer(schema, "champs", media_type=SCHEMA, collection=found)


class ItemsView(OgcView):
    """`/ogc/collections/{collection}/items`."""

    known = None

    def get(self, request: Request, collection: str) -> HttpResponseBase:
        """Give one page of items."""
        found = find_collection(collection)
        query = read_items(found, request.query_params)
        facts = [
            sorted(request.query_params.items()),
            self.as_page,
            found.version.sha256,
            recipe(found.version),
        ]
        # Weak: the same items, with the hour of the answer.
        etag = f"W/{downloads.etag_of(orjson.dumps([found.identifier, *facts]))}"
        if get_conditional_response(request._request, etag=etag):
            return self.validated(b"", GEOJSON, found, etag=etag)
        page = find_page(query)
        head: dict[str, Any] = {
            "timeStamp": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "numberReturned": len(page.features),
        }
        if query.is_whole:
            head["numberMatched"] = found.version.feature_count
        elif page.next_after is None and not query.after:
            head["numberMatched"] = len(page.features)
        head["links"] = _page_links(request, found, page.next_after)
        body = b'{"type":"FeatureCollection",%s,"features":[\n%s]}\n' % (
            orjson.dumps(head)[1:-1],
            ",\n".join(f"{one}}}" for one in page.features).encode(),
        )
        if self.as_page:
            context = {"document": orjson.loads(body), "collection": found, "asked": request.query_params}
            made = render(request._request, "ogc/objets.html", context)
            return self.validated(made.content, HTML + "; charset=utf-8", found, etag=etag)
        response = self.validated(body, GEOJSON, found, etag=etag)
        response["Content-Crs"] = f"<{query.reference.uri}>"
        return response


class ItemView(OgcView):
    """`/ogc/collections/{collection}/items/{feature}`."""

    known = frozenset({"f", "crs"})

    def get(self, request: Request, collection: str, feature: str) -> HttpResponseBase:
        """Give one item."""
        found = find_collection(collection)
        legal = needs_legal(found, request.query_params)
        reference = read_reference("crs", request.query_params.get("crs", ""), legal)
        feature_id = read_feature_id(feature)
        text = find_item(found, reference, feature_id) if feature_id else None
        if text is None:
            raise NotFound(_("Cet objet n'est pas dans cette version de la couche."))
        path = f"/collections/{found.identifier}"
        links = [
            *documents.both_forms(f"{path}/items/{feature_id}", GEOJSON),
            link(address(path), "collection", JSON, found.title),
        ]
        body = f'{text},"links":{orjson.dumps(links).decode()}}}'.encode()
        if self.as_page:
            context = {"document": orjson.loads(body), "collection": found}
            made = render(request._request, "ogc/objet.html", context)
            return self.validated(made.content, HTML + "; charset=utf-8", found)
        response = self.validated(body, GEOJSON, found)
        response["Content-Crs"] = f"<{reference.uri}>"
        return response


def _page_links(request: Request, found: Collection, next_after: int | None) -> list[dict[str, str]]:
    """Return self, alternate, collection, and next; the last stays at the version of this page."""
    asked = {name: value for name, value in request.query_params.dict().items() if name != "f"}
    here = f"{settings.PUBLIC_URL}/ogc/collections/{found.identifier}/items"
    links = [
        link(f"{here}?{urlencode({**asked, 'f': 'json'})}", "self", GEOJSON),
        link(f"{here}?{urlencode({**asked, 'f': 'html'})}", "alternate", HTML),
        link(address(f"/collections/{found.identifier}"), "collection", JSON, found.title),
    ]
    if next_after is not None:
        # A version published meanwhile must neither hide nor repeat a row of this walk.
        pinned = f"{settings.PUBLIC_URL}/ogc/collections/{found.pinned_identifier}/items"
        query = {**request.query_params.dict(), "curseur": str(next_after)}
        links.append(link(f"{pinned}?{urlencode(query)}", "next", GEOJSON, _("Page suivante")))
    return links
