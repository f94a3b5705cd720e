"""Answers made clean, one kind at a time, by cleaners built once from the definitions of a schema.

A file has a million rows of the same dozen answers: what a definition says is read when its
cleaner is built, not at each row.
"""

import difflib
import math
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from couches import messages, national
from couches.text import clean_text, printable

MAX_KEYS = 60
MAX_ITEMS = 60
MAX_TEXT = 2_000
# Notations such as "04 71 45 46 46" are longer than what is stored.
SHORT_TEXT = 300
MAX_ERRORS = 30
# Beyond it a number loses units in any reader that counts in floats (JSON, spreadsheets).
MAX_NUMBER = 2**53
EMPTY: tuple[Any, ...] = (None, "", [], {})


class Errors:
    """Messages by path, bounded: nobody reads the thirty-first."""

    def __init__(self) -> None:
        self.by_path: dict[str, list[str]] = {}

    def add(self, path: str, message: str) -> None:
        """Keep a message, while there are few."""
        if len(self.by_path) < MAX_ERRORS:
            self.by_path.setdefault(path, []).append(message)

    def add_unless_said(self, path: str, message: str) -> None:
        """Add a message where nothing was said yet, of the field or of a part of it."""
        if not any(said == path or said.startswith(f"{path}.") for said in self.by_path):
            self.add(path, message)


Cleaner = Callable[[Any, str, Errors], Any]


def cleaner_of(definition: dict[str, Any]) -> Cleaner:
    """Return what makes a value of this definition clean: (value, path, errors) -> value.

    It returns None for an empty answer, and after having said what is wrong with one.
    """
    builders: dict[object, Callable[[dict[str, Any]], Cleaner]] = {
        "array": _list,
        "object": _object,
        "string": _string,
        "integer": _number,
        "number": _number,
        "boolean": _boolean,
    }
    return builders.get(definition.get("type"), _nothing)(definition)


def nearest(name: object, known: dict[str, Any]) -> str | None:
    """Return the known name that a wrong one looks like, if any."""
    if not isinstance(name, str) or len(name) > 100:
        return None
    close = difflib.get_close_matches(name.lower(), [key.lower() for key in known], n=1, cutoff=0.6)
    return next((key for key in known if close and key.lower() == close[0]), None)


def _nothing(definition: dict[str, Any]) -> Cleaner:
    def clean(value: Any, path: str, errors: Errors) -> None:
        if value not in EMPTY:
            errors.add(path, messages.wrong_type(definition))

    return clean


def _list(definition: dict[str, Any]) -> Cleaner:
    limit = definition.get("maxItems", MAX_ITEMS)
    other, clean_item = _nothing(definition), cleaner_of(definition.get("items", {}))

    def clean(value: Any, path: str, errors: Errors) -> list[Any] | None:
        if not isinstance(value, list) or not value:
            other(value, path, errors)
            return None
        if len(value) > limit:
            text = _("« %(title)s » : %(limit)s réponses au plus.") % {
                "title": definition["title"],
                "limit": limit,
            }
            errors.add(path, text)
            return None
        items = [clean_item(item, f"{path}.{rank}", errors) for rank, item in enumerate(value)]
        return [item for item in items if item or item not in EMPTY]

    return clean


def _object(definition: dict[str, Any]) -> Cleaner:
    parts = {name: cleaner_of(part) for name, part in definition.get("properties", {}).items()}
    other = _nothing(definition)

    def clean(value: Any, path: str, errors: Errors) -> dict[str, Any] | None:
        if not isinstance(value, dict) or len(value) > MAX_KEYS:
            other(value, path, errors)
            return None
        cleaned = {}
        for name, part in value.items():
            clean_part = parts.get(name) if isinstance(name, str) else None
            if clean_part is None:
                text = messages.unknown(printable(name), nearest(name, parts))
                errors.add(f"{path}.{printable(name)}", text)
                continue
            answer = clean_part(part, f"{path}.{name}", errors)
            if answer or answer not in EMPTY:
                cleaned[name] = answer
        return cleaned

    return clean


def _string(definition: dict[str, Any]) -> Cleaner:
    form = national.FORMATS.get(definition.get("x-format") or "")
    # The schema judges the final length; this bound only keeps the work small.
    bound = max(definition.get("maxLength", MAX_TEXT), SHORT_TEXT)
    other = _nothing(definition)

    def clean(value: Any, path: str, errors: Errors) -> str | None:
        if not isinstance(value, str):
            other(value, path, errors)
            return None
        if len(value) <= SHORT_TEXT and value.isascii() and value.isprintable():
            # Most answers: nothing to remove, nothing to compose, and the schema judges the length.
            text = value.strip()
        else:
            try:
                text = clean_text(value, max_length=bound)
            except ValidationError as error:
                errors.add(path, str(error.messages[0]))
                return None
        if not text:
            return None
        return form(text) if form else text

    return clean


def _number(definition: dict[str, Any]) -> Cleaner:
    other = _nothing(definition)

    def clean(value: Any, path: str, errors: Errors) -> int | float | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            other(value, path, errors)
            return None
        # Size first: an integer of 400 digits has no float, and isfinite() would raise.
        if abs(value) > MAX_NUMBER or not math.isfinite(value):
            errors.add(path, messages.wrong_type(definition))
            return None
        # 1.0 and 1 are the same JSON number: one spelling, so that one hash.
        return int(value) if float(value).is_integer() else value

    return clean


def _boolean(definition: dict[str, Any]) -> Cleaner:
    other = _nothing(definition)

    def clean(value: Any, path: str, errors: Errors) -> bool | None:
        if not isinstance(value, bool):
            other(value, path, errors)
            return None
        return value

    return clean
