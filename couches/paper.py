"""A couche's questions as they are asked on paper: boxes to tick and lines to write on.

The same schema as on the screen; `x-paper` says what paper does otherwise (docs/couches.md):
`false` leaves the question out, a list prints these boxes only, a text is the help written
instead. A sheet is short, and the town hall asks the rest if it needs it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from couches.models import Couche
from couches.schemas import in_order, properties, readable

Definition = dict[str, Any]
# A whole number in a range this small is ticked rather than written.
MAX_NUMBER_BOXES = 6
# Letters of a title and its boxes that fit on one line of the sheet, a box counting for a few.
LINE = 74
BOX = 5
# Letters of an answer that fit after its title and its help.
SHORT = 20
_LINES = {"textarea": 3}


@dataclass(frozen=True)
class Column:
    """A column of a table to fill in: `boxes` to tick, none to write."""

    title: str
    boxes: list[str]


@dataclass(frozen=True)
class PaperQuestion:
    """One question: `boxes` to tick, or `columns` × `rows`, or else `lines` to write on.

    `several`: more than one box may be ticked; `short`: a date or a number, written beside the
    title. `rows` holds the legends of a table's lines, "" where the person writes which.
    """

    name: str
    title: str
    help_text: str = ""
    boxes: list[str] = field(default_factory=list)
    several: bool = False
    lines: int = 0
    short: bool = False
    columns: list[Column] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    row_title: str = ""

    @property
    def on_one_line(self) -> bool:
        """Say whether the boxes fit beside the title."""
        return len(self.title) + sum(BOX + len(box) for box in self.boxes) <= LINE and not self.several

    @property
    def in_columns(self) -> bool:
        """Say whether the boxes are read more easily in columns than one after the other."""
        return len(self.boxes) > MAX_NUMBER_BOXES


@dataclass(frozen=True)
class PaperGroup:
    """A section of the sheet."""

    id: str
    title: str
    questions: list[PaperQuestion]


def paper_groups(couche: Couche) -> Iterator[PaperGroup]:
    """Yield the sections of a couche's paper form that have something to ask the public."""
    asked = {
        name: definition
        for name, definition in properties(couche).items()
        if not definition.get("x-complete") and definition.get("x-paper") is not False
    }
    for group in couche.attribute_schema.get("x-groups", []):
        questions = [
            _question(name, definition)
            for name, definition in asked.items()
            if definition.get("x-group") == group["id"]
        ]
        if questions:
            yield PaperGroup(group["id"], group["title"], questions)


def _question(name: str, definition: Definition) -> PaperQuestion:
    hint = definition.get("x-paper")
    help_text = hint if isinstance(hint, str) else definition.get("description", "")
    said = {"name": name, "title": definition["title"], "help_text": help_text}
    if definition["type"] == "array":
        items = definition["items"]
        if items.get("type") == "object":
            return PaperQuestion(**said, **_table(definition))
        return PaperQuestion(**said, boxes=_boxes({**definition, **items}), several=True)
    boxes, widget = _boxes(definition), definition.get("x-widget", "text")
    short = definition.get("maxLength", 0) <= SHORT
    return PaperQuestion(**said, boxes=boxes, lines=0 if boxes else _LINES.get(widget, 1), short=short)


def _boxes(definition: Definition) -> list[str]:
    """Return the labels of what can be ticked; empty when the answer is written."""
    if "enum" in definition:
        hint = definition.get("x-paper")
        printed = hint if isinstance(hint, list) else definition["enum"]
        return [readable(code, definition) for code in definition["enum"] if code in printed]
    if definition["type"] == "boolean":
        return [_("Oui"), _("Non")]
    low, high = definition.get("minimum"), definition.get("maximum")
    if definition["type"] == "integer" and low is not None and high is not None:
        return [str(n) for n in range(low, high + 1)] if high - low < MAX_NUMBER_BOXES else []
    return []


def _table(definition: Definition) -> Definition:
    """Return the columns and lines of a list of objects; its fixed keys name the first lines."""
    parts = in_order(definition["items"]["properties"])
    key = definition.get("x-key", "")
    fixed = [readable(code, parts[key]) for code in definition.get("x-fixed", [])] if key else []
    free = definition.get("x-rows", 3)
    # Beside a fixed key a menu becomes a column to write in: its choices would not fit.
    columns = [
        Column(part["title"], _boxes(part) if fixed else [])
        for name, part in parts.items()
        if not (fixed and name == key)
    ]
    return {
        "columns": columns,
        "rows": [*fixed, *[""] * (1 if fixed else free)],
        "row_title": parts[key]["title"] if fixed else "",
    }
