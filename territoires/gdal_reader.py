"""The restricted process that reads one vector file; started by `territoires.sandbox`, never imported.

It knows no Django, no settings and no secret: its environment holds the list of
GDAL drivers to skip and little else. It limits itself before it loads GDAL,
then writes Arrow batches to its standard output. Errors leave as one JSON line
on standard error, `{"code": …, "detail": …}`, with exit status 3.
"""

import contextlib
import ctypes
import json
import os
import resource
import sys
from typing import Any, BinaryIO

# Tables: no geometry, no CRS, every cell a text.
_TABLES = ("CSV", "ODS")
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


class ReaderError(Exception):
    """A refusal with a code that the parent knows how to word."""

    def __init__(self, code: str, detail: str = "") -> None:
        """Carry `code` and an untranslated `detail`."""
        super().__init__(code)
        self.code, self.detail = code, detail


def limit(*, memory: int, cpu: int) -> None:
    """Cap address space (bytes), processor time (s), files; leave the network where the kernel allows it."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Nothing to write but a few lines of errors; 64 files are enough for the widest shapefile.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    # An empty network namespace. Containers often forbid it; the driver list then stands alone.
    ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def read(request: dict[str, Any], sink: BinaryIO) -> None:
    """Write the layer asked for as an Arrow IPC stream; crs, layer and fields in the schema's metadata."""
    import pyogrio

    if set(pyogrio.list_drivers()) != {request["driver"]}:
        raise ReaderError("drivers", ", ".join(pyogrio.list_drivers()))
    path, options = request["path"], {"LIST_ALL_TABLES": "NO"} if request["driver"] == "GPKG" else {}
    is_table = request["driver"] in _TABLES
    layer, info = _choose_layer(path, request["layers"], request["columns"], tables=is_table)
    if not info["crs"] and not is_table:
        raise ReaderError("no-crs")
    fields = [str(name) for name in info["fields"]]
    kept = [name for name in fields if _wanted(name, request)]
    with pyogrio.raw.open_arrow(
        path,
        layer=layer,
        encoding=request["encoding"],
        columns=kept,
        read_geometry=not is_table,
        batch_size=request["batch_size"],
        use_pyarrow=True,
        **options,
    ) as (meta, reader):
        geometry = "" if is_table else meta["geometry_name"] or "wkb_geometry"
        described = {"crs": info["crs"] or "", "layer": layer, "fields": fields, "geometry": geometry}
        _copy(reader, sink, described, request["max_features"])


def _choose_layer(
    path: str, names: list[str], columns: list[list[str]], *, tables: bool = False
) -> tuple[str, dict[str, Any]]:
    """Choose by name, then by columns: each group of `columns` needs one of its names."""
    import pyogrio

    layers = [str(name) for name, kind in pyogrio.list_layers(path) if tables or kind is not None]
    layers.sort(key=lambda layer: _rank(layer, names))
    seen = []
    for layer in layers:
        info = pyogrio.read_info(path, layer=layer)
        fields = {str(name).lower() for name in info["fields"]}
        seen.append(f"{layer} ({', '.join(sorted(fields))})")
        if all(fields & set(group) for group in columns):
            return layer, info
    raise ReaderError("no-layer", "; ".join(seen)[:600])


def _rank(layer: str, names: list[str]) -> int:
    """Exact names first in the order given, then names that begin with one, then the rest."""
    lower = layer.lower()
    if lower in names:
        return names.index(lower)
    return len(names) if any(lower.startswith(name) for name in names) else len(names) + 1


def _wanted(name: str, request: dict[str, Any]) -> bool:
    groups = [*request["columns"], request["keep"]]
    return not request["columns"] or any(name.lower() in group for group in groups)


def _copy(reader: Any, sink: BinaryIO, described: dict[str, Any], max_features: int) -> None:
    import pyarrow as pa

    schema = reader.schema.with_metadata({"reperes": json.dumps(described)})
    count = 0
    with pa.ipc.new_stream(sink, schema) as stream:
        for batch in reader:
            count += batch.num_rows
            if count > max_features:
                raise ReaderError("too-many", str(max_features))
            stream.write_batch(batch.replace_schema_metadata(schema.metadata))


def main() -> int:
    """Read the request in argv, answer on what was standard output; nobody else may write there."""
    request = json.loads(sys.argv[1])
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        limit(memory=request["memory"], cpu=request["cpu"])
        read(request, sink)
        sink.flush()
    except ReaderError as error:
        return _say(error.code, error.detail)
    except BrokenPipeError:
        return _say("closed", "")
    except MemoryError:
        return _say("memory", "")
    except Exception as error:  # whatever GDAL makes of a bad file, the parent words it
        return _say("unreadable", f"{type(error).__name__}: {error}"[:300])
    return 0


def _say(code: str, detail: str) -> int:
    with contextlib.suppress(OSError):
        sys.stderr.write("\n" + json.dumps({"code": code, "detail": detail}) + "\n")
        sys.stderr.flush()
    return 3
