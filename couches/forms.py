"""The form of a couche, made from its attribute schema: server-rendered, without scripts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from couches.cleaners import EMPTY
from couches.models import Couche
from couches.questions import Question, RepeatedQuestion, Row, question
from couches.schemas import clean_attributes, properties

# Keeps attribute names apart from the fields of the page around (lon, lat, email…).
PREFIX = "a"


@dataclass(frozen=True)
class ShownRow:
    """A line of a repeated question with its bound fields."""

    row: Row
    fields: list[forms.BoundField]

    @property
    def must_be_seen(self) -> bool:
        """Say whether the line holds an answer or an error, and cannot stay folded."""
        return any(field.value() not in EMPTY or field.errors for field in self.fields)


@dataclass(frozen=True)
class ShownQuestion:
    """A question as the template reads it: one `field`, or `rows` and `folded` rows."""

    name: str
    label: str
    help_text: str
    errors: list[str]
    field: forms.BoundField | None
    rows: list[ShownRow]
    folded: list[ShownRow]

    @property
    def must_be_unfolded(self) -> bool:
        """Say whether one of the folded lines must be seen."""
        return any(shown.must_be_seen for shown in self.folded)


@dataclass(frozen=True)
class Group:
    """A fieldset of the form: its title and its questions."""

    id: str
    title: str
    questions: list[ShownQuestion]


class AttributeForm(forms.Form):
    """Asks the attributes of a couche, in the groups of its schema.

    `{{ form }}` renders everything; `to_attributes()` gives the answers. Use
    `attribute_form()` to build one.
    """

    template_name = "couches/attributs.html"

    def __init__(
        self, couche: Couche, *args: Any, completing: bool = False, partial: bool = False, **kwargs: Any
    ) -> None:
        attributes: dict[str, Any] = kwargs.pop("initial", None) or {}
        super().__init__(*args, **kwargs)
        self.couche, self.completing, self.partial = couche, completing, partial
        self.question_errors: dict[str, list[str]] = {}
        self._attributes: dict[str, Any] | None = None
        self.questions = self._questions(attributes)
        for asked in self.questions.values():
            if isinstance(asked, RepeatedQuestion) and self.is_bound:
                asked.lines_sent(name.removeprefix(f"{self.prefix}-") for name in self.data)
            self.fields.update(asked.fields())
            self.initial.update(asked.initial(attributes.get(asked.name)))

    def _questions(self, attributes: dict[str, Any]) -> dict[str, Question]:
        required = set() if self.partial else set(self.couche.attribute_schema.get("required", []))
        return {
            name: question(name, definition, required=name in required, value=attributes.get(name))
            for name, definition in properties(self.couche).items()
            if self.completing or not definition.get("x-complete")
        }

    def answers(self) -> dict[str, Any]:
        """Return what was sent as attributes, not yet judged."""
        sent = {
            name: field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
            for name, field in self.fields.items()
        }
        answers = {name: asked.answer(sent) for name, asked in self.questions.items()}
        return {name: value for name, value in answers.items() if value not in EMPTY}

    def to_attributes(self) -> dict[str, Any]:
        """Return the attributes: cleaned when the form is valid, else as they were sent."""
        if self.is_valid() and self._attributes is not None:
            return self._attributes
        return self.answers()

    def clean(self) -> dict[str, Any]:
        """Let the schema judge, and bring its messages back to the fields."""
        cleaned = super().clean() or {}
        try:
            self._attributes = clean_attributes(
                self.couche, self.answers(), completing=self.completing, partial=self.partial
            )
        except ValidationError as error:
            for path, texts in error.message_dict.items():
                self.add_path_errors(path, texts)
        return cleaned

    def add_path_errors(self, path: str, texts: list[str]) -> None:
        """Show messages said of a path such as `attributes.operators.0.calls` at its field."""
        _root, *parts = path.split(".")
        asked = self.questions.get(parts[0]) if parts else None
        field = asked.field_at(parts[1:]) if asked else None
        if asked and field is None:
            self.question_errors.setdefault(asked.name, []).extend(texts)
        self.add_error(field, [ValidationError(text) for text in texts])

    def groups(self) -> Iterator[Group]:
        """Yield the fieldsets that have something to ask."""
        for group in self.couche.attribute_schema.get("x-groups", []):
            asked = [
                self._shown(one)
                for one in self.questions.values()
                if one.definition.get("x-group") == group["id"]
            ]
            if asked:
                yield Group(group["id"], group["title"], asked)

    def _shown(self, asked: Question) -> ShownQuestion:
        rows = [ShownRow(row, [self[row.field_name(part)] for part in row.parts]) for row in asked.rows]
        fixed = [shown for shown in rows if shown.row.key is not None]
        title = asked.definition["title"]
        return ShownQuestion(
            name=asked.name,
            label=_("%(title)s (obligatoire)") % {"title": title} if asked.required else title,
            help_text=asked.definition.get("description", ""),
            errors=self.question_errors.get(asked.name, []),
            field=None if asked.rows else self[asked.name],
            rows=fixed or rows,
            folded=[shown for shown in rows if shown.row.key is None] if fixed else [],
        )


def attribute_form(
    couche: Couche,
    data: Any = None,
    initial: dict[str, Any] | None = None,
    *,
    completing: bool = False,
    partial: bool = False,
    prefix: str = PREFIX,
) -> AttributeForm:
    """Return the form of a couche; `initial` is a dict of stored attributes.

    `completing` also asks what only the town hall completes; `partial` asks nothing as
    obligatory.
    """
    return AttributeForm(couche, data, initial=initial, completing=completing, partial=partial, prefix=prefix)
