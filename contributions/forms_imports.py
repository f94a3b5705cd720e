"""The forms of an import: the file, then what each of its columns says."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from contributions.imports.choices import choices_of, likeliest
from contributions.imports.mapping import (
    CRS_CHOICES,
    DEFAULT_RADIUS_M,
    MAX_RADIUS_M,
    Mapping,
    fields_of,
    name_field,
)
from contributions.models import Import
from couches.models import Couche

# What a column may be beside a field of the couche.
SPECIAL = {
    "x": gettext_lazy("Longitude (ou X)"),
    "y": gettext_lazy("Latitude (ou Y)"),
    "date": gettext_lazy("Date du constat"),
    "accuracy": gettext_lazy("Précision en mètres"),
    "identifier": gettext_lazy("Identifiant de l'objet dans Repères"),
}


# What a text that a choice does not know may be said to be: a code (`c:` before it), or nothing.
NO_ANSWER, CODE = "rien", "c:"
# Questions of one page: a browser's form has at most DATA_UPLOAD_MAX_NUMBER_FIELDS fields, columns included.
MAX_ASKED = 150
MAX_TITLES = 3


class ImportForm(forms.Form):
    """The couche and the file."""

    couche = forms.ModelChoiceField(
        Couche.objects.all(), label=gettext_lazy("Couche"), to_field_name="slug", empty_label=None
    )
    fichier = forms.FileField(
        label=gettext_lazy("Fichier"),
        help_text=gettext_lazy(
            "CSV, ODS, GeoJSON, GeoPackage, FlatGeobuf, ou Shapefile dans un zip. Jusqu'à deux millions de lignes."
        ),
    )


@dataclass(frozen=True)
class Text:
    """A text that choices did not recognise: the fields that take the same choices, and met it.

    `times` is how many times the last trial met it: 0 for one that was answered before.
    """

    fields: tuple[str, ...]
    choices: dict[str, str]
    text: str
    times: int

    @property
    def name(self) -> str:
        """Return the name of its question, the same whatever the other texts are."""
        asked = json.dumps([self.text, sorted(self.choices)])
        return f"val_{hashlib.sha256(asked.encode()).hexdigest()[:16]}"


class MappingForm(forms.Form):
    """One choice per column of the file, one per text that was not recognised, then how objects are."""

    crs = forms.ChoiceField(
        label=gettext_lazy("Système de coordonnées"), choices=list(CRS_CHOICES.items()), required=False
    )
    match = forms.ChoiceField(
        label=gettext_lazy("Reconnaître les objets déjà publiés"), widget=forms.RadioSelect
    )
    radius_m = forms.IntegerField(
        label=gettext_lazy("Distance, en mètres"), min_value=1, max_value=MAX_RADIUS_M, required=False
    )

    def __init__(self, *args: Any, row: Import, **kwargs: Any) -> None:
        """Build a choice per column of `row`, set as its mapping says."""
        self.row = row
        mapping = Mapping(**row.mapping)
        kwargs.setdefault("initial", _initial(row, mapping))
        super().__init__(*args, **kwargs)
        if row.crs:
            del self.fields["crs"]
        matches = [("none", _("Jamais : chaque ligne est un ajout")), ("id", _("Par leur identifiant"))]
        if name_field(row.couche):
            matches.append(("place", _("Par leur nom et leur lieu")))
        self.fields["match"].choices = matches  # type: ignore[attr-defined]  # a ChoiceField
        choices = _choices(row)
        for rank, name in enumerate(row.columns):
            self.fields[f"col_{rank}"] = forms.ChoiceField(label=name, choices=choices, required=False)
        texts = _texts(row, mapping)
        self.texts, self._kept = texts[:MAX_ASKED], texts[MAX_ASKED:]
        for text in self.texts:
            self.fields[text.name] = _question(mapping, text)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The columns of the file with their choice and what they hold."""
        return [
            {"field": self[f"col_{rank}"], "examples": _examples(self.row, rank)}
            for rank in range(len(self.row.columns))
        ]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The texts that were not recognised with their questions, by the choices that they may stand for."""
        titles = {column.name: column.title for column in fields_of(self.row.couche)}
        groups: dict[tuple[str, ...], dict[str, Any]] = {}
        for text in self.texts:
            group = groups.setdefault(tuple(text.choices), {"fields": {}, "rows": []})
            group["fields"] |= {name: titles[name] for name in text.fields}
            group["rows"].append({"field": self[text.name], "times": text.times})
        return [
            {"title": _joined(list(one["fields"].values())), "rows": one["rows"]} for one in groups.values()
        ]

    @property
    def unasked(self) -> int:
        """How many more texts wait for the first ones to be answered."""
        return sum(text.times > 0 for text in self._kept)

    def clean(self) -> dict[str, Any]:
        """Refuse two columns for one field."""
        cleaned = super().clean() or {}
        seen: dict[str, str] = {}
        for rank, name in enumerate(self.row.columns):
            chosen = cleaned.get(f"col_{rank}", "")
            if chosen and chosen in seen:
                text = _("La colonne « %(other)s » répond déjà à ce champ : gardez-en une.")
                self.add_error(f"col_{rank}", text % {"other": seen[chosen]})
            seen.setdefault(chosen, name)
        return cleaned

    def given(self) -> dict[str, Any]:
        """Return what `imports.desk.describe` takes."""
        data = self.cleaned_data
        chosen = {
            data[f"col_{rank}"]: name for rank, name in enumerate(self.row.columns) if data.get(f"col_{rank}")
        }
        return {
            "fields": {key.removeprefix("f:"): name for key, name in chosen.items() if key.startswith("f:")},
            **{name: chosen.get(name, "") for name in SPECIAL},
            "crs": data.get("crs") or "4326",
            "match": data["match"],
            "radius_m": data.get("radius_m") or DEFAULT_RADIUS_M,
            "values": self._values(),
        }

    def _values(self) -> dict[str, dict[str, str]]:
        """Return what each text stands for, by field; one left unanswered stays unknown."""
        told = self.row.mapping.get("values", {})
        values: dict[str, dict[str, str]] = {}
        for text in self._kept:
            for name in text.fields:
                if text.text in told.get(name, {}):
                    values.setdefault(name, {})[text.text] = told[name][text.text]
        for text in self.texts:
            if chosen := self.cleaned_data.get(text.name):
                code = chosen.removeprefix(CODE) if chosen != NO_ANSWER else ""
                for name in text.fields:
                    values.setdefault(name, {})[text.text] = code
        return values

    def tell(self, errors: dict[str, list[str]]) -> None:
        """Show the refusals of the verb: on their field where there is one."""
        for name, texts in errors.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


def _texts(row: Import, mapping: Mapping) -> list[Text]:
    """Return the texts to ask about, the most frequent first, each once for all fields of the same choices.

    A list of white zones has a column per operator and use: nobody answers twelve times what « Moyen » is.
    """
    found: dict[tuple[tuple[str, str], ...], dict[str, list[tuple[str, int]]]] = {}
    for column in fields_of(row.couche):
        choices = choices_of(column)
        if column.name not in mapping.fields or not choices:
            continue
        of_choices = found.setdefault(tuple(choices.items()), {})
        said = dict.fromkeys(mapping.values.get(column.name, {}), 0)
        for text, times in {**said, **row.unknown.get(column.name, {})}.items():
            of_choices.setdefault(text, []).append((column.name, times))
    texts = [
        Text(tuple(name for name, _times in met), dict(choices), text, sum(times for _name, times in met))
        for choices, by_text in found.items()
        for text, met in by_text.items()
    ]
    return sorted(texts, key=lambda text: -text.times)


def _joined(titles: list[str]) -> str:
    """Return the first titles, and how many more there are."""
    shown, more = " · ".join(titles[:MAX_TITLES]), len(titles) - MAX_TITLES
    if more <= 0:
        return shown
    text = ngettext("%(shown)s et %(more)d autre champ", "%(shown)s et %(more)d autres champs", more)
    return text % {"shown": shown, "more": more}


def _question(mapping: Mapping, text: Text) -> forms.ChoiceField:
    """Return the question of a text, set as it was answered, else on the choice it looks most like."""
    answers = [mapping.values.get(name, {}).get(text.text) for name in text.fields]
    said = next((answer for answer in answers if answer is not None), None)
    code = likeliest(text.text, text.choices) if said is None else said
    return forms.ChoiceField(
        label=text.text,
        choices=[
            ("", _("À laisser de côté")),
            (NO_ANSWER, _("Pas de réponse")),
            *((f"{CODE}{one}", label) for one, label in text.choices.items()),
        ],
        required=False,
        initial=f"{CODE}{code}" if code else "" if said is None else NO_ANSWER,
    )


def _initial(row: Import, mapping: Mapping) -> dict[str, Any]:
    of_column = {column: f"f:{name}" for name, column in mapping.fields.items()}
    of_column |= {getattr(mapping, name): name for name in SPECIAL if getattr(mapping, name)}
    initial: dict[str, Any] = {
        f"col_{rank}": of_column.get(name, "") for rank, name in enumerate(row.columns)
    }
    return {**initial, "crs": mapping.crs, "match": mapping.match, "radius_m": mapping.radius_m}


def _choices(row: Import) -> list[tuple[str, Any]]:
    special = [(name, label) for name, label in SPECIAL.items() if not row.crs or name not in ("x", "y")]
    fields = [(f"f:{column.name}", column.title) for column in fields_of(row.couche)]
    return [
        ("", _("Laissée de côté")),
        (_("Le lieu et la date"), special),
        (_("Champs de la couche"), fields),
    ]


def _examples(row: Import, rank: int) -> list[str]:
    """Return the first values that differ, three at most."""
    values = dict.fromkeys(line[rank] for line in row.sample if line[rank])
    return list(values)[:3]
