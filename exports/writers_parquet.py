"""GeoParquet 1.1 from Arrow batches: WKB points, PROJJSON, zstd, a few row groups in memory at most.

Source: geoparquet.org/releases/v1.1.0. No `covering` column: rows come in the order of
publication, so every row group spans the whole couche and a box would prune none.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS

from exports import arrow
from exports.demands import Demand
from exports.projections import WGS84
from exports.rows import Selection
from exports.schemas import Column

VERSION = "1.1.0"
# Rows of a group: enough for its statistics and its compression to be worth their place.
GROUP_ROWS = 65_536


def write_parquet(demand: Demand, selection: Selection, columns: list[Column], srid: int, path: Path) -> None:
    """Write the selection in `srid` to `path`."""
    schema = _schema(demand, columns)
    box = _Box()
    with pq.ParquetWriter(path, schema, compression="zstd", version="2.6") as writer:
        for group in _groups(box.seen(arrow.plain_batches(selection, columns, srid)), columns, schema):
            writer.write_table(group, row_group_size=GROUP_ROWS)
        # The box of the file is known when its last row is.
        writer.add_key_value_metadata({"geo": json.dumps(_geo(srid, box))})


def _schema(demand: Demand, columns: list[Column]) -> pa.Schema:
    """Return the Arrow schema: full names, the titles as metadata of the fields."""
    titles = {column.name: {"title": column.title, "description": column.description} for column in columns}
    schema = arrow.schema_of(columns, [column.name for column in columns], titles)
    # A plain binary column: GeoParquet says what it is in the file's own metadata.
    schema = schema.set(len(columns), pa.field(arrow.GEOMETRY, pa.binary()))
    version = demand.version
    return schema.with_metadata(
        {
            "couche": version.couche.slug,
            "version": str(version.number),
            "sha256": version.sha256,
            "licence": version.couche.licence,
        }
    )


class _Box:
    """The bounding box of the rows that passed."""

    def __init__(self) -> None:
        self.bounds: list[float] = []

    def seen(self, found: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the batches, widening the box to their points."""
        for batch in found:
            x, y = batch.column("geom_x").to_numpy(), batch.column("geom_y").to_numpy()
            if len(x):
                corners = [float(x.min()), float(y.min()), float(x.max()), float(y.max())]
                known = self.bounds or corners
                self.bounds = [*map(min, known[:2], corners[:2]), *map(max, known[2:], corners[2:])]
            yield batch


def _groups(found: Iterator[pa.RecordBatch], columns: list[Column], schema: pa.Schema) -> Iterator[pa.Table]:
    """Join batches into tables of a group's rows."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in found:
        pointed = arrow.with_points(batch, columns, {})
        held.append(pa.RecordBatch.from_arrays(pointed.columns, schema=schema))
        rows += batch.num_rows
        if rows >= GROUP_ROWS:
            yield pa.Table.from_batches(held, schema)
            held, rows = [], 0
    if held:
        yield pa.Table.from_batches(held, schema)


def _geo(srid: int, box: _Box) -> dict[str, Any]:
    """Return the `geo` document. Coordinates are x then y whatever the CRS says, as the standard wants."""
    crs = CRS("OGC:CRS84") if srid == WGS84 else CRS.from_epsg(srid)
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": ["Point"],
        "crs": crs.to_json_dict(),
    }
    if box.bounds:
        column["bbox"] = box.bounds
    return {"version": VERSION, "primary_column": arrow.GEOMETRY, "columns": {arrow.GEOMETRY: column}}
