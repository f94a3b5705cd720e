"""What a phone keeps to ask a couche's questions without network: every form, as one document.

The attribute schemas, without what a form has no use for: notes for exports and national
schemas, and the fields that only the town hall completes.
"""

import hashlib
from typing import Any

import orjson
from django.db import connection

from couches.models import Couche

# Hints for exports, imports and tables. What is not named here stays: a new hint may be the form's.
USELESS = frozenset({"$schema", "x-short", "x-national", "x-table", "x-bpe", "x-map", "x-complete"})
VERSION_LENGTH = 16
# Where each row of the catalogue lies and which transaction wrote it: any change moves it.
ROW_VERSIONS = "SELECT id, xmin::text, ctid::text FROM couches_couche ORDER BY id"

_latest: tuple[object, bytes] = ((), b"")


def forms_document() -> bytes:
    """Return `{"version", "couches": […]}` as compact JSON, couches in their order.

    `version` is the beginning of the content's SHA-256: equal versions, equal bytes. One
    query while no couche changes, two otherwise.
    """
    global _latest
    with connection.cursor() as cursor:
        cursor.execute(ROW_VERSIONS)
        key = tuple(cursor.fetchall())
    if _latest[0] != key:
        _latest = key, _document()
    return _latest[1]


def forms_version() -> str:
    """Return the version of `forms_document()`: it changes when a form does."""
    return str(orjson.loads(forms_document())["version"])


def _document() -> bytes:
    couches = orjson.dumps([_form(couche) for couche in Couche.objects.all()])
    version = hashlib.sha256(couches).hexdigest()[:VERSION_LENGTH]
    return b'{"version":"%s","couches":%s}' % (version.encode(), couches)


def _form(couche: Couche) -> dict[str, Any]:
    return {
        "slug": couche.slug,
        "title": couche.title,
        "description": couche.description,
        "schema_version": couche.schema_version,
        "style": couche.style,
        "schema": _pruned(couche.attribute_schema),
    }


def _pruned(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without useless keywords nor the attributes of the town hall."""
    kept: dict[str, Any] = {key: value for key, value in schema.items() if key not in USELESS}
    if isinstance(kept.get("items"), dict):
        kept["items"] = _pruned(kept["items"])
    if isinstance(kept.get("properties"), dict):
        # Attribute names are data: one called "x-map" would not be a keyword.
        kept["properties"] = {
            name: _pruned(definition)
            for name, definition in kept["properties"].items()
            if not definition.get("x-complete")
        }
    return kept
