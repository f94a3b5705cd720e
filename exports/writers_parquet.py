"""GeoParquet 1.1 from the Arrow batches: one row group at a time, memory stays flat."""

import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS

from exports import arrow
from exports.tables import points_of

# https://geoparquet.org/releases/v1.1.0/
GEOPARQUET = "1.1.0"
ROW_GROUP = 65_536


def write_parquet(
    path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema, srid: int, metadata: dict[str, str]
) -> None:
    """Write the batches; `metadata` says which version of which couche this is.

    The box of all points is known at the end, where Parquet keeps its metadata anyway.
    """
    box: list[float] = []
    plain = pa.schema([field.remove_metadata() for field in schema], metadata=metadata)
    with pq.ParquetWriter(path, plain, compression="zstd", version="2.6") as writer:
        for table in _groups(batches, schema, plain):
            for batch in table.to_batches():
                box = _grown(box, batch)
            writer.write_table(table, row_group_size=ROW_GROUP)
        writer.add_key_value_metadata({"geo": json.dumps(_geo(srid, box), separators=(",", ":"))})


def _groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema, plain: pa.Schema) -> Iterable[pa.Table]:
    """Yield tables of about a row group: readers skip whole groups, small ones cost them."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        held.append(pa.RecordBatch.from_arrays(batch.columns, schema=plain))
        rows += batch.num_rows
        if rows >= ROW_GROUP:
            yield pa.Table.from_batches(held)
            held, rows = [], 0
    yield pa.Table.from_batches(held, schema=plain)


def _grown(box: list[float], batch: pa.RecordBatch) -> list[float]:
    if not batch.num_rows:
        return box
    x, y = points_of(batch)
    found = [float(x.min()), float(y.min()), float(x.max()), float(y.max())]
    if not box:
        return found
    return [min(box[0], found[0]), min(box[1], found[1]), max(box[2], found[2]), max(box[3], found[3])]


def _geo(srid: int, box: list[float]) -> dict[str, object]:
    column: dict[str, object] = {
        "encoding": "WKB",
        "geometry_types": ["Point"],
        # Coordinates are x then y whatever the authority says: GeoParquet's own rule.
        "crs": CRS.from_epsg(srid).to_json_dict(),
    }
    if box:
        column["bbox"] = box
    return {"version": GEOPARQUET, "primary_column": arrow.GEOMETRY, "columns": {arrow.GEOMETRY: column}}
