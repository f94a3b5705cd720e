"""The OpenAPI 3.0 definition of `/ogc/`: conformance class `oas30`."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from exports.ogc.collections import Collection
from exports.ogc.crs import CRS84
from exports.ogc.documents import GEOJSON, HTML, JSON, OPENAPI, SCHEMA
from exports.ogc.params import DEFAULT_LIMIT, MAX_LIMIT
from exports.ogc.queryables import queryables_of

_PROBLEM = "application/problem+json"
_TYPES: dict[str, dict[str, Any]] = {
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
}


def definition(found: list[Collection]) -> dict[str, Any]:
    """Return the document; collections in force are listed, numbered ones follow the same paths."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Repères, OGC API – Features",
            "version": "1.0.0",
            "description": _(
                "Lecture libre des couches publiées. Une collection par couche, une par version."
            ),
            "license": {
                "name": "Licence Ouverte 2.0",
                "url": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
            },
        },
        "servers": [{"url": f"{settings.PUBLIC_URL}/ogc"}],
        "paths": {
            "/": _read("landing", _("Accueil"), JSON),
            "/conformance": _read("conformance", _("Classes de conformité"), JSON),
            "/api": _read("api", _("Cette définition"), OPENAPI),
            "/collections": _read("collections", _("Collections"), JSON),
            **{path: item for one in found for path, item in _paths(one).items()},
        },
        "components": {"schemas": _SCHEMAS, "responses": _RESPONSES},
    }


def _paths(one: Collection) -> dict[str, Any]:
    base, slug = f"/collections/{one.identifier}", one.identifier.replace("-", "_").replace(":", "_")
    item = _read(
        f"{slug}_item", _("Un objet"), GEOJSON, parameters=[_CRS], schema="#/components/schemas/feature"
    )
    item["parameters"] = [
        {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    ]
    items = _read(
        f"{slug}_items",
        _("Les objets"),
        GEOJSON,
        parameters=[*_ITEMS, *_properties(one)],
        schema="#/components/schemas/featureCollection",
    )
    return {
        base: _read(slug, one.title, JSON),
        f"{base}/queryables": _read(f"{slug}_queryables", _("Champs filtrables"), SCHEMA),
        f"{base}/items": items,
        f"{base}/items/{{featureId}}": item,
    }


def _read(
    operation: str,
    summary: str,
    media_type: str,
    *,
    parameters: list[dict[str, Any]] | None = None,
    schema: str = "",
) -> dict[str, Any]:
    body: dict[str, Any] = {"$ref": schema} if schema else {"type": "object"}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": [_FORM, *(parameters or [])],
            "responses": {
                "200": {
                    "description": summary,
                    "content": {media_type: {"schema": body}, HTML: {"schema": {"type": "string"}}},
                },
                "304": {"description": _("Rien n'a changé")},
                "400": {"$ref": "#/components/responses/refused"},
                "404": {"$ref": "#/components/responses/refused"},
            },
        }
    }


def _properties(one: Collection) -> list[dict[str, Any]]:
    """Return a parameter per queryable: `queryables-query-parameters`."""
    return [
        _parameter(name, str(queryable.column.title), _TYPES.get(queryable.kind, {"type": "string"}))
        for name, queryable in queryables_of(one.version).items()
    ]


def _parameter(name: str, description: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        **more,
    }


_FORM = _parameter("f", "Forme : json ou html", {"type": "string", "enum": ["json", "html"]})
_CRS = _parameter(
    "crs", "Projection des coordonnées rendues", {"type": "string", "format": "uri", "default": CRS84}
)
_ITEMS = [
    _parameter(
        "limit",
        "Nombre d'objets par page",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    _parameter(
        "bbox",
        "Cadre : ouest, sud, est, nord",
        {
            "type": "array",
            "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
            "items": {"type": "number"},
        },
        style="form",
        explode=False,
    ),
    _parameter("bbox-crs", "Projection du cadre", {"type": "string", "format": "uri", "default": CRS84}),
    _CRS,
    _parameter("datetime", "Dernière observation : instant ou intervalle", {"type": "string"}),
    _parameter("filter", "Filtre en CQL2", {"type": "string"}),
    _parameter(
        "filter-lang", "Langage du filtre", {"type": "string", "enum": ["cql2-text"], "default": "cql2-text"}
    ),
    _parameter("filter-crs", "Projection des géométries du filtre", {"type": "string", "format": "uri"}),
    _parameter("territoire", "commune:15014, epci:…, departement:15, region:84", {"type": "string"}),
    _parameter(
        "curseur",
        "Suite d'une page : suivez le lien « next »",
        {"type": "string", "pattern": "^[0-9]{1,18}$"},
    ),
]
_SCHEMAS = {
    "link": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {name: {"type": "string"} for name in ("href", "rel", "type", "title")},
    },
    "feature": {
        "type": "object",
        "required": ["type", "geometry", "properties", "id"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string", "format": "uuid"},
            "geometry": {"$ref": "#/components/schemas/point"},
            "properties": {"type": "object"},
            "links": {"type": "array", "items": {"$ref": "#/components/schemas/link"}},
        },
    },
    "point": {
        "type": "object",
        "required": ["type", "coordinates"],
        "properties": {
            "type": {"type": "string", "enum": ["Point"]},
            "coordinates": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
        },
    },
    "featureCollection": {
        "type": "object",
        "required": ["type", "features", "links", "timeStamp", "numberReturned"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
            "links": {"type": "array", "items": {"$ref": "#/components/schemas/link"}},
            "timeStamp": {"type": "string", "format": "date-time"},
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
        },
    },
    "problem": {
        "type": "object",
        "required": ["status", "detail"],
        "properties": {"status": {"type": "integer"}, "detail": {"type": "string"}},
    },
}
_RESPONSES = {
    "refused": {
        "description": "Refus, en français, avec le remède",
        "content": {_PROBLEM: {"schema": {"$ref": "#/components/schemas/problem"}}},
    }
}
