"""Attributes from any door, judged by their couche's schema, with French errors.

The schema (JSON Schema 2020-12 and `x-…` hints, see docs/couches.md) leads the walk:
what it does not name is refused before anything looks inside, so the work is bounded by
the schema and never by what was sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as SchemaError

from couches import messages, national
from couches.cleaners import EMPTY, MAX_KEYS, Cleaner, Errors, cleaner_of, nearest
from couches.models import Couche
from couches.text import printable

_validators: dict[tuple[int | None, int], "_Judges"] = {}


def clean_attributes(
    couche: Couche, raw: object, *, completing: bool = False, partial: bool = False
) -> dict[str, Any]:
    """Return the attributes as they may be stored: known names, clean texts, no empty answer.

    `completing` opens the fields marked `x-complete: "mairie"`; `partial` does not ask
    for the required ones. Raises ValidationError({"attributes.<path>": [French]}), with
    paths such as `attributes.operators.0.calls`, and no other exception whatever `raw` is.
    """
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise ValidationError(
            {"attributes": [_('Donnez les réponses en un objet JSON : {"champ": valeur}.')]}
        )
    if len(raw) > MAX_KEYS:
        text = _("%(count)d champs reçus : %(max)d au plus.") % {"count": len(raw), "max": MAX_KEYS}
        raise ValidationError({"attributes": [text]})
    errors = Errors()
    cleaned: dict[str, Any] = {}
    judges = _judges(couche)
    for name, value in raw.items():
        known = judges.known.get(name) if isinstance(name, str) else None
        if known is None:
            path = f"attributes.{printable(name)}"
            errors.add(path, messages.unknown(printable(name), nearest(name, judges.known)))
        elif known.by_town_hall and not completing and value not in EMPTY:
            text = _("« %(title)s » est complété par la mairie : retirez cette réponse.")
            errors.add(f"attributes.{name}", text % {"title": known.definition["title"]})
        else:
            answer = known.clean(value, f"attributes.{name}", errors)
            if answer or answer not in EMPTY:
                cleaned[name] = answer
    for path, message in _breaches(judges, cleaned, partial=partial):
        errors.add_unless_said(path, message)
    if errors.by_path:
        raise ValidationError(errors.by_path)
    return cleaned


def properties(couche: Couche) -> dict[str, dict[str, Any]]:
    """Return the attribute definitions of a couche, in the order of its forms and tables."""
    return in_order(couche.attribute_schema.get("properties", {}))


def in_order(definitions: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return definitions sorted by `x-order`: JSONB does not keep the order of its keys."""
    return dict(sorted(definitions.items(), key=lambda pair: (pair[1].get("x-order", 0), pair[0])))


def carry_over(couche: Couche, current: dict[str, Any], proposed: dict[str, Any]) -> dict[str, Any]:
    """Return `proposed` with what only the town hall completes kept from `current`.

    A resident's correction says nothing of these fields: it must not empty them.
    """
    kept = {
        name: current[name]
        for name, definition in properties(couche).items()
        if definition.get("x-complete") and name in current and name not in proposed
    }
    return {**kept, **proposed}


def describe(couche: Couche, attributes: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (label, readable value) of each answer, in the order of the schema."""
    return [
        (definition["title"], readable(attributes[name], definition))
        for name, definition in properties(couche).items()
        if attributes.get(name) not in EMPTY
    ]


def title_of(couche: Couche, attributes: dict[str, Any]) -> str:
    """Return what names an object in a list: its `x-title` attribute, else its first answer."""
    name = couche.attribute_schema.get("x-title")
    if name and attributes.get(name):
        return str(attributes[name])
    answers = describe(couche, attributes)
    return answers[0][1] if answers else couche.title


def readable(value: Any, definition: dict[str, Any]) -> str:
    """Return a value as a person reads it in French."""
    if isinstance(value, bool):
        return _("oui") if value else _("non")
    if isinstance(value, list):
        items = [readable(item, definition.get("items", {})) for item in value]
        return ("; " if isinstance(value[0], dict) else ", ").join(items)
    if isinstance(value, dict):
        return _readable_object(value, definition)
    if definition.get("x-format") == "date_partielle":
        return national.french_partial_date(str(value))
    if definition.get("x-format") == "horaires":
        return national.french_hours(str(value))
    return str(definition.get("x-labels", {}).get(value, value))


def _readable_object(value: dict[str, Any], definition: dict[str, Any]) -> str:
    """Say "Orange : appels impossible, SMS difficile": the first answer, then the named others."""
    parts = in_order(definition.get("properties", {}))
    names = [name for name in parts if name in value]
    if not names:
        return ""
    first, *others = names
    head = readable(value[first], parts[first])
    said = [
        f"{_mid_sentence(parts[name]['title'])} {_mid_sentence(readable(value[name], parts[name]))}"
        for name in others
    ]
    return _("%(head)s : %(said)s") % {"head": head, "said": ", ".join(said)} if said else head


def _mid_sentence(text: str) -> str:
    """Return the text without its capital, unless it begins with an acronym."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _breaches(judges: "_Judges", cleaned: dict[str, Any], *, partial: bool) -> Iterator[tuple[str, str]]:
    """Yield (path, message) for each rule of the schema that the cleaned answers break.

    A compiled validator says that there is none, a hundred times faster; where it doubts, the other
    one has the last word, and the words.
    """
    for error in () if judges.fast.is_valid(cleaned) else judges.wordy.iter_errors(cleaned):
        path = ".".join(["attributes", *map(str, error.absolute_path)])
        if error.validator == "required":
            if not (partial and not error.absolute_path):
                yield from _missing(error, path)
        else:
            yield path, messages.refused(error)
    for name, definition in judges.ruled:
        if isinstance(cleaned.get(name), list):
            yield from _list_rules(cleaned[name], definition, f"attributes.{name}")


def _missing(error: SchemaError, path: str) -> Iterator[tuple[str, str]]:
    assert isinstance(error.schema, dict) and isinstance(error.instance, dict)  # noqa: S101  # `required` is of objects
    for name in error.schema["required"]:
        if name not in error.instance:
            yield f"{path}.{name}", messages.missing(error.schema["properties"][name])


def _list_rules(rows: list[Any], definition: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Two rules JSON Schema cannot say: a key given once, a time before another."""
    key = definition.get("x-unique")
    before = definition.get("items", {}).get("x-before")
    seen: set[Any] = set()
    for rank, row in enumerate(rows):
        if not isinstance(row, dict):
            continue
        if key in row:
            if row[key] in seen:
                name = readable(row[key], definition["items"]["properties"][key])
                yield (
                    f"{path}.{rank}.{key}",
                    _("« %(name)s » est donné deux fois : gardez une réponse.") % {"name": name},
                )
            seen.add(row[key])
        if before and all(name in row for name in before) and row[before[0]] >= row[before[1]]:
            yield f"{path}.{rank}.{before[1]}", _("La fin doit venir après le début.")


@dataclass(frozen=True)
class _Known:
    """An answer that the schema names, and what makes it clean."""

    definition: dict[str, Any]
    by_town_hall: bool
    clean: Cleaner


@dataclass(frozen=True)
class _Judges:
    """What judges by one schema, made once of it.

    `known`: its answers. `ruled`: the lists with a rule of `_list_rules`. Two validators:
    `wordy` says what is wrong, `fast` only whether something is.
    """

    schema: dict[str, Any]
    known: dict[str, _Known]
    ruled: tuple[tuple[str, dict[str, Any]], ...]
    wordy: Draft202012Validator
    fast: jsonschema_rs.Draft202012Validator


def _judges(couche: Couche) -> _Judges:
    """Return what judges the couche's answers, built once per version of its schema."""
    key, schema = (couche.pk, couche.schema_version), couche.attribute_schema
    known = _validators.get(key)
    if known is None or (known.schema is not schema and known.schema != schema):
        known = _validators[key] = _made(couche)
    return known


def _made(couche: Couche) -> _Judges:
    schema, known = couche.attribute_schema, properties(couche)
    return _Judges(
        schema,
        {name: _Known(one, bool(one.get("x-complete")), cleaner_of(one)) for name, one in known.items()},
        tuple(
            (name, one)
            for name, one in known.items()
            if "x-unique" in one or "x-before" in one.get("items", {})
        ),
        Draft202012Validator(schema),
        jsonschema_rs.Draft202012Validator(schema),
    )
