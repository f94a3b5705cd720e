"""Rows from PostgreSQL as Arrow batches: COPY text parsed in C++, never a Python object per value.

Memory holds a few batches whatever the number of rows.
"""

import io
import threading
from collections.abc import Iterable, Iterator

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg import sql

from couches.columns import Column
from exports.progress import told
from exports.rows import Selection, flat_rows
from exports.streams import copying

GEOMETRY = "geometry"
BLOCK_BYTES = 4 * 1024 * 1024
BUILD_TIMEOUT_MS = 60 * 60 * 1000
_TYPES = {
    "string": pa.string(),
    "list": pa.string(),
    "json": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.string(),
}
_SMALL = {"version", "observations", "distinct_observers"}
# A point in WKB: byte order, type 1, x, y.
WKB_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])


class _CopyFile(io.RawIOBase):
    """The rows of a COPY as the file that Arrow's CSV reader asks for.

    Arrow reads ahead from a thread of its own; the lock lets the thread that opened the
    COPY wait for a read under way before it ends the transaction.
    """

    def __init__(self, copy: psycopg.Copy) -> None:
        self._copy = copy
        self._rest = b""
        self._ended = False
        self._lock = threading.Lock()

    def readable(self) -> bool:
        """Say yes to Arrow."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        with self._lock:
            parts, length = [self._rest], len(self._rest)
            while not self._ended and (length < size or size < 0):
                row = bytes(self._copy.read())
                self._ended = not row
                parts.append(row)
                length += len(row)
            data = b"".join(parts)
            wanted = length if size < 0 else size
            self._rest = data[wanted:]
            return data[:wanted]

    def put_back(self, data: bytes) -> None:
        """Give back bytes that were read."""
        self._rest = data + self._rest

    def stop(self) -> None:
        """Read no more."""
        with self._lock:
            self._ended, self._rest = True, b""


def batches(
    selection: Selection, columns: list[Column], srid: int, *, cut: dict[str, int] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield batches of the selection's rows: one field per column, then the point as WKB in `srid`.

    `cut` names the columns whose texts are shortened to that many bytes, between characters.
    """
    for batch in plain_batches(selection, columns, srid):
        yield with_points(batch, columns, cut or {})


def plain_batches(selection: Selection, columns: list[Column], srid: int) -> Iterator[pa.RecordBatch]:
    """Yield batches of the selection's rows: one field per column, then `geom_x` and `geom_y` in `srid`."""
    query = flat_rows(selection, columns, srid)
    with copying(query, sql.SQL("(FORMAT csv)"), timeout_ms=BUILD_TIMEOUT_MS) as copy:
        source = _CopyFile(copy)
        try:
            for batch in _read(source, columns):
                told(batch.num_rows)
                yield batch
        finally:
            source.stop()


def _read(source: _CopyFile, columns: list[Column]) -> Iterator[pa.RecordBatch]:
    first = source.read(1)
    if not first:
        # Arrow refuses an empty file.
        return
    source.put_back(first)
    types = {column.name: _type(column) for column in columns}
    types |= {"geom_x": pa.float64(), "geom_y": pa.float64()}
    yield from pa_csv.open_csv(
        source,
        # One thread: the source is a database connection, and the writer fills the other core.
        read_options=pa_csv.ReadOptions(column_names=list(types), block_size=BLOCK_BYTES, use_threads=False),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def _type(column: Column) -> pa.DataType:
    if not column.path:
        if column.name in _SMALL:
            return pa.int32()
        if column.kind == "date":
            return pa.date32()
    return _TYPES[column.kind]


def schema_of(
    columns: list[Column], names: list[str], metadata: dict[str, dict[str, str]] | None = None
) -> pa.Schema:
    """Return the Arrow schema of the batches, under `names`, the geometry last."""
    known = metadata or {}
    fields = [
        pa.field(name, _type(column), metadata=known.get(column.name))
        for name, column in zip(names, columns, strict=True)
    ]
    wkb = pa.field(GEOMETRY, pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"})
    return pa.schema([*fields, wkb])


def with_points(batch: pa.RecordBatch, columns: list[Column], cut: dict[str, int]) -> pa.RecordBatch:
    """Return a plain batch with its coordinates made into WKB points, the texts in `cut` shortened."""
    arrays = [
        _shortened(batch.column(index), cut[column.name]) if column.name in cut else batch.column(index)
        for index, column in enumerate(columns)
    ]
    points = _wkb_points(batch.column("geom_x"), batch.column("geom_y"))
    names = [*(column.name for column in columns), GEOMETRY]
    return pa.RecordBatch.from_arrays([*arrays, points], names=names)


def _wkb_points(x: pa.Array, y: pa.Array) -> pa.Array:
    points = np.empty(len(x), dtype=WKB_POINT)
    points["order"], points["type"] = 1, 1
    points["x"], points["y"] = x.to_numpy(), y.to_numpy()
    offsets = np.arange(0, (len(x) + 1) * WKB_POINT.itemsize, WKB_POINT.itemsize, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(points.tobytes())]
    return pa.Array.from_buffers(pa.binary(), len(x), buffers)


def _shortened(texts: pa.Array, limit: int) -> pa.Array:
    return pa.array((shortened(text, limit) for text in texts.to_pylist()), type=pa.string())


def shortened(text: str | None, limit: int) -> str | None:
    """Return text cut to `limit` bytes of UTF-8, never inside a character."""
    if text is None:
        return None
    return text.encode()[:limit].decode(errors="ignore")


def renamed(found: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the same batches under the names and metadata of `schema`."""
    for batch in found:
        yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
