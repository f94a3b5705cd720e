"""Judges a row as Validata would: the rules of the Table Schema, then the checks frictionless ignores."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from couches import hours
from couches.national import siret_is_true
from exports.national.specs import Field, Spec

MISSING, WRONG, STUCK = "manquant", "faux", "bloque"
Row = dict[str, str]
_LA_POSTE_SIREN = "356000000"
# As strict as frictionless: no dot at an end nor two in a row, labels of letters, a real ending.
_EMAIL = re.compile(
    r"[A-Za-z0-9_'+-]+(?:\.[A-Za-z0-9_'+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)
_URI = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/]+\S*", re.IGNORECASE)
_WORDS_OF_BOOLEANS = {"true", "false"}


@dataclass(frozen=True)
class Gap:
    """Why a row does not conform: the field, missing, wrong or stuck (nobody's fault), and a French sentence."""

    field: str
    state: str
    why: str


class Judge:
    """The rules of one schema, compiled once."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        # frictionless reads a pattern from the start of the value to its end.
        return {field.name: re.compile(f"(?:{field.pattern})") for field in self.spec.fields if field.pattern}

    def gaps(self, row: Row) -> list[Gap]:
        """Return what keeps a row from conforming; empty when it does."""
        found = [gap for field in self.spec.fields if (gap := self._judge(field, row.get(field.name, "")))]
        named = {gap.field for gap in found}
        return found + [gap for gap in custom_gaps(self.spec.checks, row) if gap.field not in named]

    def _judge(self, field: Field, value: str) -> Gap | None:
        if value == "":
            if not field.required:
                return None
            return Gap(field.name, MISSING, _("Le schéma national l'exige."))
        if why := _wrong_kind(field, value) or self._wrong_value(field, value):
            return Gap(field.name, STUCK if self._is_stuck(field, value) else WRONG, why)
        return None

    def _wrong_value(self, field: Field, value: str) -> str:
        if field.enum and value not in field.enum:
            return _("« %(value)s » n'est pas une des valeurs du schéma.") % {"value": value[:60]}
        if not self._follows(field, value):
            if self._is_stuck(field, value):
                return _("Le schéma refuse les apostrophes des noms de communes : rien n'est à corriger ici.")
            return _("« %(value)s » n'a pas la forme que le schéma demande.") % {"value": value[:60]}
        if field.max_length and len(value) > field.max_length:
            return _("%(max)d caractères au plus.") % {"max": field.max_length}
        if field.min_length and len(value) < field.min_length:
            return _("%(min)d caractères au moins.") % {"min": field.min_length}
        return ""

    def _is_stuck(self, field: Field, value: str) -> bool:
        """SCDL 0.1.5 forbids the apostrophe of 952 communes: with nothing else amiss, the schema is at fault."""
        plain = re.sub("['’]", "-", value)
        return field.name == "ADR_COMMUNE" and plain != value and self._follows(field, plain)

    def _follows(self, field: Field, value: str) -> bool:
        return field.name not in self._patterns or self._patterns[field.name].fullmatch(value) is not None


def _wrong_kind(field: Field, value: str) -> str:
    test = _KINDS.get(field.kind) or _KINDS.get(field.form)
    if test is not None and not test(field, value):
        return _("« %(value)s » n'est pas du type attendu (%(kind)s).") % {
            "value": value[:60],
            "kind": field.form or field.kind,
        }
    return ""


def _is_number(field: Field, value: str) -> bool:
    if not re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", value) or (field.kind == "integer" and "." in value):
        return False
    low, high = field.minimum, field.maximum
    return (low is None or float(value) >= low) and (high is None or float(value) <= high)


def _is_date(_field: Field, value: str) -> bool:
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is not None


def _is_list(_field: Field, value: str) -> bool:
    try:
        return isinstance(json.loads(value), list)
    except ValueError:
        return False


_KINDS: dict[str, Callable[[Field, str], bool]] = {
    "number": _is_number,
    "integer": _is_number,
    "date": _is_date,
    "array": _is_list,
    "boolean": lambda _field, value: value in _WORDS_OF_BOOLEANS,
    "email": lambda _field, value: _EMAIL.fullmatch(value) is not None,
    "uri": lambda _field, value: _URI.fullmatch(value) is not None,
}


def custom_gaps(checks: tuple[tuple[str, dict[str, Any]], ...], row: Row) -> Iterator[Gap]:
    """Yield what the custom checks of a schema find; a check we do not know is not passed over in silence.

    Raises KeyError for an unknown check: a schema is not loaded with one.
    """
    for name, parameters in checks:
        column = str(parameters["column"])
        if row.get(column, "") and (why := CHECKS[name](row, parameters)):
            yield Gap(column, WRONG, why)


def siren_is_true(value: str) -> bool:
    """Say whether nine digits have a true key (Luhn)."""
    if not re.fullmatch(r"[0-9]{9}", value):
        return False
    doubled = [int(digit) * (2 if rank % 2 else 1) for rank, digit in enumerate(value)]
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


def _siret(row: Row, parameters: dict[str, Any]) -> str:
    value = row[parameters["column"]]
    return "" if siret_is_true(value) else _("La clé de ce SIRET est fausse : un chiffre a été mal recopié.")


def _siret_if_14_digits(row: Row, parameters: dict[str, Any]) -> str:
    return _siret(row, parameters) if re.fullmatch(r"[0-9]{14}", row[parameters["column"]]) else ""


def _siren(row: Row, parameters: dict[str, Any]) -> str:
    value = row[parameters["column"]]
    return "" if siren_is_true(value) else _("La clé de ce SIREN est fausse : un chiffre a été mal recopié.")


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, "==": lambda a, b: a == b,
}  # fmt: skip


def _compare(row: Row, parameters: dict[str, Any]) -> str:
    """`compare-columns-value`: numbers as numbers, dates and texts as they are written."""
    column, other, order = parameters["column"], parameters["column2"], parameters["op"]
    left, right = row[column], row.get(other, "")
    if right == "":
        return ""
    pair: tuple[Any, Any] = (left, right)
    if all(re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", value) for value in pair):
        pair = (float(left), float(right))
    if _ORDERS[order](*pair):
        return ""
    return _("%(column)s devrait être %(order)s %(other)s.") % {
        "column": column,
        "order": order,
        "other": other,
    }


def _sum(row: Row, parameters: dict[str, Any]) -> str:
    """`sum-columns-value`: the column is the sum of others."""
    column, parts = parameters["column"], parameters["columns"]
    values = [row[column], *(row.get(name, "") for name in parts)]
    if not all(re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", value) for value in values):
        return ""
    total, *others = map(float, values)
    if abs(total - sum(others)) < 1e-9:
        return ""
    return _("%(column)s devrait être la somme de %(parts)s.") % {"column": column, "parts": ", ".join(parts)}


def _hours(row: Row, parameters: dict[str, Any]) -> str:
    value = row[parameters["column"]]
    if wrong := hours.impossible_time(value) or hours.empty_span(value):
        return _("« %(time)s » n'est pas un horaire.") % {"time": wrong}
    return ""


CHECKS: dict[str, Callable[[Row, dict[str, Any]], str]] = {
    "french-siret-value": _siret,
    "french-siret-if-14-digits": _siret_if_14_digits,
    "french-siren-value": _siren,
    "compare-columns-value": _compare,
    "sum-columns-value": _sum,
    "osm-hours": _hours,
}
