"""Cells of a file as answers of a couche: the flat columns of our exports, read the other way."""

import datetime as dt
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyproj
from django.utils.dateparse import parse_date, parse_datetime

from contributions.imports.choices import YES, Choice
from contributions.imports.mapping import Mapping
from couches.columns import LIST_SEPARATOR, Column, columns_of
from couches.models import Couche

# Our CSV puts a quote before what a spreadsheet would take for a formula.
_FORMULA = ("'=", "'+", "'-", "'@", "'\t", "'\r")
_DAY = len("2026-05-04")
# Texts of a column whose reading is kept.
REMEMBERED = 1_000
_HEADER = struct.Struct("<BI")
_XY_LITTLE, _XY_BIG = struct.Struct("<dd"), struct.Struct(">dd")


@dataclass(slots=True)
class Row:
    """A row of the file as it will be submitted; `number` counts from 1, as the file's rows do."""

    number: int
    geometry: dict[str, Any] | None
    attributes: dict[str, Any]
    identifier: str
    observed_at: str
    accuracy_m: float | None


# A column of the file, what converts its cells, the answer they are.
_Parts = list[tuple[str, Callable[[Any], Any], str]]


@dataclass(frozen=True, slots=True)
class _Cell:
    """A column of the file, what converts its cells, and the flat column of the couche that it fills."""

    source: str
    convert: Callable[[Any], Any]
    column: Column

    def read(self, cells: dict[str, Any]) -> Any:
        """Return the value of the cell, None when it is empty."""
        cell = cells[self.source]
        return None if cell is None or cell == "" else self.convert(cell)


class Reader:
    """Reads the rows of one file: everything that is the same for all of them is prepared once."""

    def __init__(
        self, couche: Couche, mapping: Mapping, *, to_wgs84: pyproj.Transformer | None, default_date: str
    ) -> None:
        by_name = {column.name: column for column in columns_of(couche)}
        self._choices = {name: Choice(by_name[name], mapping.values.get(name, {})) for name in mapping.fields}
        chosen = [
            _Cell(source, _converter(by_name[name], self._choices[name]), by_name[name])
            for name, source in mapping.fields.items()
        ]
        self._plain = [
            (cell.source, cell.convert, cell.column.path[0])
            for cell in chosen
            if cell.column.key is None and len(cell.column.path) == 1
        ]
        self._nested = [cell for cell in chosen if cell.column.key is None and len(cell.column.path) > 1]
        self._keyed = _by_key(chosen)
        self._others = [cell for cell in chosen if cell.column.key is not None and cell.column.excluding]
        self._mapping = mapping
        self._to_wgs84 = to_wgs84
        self._default_date = default_date

    def read(self, number: int, wkb: bytes | None, cells: dict[str, Any]) -> Row:
        """Return a row; what cannot be read stays as it is, to be refused with the others."""
        mapping = self._mapping
        geometry = None if wkb is None else self._from_wkb(wkb)
        if geometry is None and mapping.x and mapping.y:
            geometry = self._from_columns(cells)
        return Row(
            number,
            geometry,
            self._attributes(cells),
            str(cells.get(mapping.identifier) or "").strip() if mapping.identifier else "",
            _instant(cells.get(mapping.date)) or self._default_date if mapping.date else self._default_date,
            _number(cells.get(mapping.accuracy)) if mapping.accuracy else None,
        )

    def unknown(self) -> dict[str, dict[str, int]]:
        """Return {field: {text: how many times}} of the choices that were not recognised so far."""
        return {name: found for name, choice in self._choices.items() if (found := choice.unknown())}

    def _attributes(self, cells: dict[str, Any]) -> dict[str, Any]:
        """Return the answers of a row: each flat column goes back where it comes from."""
        attributes = _said(cells, self._plain)
        for one in self._nested:
            if (value := one.read(cells)) is not None:
                inner = attributes
                for part in one.column.path[:-1]:
                    inner = inner.setdefault(part, {})
                inner[one.column.path[-1]] = value
        for (name, key, wanted), parts in self._keyed.items():
            if said := _said(cells, parts):
                attributes.setdefault(name, []).append({key: wanted, **said})
        for one in self._others:
            if (value := one.read(cells)) is not None:
                rows = attributes.setdefault(one.column.path[0], [])
                rows.extend(value if isinstance(value, list) else [value])
        return attributes

    def _from_wkb(self, wkb: bytes) -> dict[str, Any]:
        """Return the GeoJSON point, in longitude and latitude; of what is no point, the kind alone."""
        order, kind = _HEADER.unpack_from(wkb)
        if order != 1:
            kind = int.from_bytes(wkb[1:5], "big")
        if kind & 0xFF != 1 and kind not in (1001, 2001, 3001):
            return {"type": "Geometry"}
        offset = 9 if kind & 0x20000000 else 5
        x, y = (_XY_LITTLE if order == 1 else _XY_BIG).unpack_from(wkb, offset)
        return self._point(x, y)

    def _from_columns(self, cells: dict[str, Any]) -> dict[str, Any] | None:
        x, y = _number(cells.get(self._mapping.x)), _number(cells.get(self._mapping.y))
        if x is None and y is None:
            return None
        if isinstance(x, str) or isinstance(y, str) or x is None or y is None:
            return {"type": "Point", "coordinates": [x, y]}
        return self._point(float(x), float(y))

    def _point(self, x: float, y: float) -> dict[str, Any]:
        if self._to_wgs84 is not None:
            x, y = self._to_wgs84.transform(x, y)
        return {"type": "Point", "coordinates": [x, y]}


def _said(cells: dict[str, Any], parts: _Parts) -> dict[str, Any]:
    """Return {answer: value} of the cells that are not empty."""
    said: dict[str, Any] = {}
    for source, convert, name in parts:
        cell = cells[source]
        if cell is not None and cell != "" and (value := convert(cell)) is not None:
            said[name] = value
    return said


def _by_key(cells: list[_Cell]) -> dict[tuple[str, str, str], _Parts]:
    """Return the columns that fill one object of a list, together, by (list, key, its value)."""
    found: dict[tuple[str, str, str], _Parts] = {}
    for cell in cells:
        if cell.column.key is not None and not cell.column.excluding:
            group = found.setdefault((cell.column.path[0], *cell.column.key), [])
            group.append((cell.source, cell.convert, cell.column.path[-1]))
    return found


def _converter(column: Column, choice: Choice) -> Callable[[Any], Any]:
    """Return what turns a cell into the column's kind; what has no meaning stays, to be refused."""
    by_kind: dict[str, Callable[[str], Any]] = {
        "list": lambda text: _parts(text, choice),
        "boolean": lambda text: _truth(text, choice),
        "integer": _number,
        "number": _number,
        "json": _json,
    }
    read = by_kind.get(column.kind, choice.read)

    def convert(cell: Any) -> Any:
        value = cell if isinstance(cell, str) else _native(cell, column)
        if not isinstance(value, str):
            return value
        text = value.strip()
        if text[:1] == "'" and text[:2] in _FORMULA:
            text = text[1:]
        return read(text) if text else None

    # Lists are changed by who receives them; a choice comes back a million times.
    return convert if column.kind in ("list", "json") else _remembering(convert, choice)


def _remembering(convert: Callable[[Any], Any], choice: Choice) -> Callable[[Any], Any]:
    """Return the same converter with the first texts of the column remembered; those to count are not."""
    known: dict[str, Any] = {}

    def converted(cell: Any) -> Any:
        if not isinstance(cell, str):
            return convert(cell)
        if cell in known:
            return known[cell]
        value = convert(cell)
        if len(known) < REMEMBERED and choice.knows(cell):
            known[cell] = value
        return value

    return converted


def _truth(text: str, choice: Choice) -> Any:
    code = choice.read(text)
    return code == YES if choice.knows(text) and code is not None else code


def _parts(text: str, choice: Choice) -> Any:
    if text[:1] == "[":
        return _json(text)
    read = [choice.read(part.strip()) for part in text.split(LIST_SEPARATOR) if part.strip()]
    return [part for part in read if part is not None] or None


def _native(value: Any, column: Column) -> Any:
    """Return a value that has a type already: that of a GeoPackage or of a GeoJSON."""
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if column.kind == "string" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if column.kind == "boolean" and value in (0, 1):
        return bool(value)
    return value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _number(value: Any) -> Any:
    """Return a number; a comma may be its decimal mark. What is none stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        # As machines write them.
        return float(value)
    except ValueError:
        pass
    text = value.strip().replace("\u202f", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return value


def _instant(value: Any) -> str | None:
    return _typed_instant(value) if isinstance(value, str) else _native_instant(value)


def _native_instant(value: Any) -> str | None:
    """Return an instant, or a day, as ISO 8601."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=value.tzinfo or dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    return None


@lru_cache(maxsize=4096)
def _typed_instant(value: str) -> str | None:
    """Return an instant or a day as ISO 8601, from that or 31/12/2026; what is neither stays, to be refused."""
    text = value.strip()
    if len(text) == _DAY and text[2:3] == text[5:6] == "/":
        text = f"{text[6:]}-{text[3:5]}-{text[:2]}"
    if not text:
        return None
    try:
        day = parse_date(text) if len(text) == _DAY else None
        moment = None if day else parse_datetime(text)
    except ValueError:
        return text
    if moment is not None:
        return moment.replace(tzinfo=moment.tzinfo or dt.UTC).isoformat()
    return day.isoformat() if day else text
