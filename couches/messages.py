"""What a schema refuses, said in French: which question, what to do about it."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from jsonschema.exceptions import ValidationError as SchemaError

_TYPES = {
    "string": "un texte",
    "integer": "un nombre entier",
    "number": "un nombre",
    "boolean": "oui ou non (true ou false)",
    "array": "une liste",
    "object": "un objet",
}


def wrong_type(definition: dict[str, Any]) -> str:
    """Return the message for a value of another JSON type than the schema's."""
    if "x-error" in definition:
        return str(definition["x-error"])
    expected = _TYPES.get(str(definition.get("type")), "une valeur")
    return _("« %(title)s » attend %(type)s.") % {"title": definition.get("title", ""), "type": expected}


def missing(definition: dict[str, Any]) -> str:
    """Return the message for an answer that must be given."""
    if "x-error" in definition:
        return str(definition["x-error"])
    return _("Répondez à « %(title)s ».") % {"title": definition.get("title", "")}


def unknown(name: str, nearest: str | None) -> str:
    """Return the message for an attribute the couche does not have."""
    if nearest:
        return _("La couche n'a pas de champ « %(name)s » : vouliez-vous dire « %(nearest)s » ?") % {
            "name": name,
            "nearest": nearest,
        }
    return _("La couche n'a pas de champ « %(name)s » : retirez-le.") % {"name": name}


# Keyword of the schema → what to say; `title` and `limit` come from the definition.
_RULES = {
    "minimum": gettext_lazy("« %(title)s » : %(limit)s au moins."),
    "maximum": gettext_lazy("« %(title)s » : %(limit)s au plus."),
    "minLength": gettext_lazy("« %(title)s » : %(limit)s caractères au moins."),
    "maxLength": gettext_lazy("« %(title)s » : %(limit)s caractères au plus."),
    "minItems": gettext_lazy("« %(title)s » : %(limit)s réponses au moins."),
    "maxItems": gettext_lazy("« %(title)s » : %(limit)s réponses au plus."),
    "uniqueItems": gettext_lazy("« %(title)s » : la même réponse est donnée deux fois."),
    "enum": gettext_lazy("« %(title)s » : choisissez parmi %(limit)s."),
}
_OTHERWISE = gettext_lazy("« %(title)s » : cette réponse n'a pas la forme attendue.")


def refused(error: SchemaError) -> str:
    """Return the schema's own French message, else one made from the rule broken."""
    definition = error.schema if isinstance(error.schema, dict) else {}
    if "x-error" in definition:
        return str(definition["x-error"])
    limit = error.validator_value
    if error.validator == "enum":
        labels = definition.get("x-labels", {})
        limit = ", ".join(
            f"{labels[code]} ({code})" if labels.get(code, code) != code else str(code) for code in limit
        )
    rule = _RULES.get(str(error.validator), _OTHERWISE)
    return rule % {"title": definition.get("title", ""), "limit": limit}
