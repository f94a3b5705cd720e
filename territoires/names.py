"""Names of communes: how they are looked for, how a sentence takes them in.

Folds them so that "Saint-Étienne-de-Carlat" is found by "st etienne de carlat".

The same folding exists twice, in Python for what is typed and in SQL for what is
stored (a generated column, so that no writer can forget it); a test compares
them on every name of the COG.
"""

import re
import unicodedata

from django.db.models import CharField, Func

ACCENTED = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸàáâãäåçèéêëìíîïñòóôõöùúûüýÿ"
PLAIN = "aaaaaaceeeeiiiinooooouuuuyyaaaaaaceeeeiiiinooooouuuuyy"
ABBREVIATIONS = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}


class Folded(Func):
    """SQL twin of `fold()`: immutable functions only (`unaccent` is not, and may not be stored)."""

    template = (
        "trim(regexp_replace(lower(translate("
        "replace(replace(replace(replace(%(expressions)s, 'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'Æ', 'ae'), "
        f"'{ACCENTED}', '{PLAIN}')), '[^a-z0-9]+', ' ', 'g'))"
    )
    output_field = CharField()


def fold(text: str) -> str:
    """Return `text` in lower-case ASCII words, one space apart; ligatures opened, accents dropped."""
    opened = text.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae").replace("Æ", "ae")
    decomposed = unicodedata.normalize("NFKD", opened)
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", " ", bare.lower()).strip()


def fold_typed(text: str) -> str:
    """Fold what a person types, "St" and "Ste" spelled out as the COG does."""
    return " ".join(ABBREVIATIONS.get(word, word) for word in fold(text).split())


def of_commune(name: str) -> str:
    """Return "d'Aurillac", "de Vézac", "du Rouget-Pers", "des Ulis", "de La Roche": the name after « de ».

    An initial H takes « de »: most of those of the COG are said with it, and it is never wrong to read.
    """
    for article, contracted in (("Le ", "du "), ("Les ", "des ")):
        if name.startswith(article):
            return contracted + name.removeprefix(article)
    return f"d'{name}" if fold(name)[:1] in set("aeiouy") else f"de {name}"
