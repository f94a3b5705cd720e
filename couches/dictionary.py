"""A couche's schema as a table people read: field, label, kind, values, who fills it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from couches.models import Couche
from couches.schemas import in_order, properties


@dataclass(frozen=True)
class Entry:
    """One line of the table; `values` holds (code, label), equal when the code is the label."""

    name: str
    label: str
    help_text: str
    kind: str
    values: list[tuple[str, str]]
    required: bool
    by_town_hall: bool
    short: str
    national: str


def entries(couche: Couche) -> Iterator[Entry]:
    """Yield a line for each attribute, and one for each part of a list of objects."""
    required = set(couche.attribute_schema.get("required", []))
    for name, definition in properties(couche).items():
        yield _entry(name, definition, required=name in required)
        items = definition.get("items", {})
        for part, inner in in_order(items.get("properties", {})).items():
            yield _entry(f"{name}[].{part}", inner, required=part in items.get("required", []))


def _entry(name: str, definition: dict[str, Any], *, required: bool) -> Entry:
    choices = definition if "enum" in definition else definition.get("items", {})
    labels = choices.get("x-labels", {})
    return Entry(
        name=name,
        label=definition["title"],
        help_text=definition.get("description", ""),
        kind=_kind(definition),
        values=[(code, labels.get(code, code)) for code in choices.get("enum", [])],
        required=required,
        by_town_hall=definition.get("x-complete") == "mairie",
        short=definition.get("x-short", ""),
        national=definition.get("x-national", ""),
    )


def _kind(definition: dict[str, Any]) -> str:
    """Say the type and its bounds in French."""
    match definition["type"]:
        case "boolean":
            return _("oui ou non")
        case "array":
            several = definition["items"].get("type") == "object"
            return _("liste d'objets") if several else _("plusieurs choix")
        case "integer":
            return _("nombre entier%(bounds)s") % {"bounds": _bounds(definition)}
        case "number":
            return _("nombre%(bounds)s") % {"bounds": _bounds(definition)}
    if "enum" in definition:
        return _("un choix")
    return _("texte, %(max)d caractères au plus") % {"max": definition["maxLength"]}


def _bounds(definition: dict[str, Any]) -> str:
    low, high = definition.get("minimum"), definition.get("maximum")
    if low is not None and high is not None:
        return _(", de %(low)s à %(high)s") % {"low": low, "high": high}
    return ""
