"""What an attribute schema must be before the forms, the tables and the doors rely on it."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from couches.national import FORMATS

MAX_ATTRIBUTES = 60
TYPES = {"string", "integer", "number", "boolean", "array"}
WIDGETS = {
    "text", "textarea", "radios", "select", "checkboxes", "number", "tristate", "tel", "url", "email",
    "time", "rows", "toggles",
}  # fmt: skip
# Keywords the cleaning, the forms and the messages know; another would be silently half-applied.
KEYWORDS = {
    "title", "description", "type", "enum", "items", "properties", "required", "additionalProperties",
    "anyOf", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems",
    "examples",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_SHORT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,9}")


def check_schema(schema: object) -> None:
    """Raise ValidationError({path: [French message]}) unless `schema` is a sound attribute schema."""
    if not isinstance(schema, dict):
        raise ValidationError({"attribute_schema": [_("Donnez un schéma JSON (un objet).")]})
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        path = ".".join(["attribute_schema", *map(str, error.absolute_path)])
        raise ValidationError({path: [_("Ce n'est pas du JSON Schema 2020-12 valide.")]}) from error
    errors: dict[str, list[str]] = {}
    for path, message in _faults(schema):
        errors.setdefault(f"attribute_schema{path}", []).append(message)
    if errors:
        raise ValidationError(errors)


def _faults(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    attributes = schema.get("properties")
    if schema.get("type") != "object" or not isinstance(attributes, dict) or not attributes:
        yield "", _("Décrivez un objet avec au moins un attribut dans « properties ».")
        return
    if schema.get("additionalProperties") is not False:
        yield "", _('Écrivez "additionalProperties": false : un attribut inconnu doit être refusé.')
    if len(attributes) > MAX_ATTRIBUTES:
        yield ".properties", _("%(max)d attributs au plus.") % {"max": MAX_ATTRIBUTES}
    yield from _object_faults("", schema)
    yield from _short_name_faults(attributes)
    groups = {group.get("id") for group in schema.get("x-groups", [])}
    for name, definition in attributes.items():
        if definition.get("x-group") not in groups:
            yield f".properties.{name}", _("« x-group » doit nommer un groupe de « x-groups ».")
        if definition.get("x-complete") not in (None, "mairie"):
            yield f".properties.{name}", _("« x-complete » ne connaît que « mairie ».")
        if definition.get("x-complete") and name in schema.get("required", []):
            yield f".properties.{name}", _("Un champ complété par la mairie ne peut pas être obligatoire.")
    if "x-title" in schema and schema["x-title"] not in attributes:
        yield ".x-title", _("« x-title » doit nommer un attribut.")


def _short_name_faults(attributes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Shapefile names: given for each attribute, at most 10 characters, unique whatever the case."""
    seen: set[str] = set()
    for name, definition in attributes.items():
        short = str(definition.get("x-short", ""))
        if not _SHORT.fullmatch(short):
            yield f".properties.{name}", _("« x-short » : 1 à 10 lettres ASCII, chiffres ou « _ ».")
        elif short.lower() in seen:
            yield f".properties.{name}", _("« x-short » est déjà pris par un autre attribut.")
        seen.add(short.lower())


def _object_faults(path: str, definition: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, part in definition["properties"].items():
        where = f"{path}.properties.{name}"
        if not _NAME.fullmatch(name):
            yield where, _("Le nom d'un attribut : une lettre ASCII puis lettres, chiffres ou « _ ».")
        if not isinstance(part, dict) or not part.get("title"):
            yield where, _("Donnez un titre en français.")
            continue
        yield from _attribute_faults(where, part)
    for name in definition.get("required", []):
        if name not in definition["properties"]:
            yield f"{path}.required", _("« %(name)s » est obligatoire mais n'existe pas.") % {"name": name}


def _attribute_faults(where: str, part: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind = part.get("type")
    if kind not in TYPES:
        yield where, _("« type » : string, integer, number, boolean ou array.")
    unknown = sorted(key for key in part if not key.startswith("x-") and key not in KEYWORDS)
    if unknown:
        yield where, _("Mots-clés non pris en charge : %(names)s.") % {"names": ", ".join(unknown)}
    if part.get("x-widget") not in {None, *WIDGETS}:
        yield where, _("« x-widget » inconnu.")
    if part.get("x-format") not in {None, *FORMATS}:
        yield where, _("« x-format » inconnu.")
    if not _is_paper_hint(part.get("x-paper", False), part.get("enum", [])):
        yield where, _("« x-paper » : false, une partie des valeurs de « enum », ou un texte d'aide.")
    if kind == "string" and "enum" not in part and "maxLength" not in part:
        yield where, _("Un texte libre a une longueur maximale (« maxLength »).")
    if "enum" in part and set(part.get("x-labels", {})) != set(part["enum"]):
        yield where, _("« x-labels » donne un libellé à chaque valeur de « enum », et à elles seules.")
    if kind == "array":
        yield from _array_faults(where, part)


def _is_paper_hint(hint: Any, values: list[Any]) -> bool:
    """Say whether the paper form understands `hint`: not asked, these boxes only, or this help."""
    if isinstance(hint, list):
        return bool(hint) and all(value in values for value in hint)
    return hint is False or isinstance(hint, str)


def _array_faults(where: str, part: dict[str, Any]) -> Iterator[tuple[str, str]]:
    items = part.get("items")
    if "maxItems" not in part:
        yield where, _("Une liste a une taille maximale (« maxItems »).")
    if not isinstance(items, dict):
        yield where, _("Décrivez les éléments de la liste (« items »).")
    elif items.get("type") == "object":
        if items.get("additionalProperties") is not False or not items.get("properties"):
            yield f"{where}.items", _('Nommez les champs et écrivez "additionalProperties": false.')
        else:
            yield from _object_faults(f"{where}.items", items)
    elif "enum" not in items or set(items.get("x-labels", {})) != set(items["enum"]):
        yield f"{where}.items", _("Une liste simple choisit parmi « enum », chacun avec son libellé.")
