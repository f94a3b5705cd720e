"""Reads INSEE's register of communes' changes: what was split from what, and when codes ended.

The COG knows merged communes (`anciensCodes`) but not from whom a re-established
commune was taken. Source: INSEE, `mouvements-communes.csv` (`v_mvt_commune`), Licence
Ouverte; columns MOD, DATE_EFF, TYPECOM_AV, COM_AV, LIBELLE_AV, TYPECOM_AP, COM_AP, …
"""

import csv
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _

from territoires.refusals import Refused

RE_ESTABLISHED = "21"
RENAMED = "10"
FILE_NAME = "mouvements-communes.csv"
_COLUMNS = {"MOD", "DATE_EFF", "TYPECOM_AV", "COM_AV", "LIBELLE_AV", "TYPECOM_AP", "COM_AP"}


class MovesRefused(Refused):
    """Le registre des mouvements ne convient pas."""

    def __init__(self, text: str) -> None:
        """Refuse on the field "moves"."""
        super().__init__("moves", text)


@dataclass(slots=True)
class Moves:
    """What we use of the register. Empty when none was given."""

    known: bool = False
    children_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ended: dict[str, dt.date] = field(default_factory=dict)
    began: dict[str, dt.date] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def read_moves(path: Path) -> Moves:
    """Read the register. Raises MovesRefused when it is not one."""
    moves = Moves(known=True)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if not set(reader.fieldnames or ()) >= _COLUMNS:
                raise MovesRefused(
                    _("« %(path)s » n'a pas les colonnes du registre de l'INSEE.") % {"path": path}
                )
            for row in reader:
                _add(moves, row)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise MovesRefused(
            _("« %(path)s » n'est pas lisible comme registre des mouvements de l'INSEE.") % {"path": path}
        ) from error
    return moves


def _add(moves: Moves, row: dict[str, str]) -> None:
    before, after = row["COM_AV"], row["COM_AP"]
    moves.names.setdefault(before, row["LIBELLE_AV"])
    if row["TYPECOM_AP"] != "COM" or row["MOD"] == RENAMED:
        return
    date = dt.date.fromisoformat(row["DATE_EFF"])
    if row["TYPECOM_AV"] == "COM" and before != after:
        moves.ended[before] = max(date, moves.ended.get(before, date))
        if row["MOD"] == RE_ESTABLISHED:
            moves.children_of[before].add(after)
    if before != after:
        moves.began[after] = max(date, moves.began.get(after, date))
