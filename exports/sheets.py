"""What a spreadsheet of a couche holds: typed cells, a dictionary and a licence, for XLSX and ODS alike."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from exports import arrow
from exports.demands import Demand
from exports.licences import licence_text
from exports.projections import WGS84
from exports.rows import DEGREE_DIGITS, METRE_DIGITS, Selection
from exports.schemas import LIST_SEPARATOR, PROJECTED, Column

# A cell is nothing, a truth, a number, a day, or a text; never a formula, never a link.
Cell = None | bool | int | float | dt.date | str
# Doubles count whole numbers up to here; beyond, a number would change under the reader's eyes.
EXACT = 2**53
# Before this day, spreadsheets do not agree on what a number of days means.
FIRST_DAY = dt.date(1900, 3, 1)
DICTIONARY = "dictionnaire"
LICENCE = "licence"


def sheet_columns(columns: list[Column]) -> list[Column]:
    """Return the columns of the sheet: the couche's, then x, y and crs as in its CSV."""
    return [*columns, *PROJECTED]


def headings(columns: list[Column]) -> list[str]:
    """Return the titles, made unique by the name of the column where two are alike."""
    met = Counter(column.title for column in columns)
    return [
        f"{column.title} ({column.name})" if met[column.title] > 1 else column.title for column in columns
    ]


def rows(selection: Selection, columns: list[Column], srid: int) -> Iterator[list[Cell]]:
    """Yield the cells of each row, in the order of `sheet_columns(columns)`."""
    digits = DEGREE_DIGITS if srid == WGS84 else METRE_DIGITS
    dates = [index for index, column in enumerate(columns) if column.kind == "date"]
    for batch in arrow.plain_batches(selection, columns, srid):
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            *cells, x, y = values
            for index in dates:
                cells[index] = _day(cells[index])
            yield [_whole(cell) for cell in cells] + [round(x, digits), round(y, digits), f"EPSG:{srid}"]


def dictionary(columns: list[Column]) -> Iterator[list[Cell]]:
    """Yield the sheet that says what each column means, its heading first."""
    yield [_("Titre"), _("Champ"), _("Nature"), _("Description"), _("Valeurs")]
    shown = sheet_columns(columns)
    for title, column in zip(headings(shown), shown, strict=True):
        values = LIST_SEPARATOR.join(f"{code}={label}" for code, label in column.labels.items())
        yield [title, column.name, column.kind, column.description, values]


def licence(demand: Demand) -> Iterator[list[Cell]]:
    """Yield the lines of the licence's sheet."""
    for line in licence_text(demand.version).splitlines():
        yield [line]


def _day(value: Cell) -> Cell:
    """Return the day a text says; the text where it says none, or one no spreadsheet has."""
    if isinstance(value, str):
        try:
            found = dt.date.fromisoformat(value)
        except ValueError:
            return value
        return found if found >= FIRST_DAY else value
    if isinstance(value, dt.date) and value < FIRST_DAY:
        return value.isoformat()
    return value


def _whole(cell: Cell) -> Cell:
    if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) > EXACT:
        return str(cell)
    return cell
