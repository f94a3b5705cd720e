"""The Table Schema of a couche's flat table (frictionless v1)."""

from typing import Any

from couches.columns import LIST_SEPARATOR, PROJECTED, Column, columns_of
from couches.models import Couche

# A sheet of Excel or LibreOffice has 1,048,576 rows; the first one names the columns.
MAX_SHEET_ROWS = 1_048_575


def table_schema(couche: Couche) -> dict[str, Any]:
    """Return the Table Schema (frictionless v1) of the couche's CSV."""
    homepage = {"homepage": couche.national_schema} if couche.national_schema else {}
    return {
        "$schema": "https://specs.frictionlessdata.io/schemas/table-schema.json",
        "name": couche.slug,
        "title": couche.title,
        "description": couche.description,
        "version": f"{couche.schema_version}.0.0",
        **homepage,
        "primaryKey": ["id"],
        "missingValues": [""],
        "fields": [table_field(column) for column in (*columns_of(couche), *PROJECTED)],
    }


def table_field(column: Column) -> dict[str, Any]:
    """Return the Table Schema field of a column."""
    hints = column.definition.get("x-table", {})
    json_type = "array" if column.definition.get("type") == "array" else "any"
    described = {
        "name": column.name,
        "title": column.title,
        "description": column.description,
        "type": {"list": "string", "json": json_type}.get(column.kind, column.kind),
        "example": hints.get("example"),
        "constraints": _constraints(column),
        "x-short": column.short,
        "x-labels": column.labels or None,
        "x-separator": LIST_SEPARATOR if column.kind == "list" else None,
    }
    return {name: value for name, value in described.items() if value not in (None, "", {})}


def _constraints(column: Column) -> dict[str, Any]:
    """Return what the schema says of a value, as far as it holds in a formula-safe CSV."""
    if not column.path:
        return {"required": True, "unique": True} if column.name == "id" else {}
    rules = column.definition
    if column.kind in ("integer", "number"):
        return {name: rules[name] for name in ("minimum", "maximum") if name in rules}
    if column.kind != "string":
        return {}
    # A text that a spreadsheet would take for a formula has one more character: a quote.
    found: dict[str, Any] = {}
    if "enum" in rules:
        found["enum"] = rules["enum"]
    if "maxLength" in rules:
        found["maxLength"] = rules["maxLength"] + 1
    if "pattern" in rules:
        found["pattern"] = f"^'?(?:{rules['pattern'].removeprefix('^').removesuffix('$')})$"
    return found
