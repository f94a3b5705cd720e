"""The values of a choice: those a couche knows, those a file says otherwise, what a person says they are.

A list of the prefecture says « Bar-tabac » where the couche says `cafe`. What is written as the code
or as its label is recognised; the trial counts the other texts, the person says once what each stands
for (`Mapping.values`), and the next trial reads them so.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping

from django.utils.translation import gettext as _

from couches.columns import Column
from couches.text import plain, printable

# Texts of a column that one trial counts: beyond, it was put beside the wrong field, or wants mending first.
MAX_TEXTS = 100
# Texts of a column that may be told, trial after trial.
MAX_TOLD = 1_000
# As long as a person reads at a glance; the schema's own labels are shorter.
MAX_LENGTH = 80
YES, NO = "true", "false"
# How alike a text and a label must be for one to be proposed for the other; a person confirms it.
_ALIKE = 0.75
_SPOKEN_YES = ("oui", "1", "vrai", "o", "yes")
_SPOKEN_NO = ("non", "0", "faux", "n", "no")


def choices_of(column: Column) -> dict[str, str]:
    """Return {code: label} of the values that a column takes, {} where any text is taken."""
    if column.kind == "boolean":
        return {YES: _("Oui"), NO: _("Non")}
    if column.kind not in ("string", "list"):
        return {}
    codes = column.definition.get("enum") or column.definition.get("items", {}).get("enum") or ()
    return {str(code): str(column.labels.get(code, code)) for code in codes}


def likeliest(text: str, choices: Mapping[str, str]) -> str:
    """Return the code whose label or code looks most like a text, "" when none does or two do as much."""
    spelled = [(plain(words), code) for code, label in choices.items() for words in {code, label}]
    wanted = plain(text)
    found = difflib.get_close_matches(wanted, [words for words, _code in spelled], n=1, cutoff=_ALIKE)
    codes = {code for words, code in spelled if found and words == found[0]}
    return codes.pop() if len(codes) == 1 else ""


def read_values(
    columns: Mapping[str, Column], given: object, errors: dict[str, list[str]], *, answered: Collection[str]
) -> dict[str, dict[str, str]]:
    """Return what a person or a program says of the texts of `columns` {name: column}; note what is wrong.

    What is said of a field that no column of the file answers (`answered`) is forgotten with that column.
    """
    if given is None:
        return {}
    if not isinstance(given, dict):
        errors["values"] = [_("Donnez pour chaque champ les textes du fichier et ce que chacun vaut.")]
        return {}
    for name in sorted(set(given) - set(columns)):
        errors[f"values.{printable(name)}"] = [_("La couche n'a pas ce champ.")]
    found: dict[str, dict[str, str]] = {}
    for name in (one for one in columns if one in answered):
        said = given.get(name) or {}
        if not isinstance(said, dict) or len(said) > MAX_TOLD:
            text = _("Donnez {texte du fichier: code du choix}, %(max)d textes au plus.")
            errors[f"values.{name}"] = [text % {"max": MAX_TOLD}]
            continue
        allowed = {"", *choices_of(columns[name])}
        wrong = [text for text, code in said.items() if not (_is_sound(text) and _is_one_of(code, allowed))]
        if wrong:
            refusal = _("« %(text)s » : donnez le code d'un choix de ce champ, ou rien pour le laisser vide.")
            errors[f"values.{name}"] = [refusal % {"text": printable(text)} for text in wrong[:5]]
        elif said:
            found[name] = dict(said)
    return found


def _is_sound(text: object) -> bool:
    """Say whether a text can be stored and read; what cannot is told by the refusals of its rows alone."""
    return isinstance(text, str) and text != "" and printable(text, max_length=MAX_LENGTH) == text


def _is_one_of(code: object, allowed: set[str]) -> bool:
    return isinstance(code, str) and code in allowed


class Choice:
    """Reads the texts of one column, and counts those it does not know."""

    def __init__(self, column: Column, said: Mapping[str, str]) -> None:
        """Prepare for `column`; `said` {text of the file: code, or "" for no answer} comes from a person."""
        self.closed = bool(choices_of(column))
        # By what is the same in capitals: the text as it was first met, and how many times.
        self._unknown: dict[str, tuple[str, int]] = {}
        self._codes: dict[str, str | None] = dict(_spellings(column))
        self._codes |= {text.casefold(): code or None for text, code in said.items()}

    def read(self, text: str) -> str | None:
        """Return the code a text stands for, None for no answer; what is unknown stays, to be refused."""
        folded = text.casefold()
        if folded in self._codes:
            return self._codes[folded]
        if self.closed:
            self._count(folded, text)
        return text

    def knows(self, text: str) -> bool:
        """Say whether a text, as it is in the file, has a meaning; any has where the choice is open."""
        return not self.closed or text.strip().casefold() in self._codes

    def unknown(self) -> dict[str, int]:
        """Return {text as first met: how many times}, of the first MAX_TEXTS that were met."""
        return dict(self._unknown.values())

    def _count(self, folded: str, text: str) -> None:
        first, times = self._unknown.get(folded, (text, 0))
        if times or (len(self._unknown) < MAX_TEXTS and _is_sound(text)):
            self._unknown[folded] = (first, times + 1)


def _spellings(column: Column) -> Iterable[tuple[str, str]]:
    """Yield (text in lower case, code): people write what they read, the label rather than the code."""
    if column.kind == "boolean":
        yield from ((text, YES) for text in (YES, *_SPOKEN_YES))
        yield from ((text, NO) for text in (NO, *_SPOKEN_NO))
        return
    # Codes last: they win over a label that is another's code.
    yield from ((str(label).casefold(), str(code)) for code, label in column.labels.items())
    yield from ((code.casefold(), code) for code in (*map(str, column.labels), *choices_of(column)))
