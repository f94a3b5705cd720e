"""A schema's attributes as questions: which fields they show, what the answers mean.

Fields here never judge: what was typed goes to `clean_attributes` as it came, so that
the form and the JSON door refuse the same things with the same words.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.html import escape
from django.utils.translation import gettext as _

from couches.cleaners import EMPTY
from couches.schemas import in_order, readable

# Beyond it a list of buttons is longer than a phone's screen, and a menu reads better.
MAX_BUTTONS = 6
_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}([.,][0-9]{1,10})?")

Definition = dict[str, Any]


class RawField(forms.Field):
    """A field that returns what was sent: the schema is the only judge."""

    def __init__(self, definition: Definition, *, required: bool = False) -> None:
        label = definition.get("title", "")
        super().__init__(
            required=False,
            label=_("%(title)s (obligatoire)") % {"title": label} if required else label,
            # The field's template trusts help texts; a couche's file is data.
            help_text=escape(definition.get("description", "")),
            widget=_widget(definition, required=required),
        )
        self.definition = definition

    def answer(self, value: Any) -> Any:
        """Return the JSON value of what was typed; what has no meaning stays as it is."""
        kind = self.definition.get("type")
        if kind == "boolean":
            return {"yes": True, "no": False}.get(value, value) if isinstance(value, str) else value
        if kind == "integer" and isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
            return int(value)
        if kind == "number" and isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
            return float(value.replace(",", "."))
        return value

    def shown(self, value: Any) -> Any:
        """Return what to show for a stored value."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        return value


def _widget(definition: Definition, *, required: bool) -> forms.Widget:
    """Return the control of one field, from `x-widget` or from what the type calls for."""
    if definition.get("type") == "array":
        return forms.CheckboxSelectMultiple(choices=_choices(definition["items"]))
    if definition.get("type") == "boolean":
        return forms.RadioSelect(choices=[("yes", _("Oui")), ("no", _("Non")), ("", _("Je ne sais pas"))])
    attributes: dict[str, Any] = {"required": True} if required else {}
    if "enum" in definition:
        return _enum_widget(definition, attributes, required=required)
    if definition.get("type") in ("integer", "number"):
        bounds = {"min": definition.get("minimum"), "max": definition.get("maximum")}
        step = {"step": "any"} if definition["type"] == "number" else {}
        kept = {name: value for name, value in bounds.items() if value is not None}
        return forms.NumberInput({**attributes, "inputmode": "numeric", **kept, **step})
    return _text_widget(definition, attributes)


def _enum_widget(definition: Definition, attributes: dict[str, Any], *, required: bool) -> forms.Widget:
    choices = _choices(definition)
    buttons = len(choices) <= MAX_BUTTONS
    if definition.get("x-widget", "radios" if buttons else "select") == "select":
        return forms.Select(attributes, choices=[("", _("Choisissez…")), *choices])
    # Without scripts a pressed button cannot be released: an optional answer needs a way back.
    way_back = [] if required or definition.get("x-no-way-back") else [("", _("Sans réponse"))]
    return forms.RadioSelect(attributes, choices=[*choices, *way_back])


def _text_widget(definition: Definition, attributes: dict[str, Any]) -> forms.Widget:
    kind = definition.get("x-widget", "text")
    # A notation may be longer than what is stored ("04 71 45 46 46"): no limit while typing.
    if "x-format" not in definition and "maxLength" in definition:
        attributes["maxlength"] = definition["maxLength"]
    if kind == "textarea":
        return forms.Textarea({**attributes, "rows": 4})
    if kind == "time":
        return forms.TextInput({**attributes, "type": "time"})
    if kind in ("tel", "url", "email"):
        # As text: the browser's own check of type=url refuses "www.exemple.fr", which we accept.
        return forms.TextInput({**attributes, "inputmode": kind, "autocomplete": "off"})
    return forms.TextInput(attributes)


def _choices(definition: Definition) -> list[tuple[str, str]]:
    labels = definition.get("x-labels", {})
    return [(code, labels.get(code, code)) for code in definition["enum"]]


@dataclass
class Row:
    """One line of a repeated question: `key` is its fixed answer ("20801"), or None."""

    name: str
    key: str | None
    legend: str
    parts: list[str] = field(default_factory=list)

    def field_name(self, part: str) -> str:
        """Return the form field's name of one part of the line."""
        return f"{self.name}-{part}"


class Question:
    """An attribute asked by one field."""

    rows: list[Row] = []  # a single field has no row, ever

    def __init__(self, name: str, definition: Definition, *, required: bool) -> None:
        self.name, self.definition, self.required = name, definition, required

    def fields(self) -> Iterator[tuple[str, RawField]]:
        """Yield (form field name, field)."""
        yield self.name, RawField(self.definition, required=self.required)

    def initial(self, value: Any) -> dict[str, Any]:
        """Return what each form field shows for a stored value."""
        return {self.name: RawField(self.definition).shown(value)}

    def answer(self, sent: dict[str, Any]) -> Any:
        """Return the attribute's JSON value from what the form's fields received."""
        return RawField(self.definition).answer(sent.get(self.name))

    def field_at(self, path: list[str]) -> str | None:
        """Return the form field to which an error below this attribute belongs."""
        return self.name


class RepeatedQuestion(Question):
    """A list of objects: a fieldset for each fixed key, then a few free lines.

    `x-fixed` names the keys always shown (operators as named toggles); `x-rows` counts the
    free lines. Stored values beyond these get a line of their own.
    """

    def __init__(self, name: str, definition: Definition, *, required: bool, value: Any = None) -> None:
        super().__init__(name, definition, required=required)
        self.parts = in_order(definition["items"]["properties"])
        self.key: str = definition.get("x-key", "")
        self.fixed = [code for code in definition.get("x-fixed", []) if self.key]
        stored = value if isinstance(value, list) else []
        others = [item for item in stored if item.get(self.key) not in self.fixed]
        self.rows = [*self._fixed_rows(), *self._free_rows(len(others))]
        self._ranks: list[Row] = []

    def _fixed_rows(self) -> Iterator[Row]:
        for code in self.fixed:
            legend = readable(code, self.parts[self.key])
            yield Row(f"{self.name}-{code}", code, legend, [part for part in self.parts if part != self.key])

    def _free_rows(self, stored: int) -> Iterator[Row]:
        # A sent form has the lines it was shown with: `lines_sent` grows this number.
        for rank in range(1, max(self.definition.get("x-rows", 3), stored) + 1):
            yield self._free_row(rank)

    def _free_row(self, rank: int) -> Row:
        legend = f"{self.definition.get('x-row', _('Ligne'))} {rank}"
        return Row(f"{self.name}-n{rank}", None, legend, list(self.parts))

    def lines_sent(self, names: Iterable[str]) -> None:
        """Make room for the lines of a sent form, up to the schema's `maxItems`."""
        pattern = re.compile(rf"{re.escape(self.name)}-n([0-9]{{1,3}})-")
        sent = max((int(found[1]) for name in names if (found := pattern.match(name))), default=0)
        free = sum(1 for row in self.rows if row.key is None)
        for rank in range(free + 1, min(sent, self.definition["maxItems"]) + 1):
            self.rows.append(self._free_row(rank))

    def fields(self) -> Iterator[tuple[str, RawField]]:
        """Yield the fields of each line."""
        for row in self.rows:
            for part in row.parts:
                definition = self.parts[part]
                if row.key is not None:
                    definition = {**definition, "x-no-way-back": True}
                yield row.field_name(part), RawField(definition)

    def initial(self, value: Any) -> dict[str, Any]:
        """Return what each line shows: fixed keys in their fieldset, the others in order."""
        shown: dict[str, Any] = {}
        free = [row for row in self.rows if row.key is None]
        by_key = {row.key: row for row in self.rows if row.key is not None}
        for item in value if isinstance(value, list) else []:
            row = by_key.get(item.get(self.key)) or free.pop(0)
            for part in row.parts:
                if part in item:
                    shown[row.field_name(part)] = RawField(self.parts[part]).shown(item[part])
        return shown

    def answer(self, sent: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the lines where something was said, and remember their ranks for errors."""
        self._ranks, items = [], []
        for row in self.rows:
            item: dict[str, Any] = {
                part: RawField(self.parts[part]).answer(sent.get(row.field_name(part))) for part in row.parts
            }
            item = {part: value for part, value in item.items() if value not in EMPTY}
            if not item:
                continue
            items.append({self.key: row.key, **item} if row.key is not None else item)
            self._ranks.append(row)
        return items

    def field_at(self, path: list[str]) -> str | None:
        """Return the field of `0.calls`; a line's own error goes to its first field."""
        if not path or not path[0].isdigit() or int(path[0]) >= len(self._ranks):
            return None
        row = self._ranks[int(path[0])]
        part = path[1] if len(path) > 1 and path[1] in row.parts else row.parts[0]
        return row.field_name(part)


def question(name: str, definition: Definition, *, required: bool, value: Any = None) -> Question:
    """Return the question that asks an attribute."""
    if definition.get("type") == "array" and definition["items"].get("type") == "object":
        return RepeatedQuestion(name, definition, required=required, value=value)
    return Question(name, definition, required=required)
