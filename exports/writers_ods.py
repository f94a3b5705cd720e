"""An OpenDocument spreadsheet whose content leaves row by row: GDAL's own driver holds it all in memory.

Source: OASIS ODF 1.3, parts 2 (package) and 3 (schema).
"""

import datetime as dt
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from exports import sheets
from exports.demands import Demand
from exports.rows import Selection
from exports.schemas import Column
from exports.sheets import Cell

_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content office:version="1.3"'
    f' xmlns:office="{_OASIS}:office:1.0" xmlns:table="{_OASIS}:table:1.0" xmlns:text="{_OASIS}:text:1.0"'
    f' xmlns:style="{_OASIS}:style:1.0" xmlns:number="{_OASIS}:datastyle:1.0"'
    f' xmlns:fo="{_OASIS}:xsl-fo-compatible:1.0"><office:automatic-styles>'
    '<number:date-style style:name="N1"><number:year number:style="long"/><number:text>-</number:text>'
    '<number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/>'
    '</number:date-style><style:style style:name="d" style:family="table-cell" style:data-style-name="N1"/>'
    '<style:style style:name="t" style:family="table-cell">'
    '<style:text-properties fo:font-weight="bold"/></style:style>'
    "</office:automatic-styles><office:body><office:spreadsheet>"
)
_TAIL = "</office:spreadsheet></office:body></office:document-content>\n"
_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<manifest:manifest xmlns:manifest="{_OASIS}:manifest:1.0" manifest:version="1.3">'
    f'<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{_TYPE}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    '<manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/>'
    "</manifest:manifest>\n"
)
# What XML 1.0 cannot hold at all.
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# Runs of spaces and tabs would be folded into one: ODF spells them out.
_FOLDED = re.compile("\t|^ +| {2,}| +$")
_BLOCK = 64 * 1024
_LEVEL = 4


def write_ods(demand: Demand, selection: Selection, columns: list[Column], srid: int, path: Path) -> None:
    """Write the selection in `srid` to `path`: the couche, its dictionary, its licence."""
    moment = demand.version.published_at.astimezone(dt.UTC)
    with zipfile.ZipFile(path, "w") as package:
        # The type comes first and uncompressed: that is how a package is recognised.
        package.writestr(_entry("mimetype", moment, zipfile.ZIP_STORED), _TYPE)
        package.writestr(_entry("META-INF/manifest.xml", moment), _MANIFEST)
        package.writestr(_entry("meta.xml", moment), _meta(demand, moment))
        entry = _entry("content.xml", moment)
        with package.open(entry, "w", force_zip64=True) as content:
            for block in _blocks(_content(demand, selection, columns, srid)):
                content.write(block)


def _entry(name: str, moment: dt.datetime, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
    entry.compress_type = method
    entry.external_attr = 0o644 << 16
    if method == zipfile.ZIP_DEFLATED:
        entry._compresslevel = _LEVEL  # type: ignore[attr-defined]  # ZipFile.open takes no level
    return entry


def _meta(demand: Demand, moment: dt.datetime) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<office:document-meta xmlns:office="{_OASIS}:office:1.0" xmlns:meta="{_OASIS}:meta:1.0"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" office:version="1.3"><office:meta>'
        f"<dc:title>{escape(demand.version.couche.title)}</dc:title>"
        f"<meta:creation-date>{moment:%Y-%m-%dT%H:%M:%S}</meta:creation-date>"
        "</office:meta></office:document-meta>\n"
    )


def _content(demand: Demand, selection: Selection, columns: list[Column], srid: int) -> Iterator[str]:
    shown = sheets.sheet_columns(columns)
    yield _HEAD
    yield _table(demand.version.couche.slug)
    yield _row(sheets.headings(shown), style="t")
    yield from map(_row, sheets.rows(selection, columns, srid))
    yield "</table:table>"
    for name, rows in (
        (sheets.DICTIONARY, sheets.dictionary(columns)),
        (sheets.LICENCE, sheets.licence(demand)),
    ):
        yield _table(name)
        yield from map(_row, rows)
        yield "</table:table>"
    yield _TAIL


def _table(name: str) -> str:
    return f"<table:table table:name={quoteattr(name)}>"


def _row(cells: Iterable[Cell], style: str = "") -> str:
    return f"<table:table-row>{''.join(_cell(cell, style) for cell in cells)}</table:table-row>"


def _cell(cell: Cell, style: str = "") -> str:
    """Return a cell with its type said: what has a type is never computed."""
    if cell is None or cell == "":
        return "<table:table-cell/>"
    if isinstance(cell, bool):
        word = "true" if cell else "false"
        return f'<table:table-cell office:value-type="boolean" office:boolean-value="{word}"/>'
    if isinstance(cell, dt.date):
        day = cell.isoformat()
        return (
            f'<table:table-cell table:style-name="d" office:value-type="date" office:date-value="{day}">'
            f"<text:p>{day}</text:p></table:table-cell>"
        )
    if isinstance(cell, int | float):
        return (
            f'<table:table-cell office:value-type="float" office:value="{cell!r}">'
            f"<text:p>{cell!r}</text:p></table:table-cell>"
        )
    named = f' table:style-name="{style}"' if style else ""
    return f'<table:table-cell{named} office:value-type="string">{_paragraphs(cell)}</table:table-cell>'


def _paragraphs(text: str) -> str:
    """Return a text as paragraphs, one per line."""
    lines = _UNSPEAKABLE.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "".join(f"<text:p>{_FOLDED.sub(_spelled, escape(line))}</text:p>" for line in lines)


def _spelled(found: re.Match[str]) -> str:
    run = found.group()
    return "<text:tab/>" if run == "\t" else f'<text:s text:c="{len(run)}"/>'


def _blocks(parts: Iterable[str]) -> Iterator[bytes]:
    """Join texts into blocks: compressing row by row would cost a call each."""
    held: list[str] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= _BLOCK:
            yield "".join(held).encode()
            held, size = [], 0
    yield "".join(held).encode()
