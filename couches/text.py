"""Text from outside, made safe to store, sort, show and export."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# What no reader sees and what can make a line lie: C0 and C1 controls, zero-width
# characters, marks that reverse the reading direction, tags, noncharacters.
_INVISIBLE = re.compile(
    "[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
_LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean_text(value: str, *, max_length: int) -> str:
    """Return `value` in NFC, without invisible characters, trimmed; lines end in "\\n".

    Cleaning twice changes nothing. Raises ValidationError, in French, on what is not
    text, on NUL and lone surrogates (PostgreSQL can store neither) and beyond
    `max_length` characters.
    """
    if not isinstance(value, str):
        raise ValidationError(_("Écrivez un texte."), code="type")
    if len(value) <= max_length and value.isascii() and value.isprintable():
        # Most answers: nothing to remove, nothing to compose.
        return value.strip()
    # Four times the limit leaves room for what is stripped, and bounds the work.
    if len(value) > 4 * max_length + 1_000:
        raise _too_long(len(value), max_length)
    if "\x00" in value:
        raise ValidationError(_("Ce texte contient un caractère nul : retapez-le."), code="nul")
    if _SURROGATE.search(value):
        raise ValidationError(_("Ce texte contient un caractère abîmé : retapez-le."), code="surrogate")
    visible = _INVISIBLE.sub("", _LINE_END.sub("\n", value)).replace("\t", " ")
    text = unicodedata.normalize("NFC", visible).strip()
    if len(text) > max_length:
        raise _too_long(len(text), max_length)
    return text


def printable(value: object, *, max_length: int = 60) -> str:
    """Return a short text fit for an error message, whatever came from outside."""
    text = value if isinstance(value, str) else repr(value)
    kept = _INVISIBLE.sub("", _SURROGATE.sub("", text[: 4 * max_length].replace("\x00", "")))
    return " ".join(kept.split())[:max_length]


def plain(text: str) -> str:
    """Return a name without accents, case nor punctuation: "N° de Téléphone" → "n_de_telephone"."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", ascii_text).strip("_")


def _too_long(length: int, max_length: int) -> ValidationError:
    return ValidationError(
        _("Ce texte a %(length)d caractères : %(max)d au plus.") % {"length": length, "max": max_length},
        code="max_length",
    )
