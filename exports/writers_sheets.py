"""Workbooks written row by row: XLSX by XlsxWriter, OpenDocument by a stream of its one XML file.

No text becomes a formula, a link or a number by itself: what somebody wrote stays what they wrote.
The libraries for OpenDocument hold the whole sheet in memory, and GDAL's dates its parts with
the clock: a table of plain cells needs neither.
"""

import datetime as dt
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import xlsxwriter

Sheet = tuple[str, Iterable[list[Any]]]
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
_MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<office:document-content xmlns:office="{_OFFICE}" xmlns:table="{_TABLE}" xmlns:text="{_TEXT}"'
    ' office:version="1.2"><office:body><office:spreadsheet>'
)
_TAIL = "</office:spreadsheet></office:body></office:document-content>"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Enough rows that a write to the archive is worth its cost.
_ROWS_PER_WRITE = 500


def write_xlsx(path: Path, sheets: Iterable[Sheet], *, title: str, published: dt.datetime) -> None:
    """Write a workbook of sheets, each (name, rows); the first row of a sheet names its columns."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"title": title, "created": published.astimezone(dt.UTC).replace(tzinfo=None)})
        bold = book.add_format({"bold": True})
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for rank, row in enumerate(rows):
                for place, value in enumerate(row):
                    if rank == 0:
                        sheet.write_string(rank, place, str(value), bold)
                    elif isinstance(value, str):
                        sheet.write_string(rank, place, value)
                    elif value is not None:
                        sheet.write(rank, place, value)


def write_ods(path: Path, sheets: Iterable[Sheet], *, published: dt.datetime) -> None:
    """Write an OpenDocument spreadsheet (OASIS ODF 1.2) of sheets, each (name, rows)."""
    stamp = published.astimezone(dt.UTC).timetuple()[:6]
    with zipfile.ZipFile(path, "w") as archive:
        # The first entry, not compressed, says what the file is: ODF 1.2 part 3, 3.3.
        archive.writestr(zipfile.ZipInfo("mimetype", stamp), ODS_TYPE)
        entry = zipfile.ZipInfo("content.xml", stamp)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w", force_zip64=True) as content:
            content.write(_HEAD.encode())
            for name, rows in sheets:
                content.write(f"<table:table table:name={quoteattr(name)}>".encode())
                for block in _blocks(rows):
                    content.write(block.encode())
                content.write(b"</table:table>")
            content.write(_TAIL.encode())
        manifest = zipfile.ZipInfo("META-INF/manifest.xml", stamp)
        manifest.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(manifest, _manifest())


def _blocks(rows: Iterable[list[Any]]) -> Iterable[str]:
    held: list[str] = []
    for row in rows:
        held.append(f"<table:table-row>{''.join(map(_cell, row))}</table:table-row>")
        if len(held) == _ROWS_PER_WRITE:
            yield "".join(held)
            held = []
    yield "".join(held)


def _cell(value: Any) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, bool):
        word = "true" if value else "false"
        return f'<table:table-cell office:value-type="boolean" office:boolean-value="{word}"/>'
    if isinstance(value, int | float):
        return f'<table:table-cell office:value-type="float" office:value="{value!r}"/>'
    if isinstance(value, dt.date):
        return f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}"/>'
    paragraphs = "".join(
        f"<text:p>{_spaces(escape(line))}</text:p>" for line in _CONTROL.sub("", str(value)).split("\n")
    )
    return f'<table:table-cell office:value-type="string">{paragraphs}</table:table-cell>'


def _spaces(text: str) -> str:
    """Keep runs of spaces and tabs, which XML readers would fold into one (ODF 1.2, 6.1.2)."""
    text = re.sub(" {2,}", lambda found: f' <text:s text:c="{len(found[0]) - 1}"/>', text)
    text = re.sub("^ ", "<text:s/>", text)
    return text.replace("\t", "<text:tab/>")


def _manifest() -> str:
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>'
        for name, kind in (("/", ODS_TYPE), ("content.xml", "text/xml"))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<manifest:manifest xmlns:manifest="{_MANIFEST}" manifest:version="1.2">{entries}</manifest:manifest>'
    )
