"""What items can be filtered by: the flat columns of a couche, each with its SQL on the stored row.

The filter runs where rows are found, before anything of them is computed; expressions are
therefore those of `exports/rows.py` on the tables themselves.
"""

from dataclasses import dataclass
from typing import Any

from psycopg import sql

from couches.columns import Column, columns_of
from couches.models import CoucheVersion
from exports.rows import value_of

GEOMETRY = "geometry"
# Ours, by the alias of their table (`exports.rows.TABLES`).
_OWN = {
    "number": "fv.number",
    "code_insee": "c.code_insee",
    "commune": "c.nom",
    "departement": "c.departement_id",
    "observations": "fv.observations",
    "distinct_observers": "fv.distinct_observers",
    "last_observed_on": "fv.last_observed_on",
    "accuracy_m": "fv.accuracy_m",
    "near_border": "fv.near_border",
    "self_accepted": "fv.self_accepted",
    "origin": "fv.origin",
}
_JSON_TYPES = {
    "string": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "list": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
}


@dataclass(frozen=True)
class Queryable:
    """One property: `kind` is string, date, integer, number, boolean or list (joined by `|`)."""

    name: str
    kind: str
    value: sql.Composable
    column: Column

    @property
    def is_text(self) -> bool:
        """Say whether its SQL value is a text; dates of answers are kept as ISO texts."""
        return self.kind in ("string", "list") or (self.kind == "date" and bool(self.column.path))


def queryables_of(version: CoucheVersion) -> dict[str, Queryable]:
    """Return the queryables of a version by name."""
    found = {}
    for column in columns_of(version.couche):
        if column.kind == "json" or (not column.path and column.name not in _OWN and column.name != "id"):
            continue
        if column.name == "id":
            value: sql.Composable = sql.SQL("fv.feature_id::text")
        elif column.path:
            value = value_of(column, version)
        else:
            value = sql.SQL(_OWN[column.name])
        found[column.name] = Queryable(column.name, column.kind, value, column)
    return found


def queryables_schema(version: CoucheVersion, uri: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the queryables: OGC API – Features Part 3, `/queryables`."""
    described: dict[str, Any] = {
        GEOMETRY: {
            "title": "Position",
            "format": "geometry-point",
            "x-ogc-role": "primary-geometry",
        }
    }
    for name, one in queryables_of(version).items():
        described[name] = {"title": one.column.title, **_JSON_TYPES[one.kind]}
        if one.column.description:
            described[name]["description"] = one.column.description
        if one.kind == "string" and "enum" in one.column.definition:
            described[name]["enum"] = one.column.definition["enum"]
    described["last_observed_on"]["x-ogc-role"] = "primary-instant"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": uri,
        "type": "object",
        "title": version.couche.title,
        "properties": described,
        "additionalProperties": False,
    }
