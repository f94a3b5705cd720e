"""Rows as a table of plain values, for workbooks: our columns, then x, y and the CRS they are in.

Workbooks hold no geometry: like the CSV, they say where a point is in two columns.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from couches.columns import PROJECTED, Column
from exports import arrow
from exports.projections import WGS84
from exports.rows import DEGREE_DIGITS, METRE_DIGITS


def headings(columns: list[Column]) -> list[str]:
    """Return the names of the table's columns."""
    return [column.name for column in (*columns, *PROJECTED)]


def rows_of(batches: Iterable[pa.RecordBatch], columns: list[Column], srid: int) -> Iterator[list[Any]]:
    """Yield one list of plain values per row (None, str, int, float, bool, date)."""
    digits = DEGREE_DIGITS if srid == WGS84 else METRE_DIGITS
    for batch in batches:
        x, y = points_of(batch)
        plain = [batch.column(index).to_pylist() for index in range(len(columns))]
        for rank in range(batch.num_rows):
            values = [column[rank] for column in plain]
            yield [*values, round(float(x[rank]), digits), round(float(y[rank]), digits), f"EPSG:{srid}"]


def points_of(batch: pa.RecordBatch) -> tuple[Any, Any]:
    """Return the x and y of a batch's points as two arrays of floats."""
    buffer = batch.column(batch.schema.get_field_index(arrow.GEOMETRY)).buffers()[2]
    points = np.frombuffer(buffer, dtype=arrow.WKB_POINT, count=batch.num_rows)
    return points["x"], points["y"]


def dictionary_rows(columns: list[Column]) -> list[list[str]]:
    """Return the dictionary of fields as rows, its headings first."""
    head = ["champ", "titre", "type", "description", "valeurs"]
    return [head] + [
        [
            column.name,
            str(column.title),
            column.kind,
            str(column.description),
            " | ".join(f"{code} = {label}" for code, label in column.labels.items()),
        ]
        for column in (*columns, *PROJECTED)
    ]
