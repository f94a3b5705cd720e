"""GDAL as a client of our doors: in its own process, for it holds Python's lock while it waits for us."""

import json
import subprocess
import sys
from typing import Any

_PROGRAM = """
import json, sys
import pyogrio, shapely
source, options = sys.argv[1], json.loads(sys.argv[2])
meta, _fids, shapes, fields = pyogrio.raw.read(source, **options)
names = list(meta["fields"])
rows = []
for index, point in enumerate(shapely.from_wkb(shapes)):
    row = {name: fields[rank][index] for rank, name in enumerate(names)}
    rows.append({**row, "x": point.x, "y": point.y})
def plain(one):
    return one.item() if getattr(one, "dtype", None) is not None and one.dtype.kind in "ifb" else str(one)
print("RESULT" + json.dumps(rows, default=plain))
"""


def read_with_gdal(source: str, options: dict[str, str], *, timeout: float = 60) -> list[dict[str, Any]]:
    """Return the rows GDAL reads from a source: its fields, and x, y in the order GDAL gives them."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, source, json.dumps(options)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert lines, done.stderr[-3000:]
    rows: list[dict[str, Any]] = json.loads(lines[0].removeprefix("RESULT"))
    return rows
