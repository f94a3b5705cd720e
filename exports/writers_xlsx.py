"""An Excel workbook, row after row: XlsxWriter keeps one row in memory and spills to a temporary file."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xlsxwriter

from exports import sheets
from exports.demands import Demand
from exports.rows import Selection
from exports.schemas import Column
from exports.sheets import Cell

# A text stays a text: no formula, no link, no number is guessed from it.
_SAFE = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}
_SHEET_NAME = 31


def write_xlsx(demand: Demand, selection: Selection, columns: list[Column], srid: int, path: Path) -> None:
    """Write the selection in `srid` to `path`: the couche, its dictionary, its licence."""
    version = demand.version
    book = xlsxwriter.Workbook(path, {**_SAFE, "tmpdir": str(path.parent)})
    published = version.published_at.astimezone(dt.UTC).replace(tzinfo=None)
    # Excel keeps when a workbook was made: the version's day, so that its bytes are always the same.
    book.set_properties({"title": version.couche.title, "author": "Repères", "created": published})
    heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    shown = sheets.sheet_columns(columns)
    sheet = book.add_worksheet(version.couche.slug[:_SHEET_NAME])
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(shown) - 1, 16)
    _fill(sheet, 0, [sheets.headings(shown)], heading)
    last = _fill(sheet, 1, sheets.rows(selection, columns, srid))
    if last > 1:
        sheet.autofilter(0, 0, last - 1, len(shown) - 1)
    told = book.add_worksheet(sheets.DICTIONARY)
    told.set_column(0, 4, 28)
    _fill(told, 0, sheets.dictionary(columns))
    licence = book.add_worksheet(sheets.LICENCE)
    licence.set_column(0, 0, 100)
    _fill(licence, 0, sheets.licence(demand))
    book.close()


def _fill(sheet: Any, rank: int, rows: Iterable[Iterable[Cell]], style: Any = None) -> int:
    """Write rows from `rank` on and return the rank after the last; an empty cell is not written."""
    for row in rows:
        for column, cell in enumerate(row):
            if cell is not None and cell != "":
                _write(sheet, rank, column, cell, style)
        rank += 1
    return rank


def _write(sheet: Any, row: int, column: int, cell: Cell, style: Any) -> None:
    if isinstance(cell, str):
        refused = sheet.write_string(row, column, cell, style)
    elif isinstance(cell, bool):
        refused = sheet.write_boolean(row, column, cell, style)
    elif isinstance(cell, dt.date):
        refused = sheet.write_datetime(row, column, cell, style)
    else:
        refused = sheet.write_number(row, column, cell, style)
    if refused:
        # XlsxWriter says so and goes on: a file that lacks a cell is not a file.
        raise ValueError(f"XLSX: cell {row}, {column} is refused ({refused})")
