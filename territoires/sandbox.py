"""Reads vector files from outside in a separate, restricted process.

GDAL has eighty drivers; some open other files or the network on the word of the
file they read. Here the content is sniffed first (`territoires.archive`), then a
child process is started in which every driver but that one is skipped, with no
secret in its environment, limits on memory, processor and time, and no network
where the kernel lets it leave. Geometries come back as Arrow batches through a
pipe: memory is bounded by one batch.
"""

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyogrio
from django.utils.translation import gettext as _

from territoires.archive import DEFAULT_MAX_BYTES, SHAPEFILE, OpenedFile, open_through_gate
from territoires.refusals import FileRefused

ALLOWED_DRIVERS = ("GeoJSON", "GPKG", "FlatGeobuf", "ESRI Shapefile")
ROOT = Path(__file__).resolve().parent.parent
WALL_SECONDS = 900
CPU_SECONDS = 600
# Address space, not memory in use: Python, Arrow and GDAL map more than they touch.
MEMORY_BYTES = 4 * 1024**3
BATCH_SIZE = 500
DBF_SNIFF_BYTES = 32 << 20
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH_BYTES = re.compile(rb"[\x80-\xff]")


class VectorFile:
    """A layer being read: `fields` (all column names), `crs` ("EPSG:2154" or WKT), `layer`, `name`.

    `features` yields (WKB or None, {column: value}) once; `batches` the same as Arrow.
    Use as a context manager: leaving it ends the process and removes its files.
    """

    def __init__(self, child: "_Child", opened: OpenedFile) -> None:
        """Read the stream's schema; raises FileRefused when the child refuses the file."""
        self._child = child
        self._reader = child.open_stream()
        described = json.loads((self._reader.schema.metadata or {})[b"reperes"])
        self.fields: list[str] = described["fields"]
        self.crs: str = described["crs"]
        self.layer: str = described["layer"]
        self.geometry: str = described["geometry"]
        self.name = opened.name
        self.driver = opened.driver

    @property
    def batches(self) -> Iterator[pa.RecordBatch]:
        """Arrow batches of at most 500 rows; WKB in the column named `geometry`."""
        yield from self._child.batches(self._reader)

    @property
    def features(self) -> Iterator[tuple[bytes | None, dict[str, Any]]]:
        """One (WKB, properties) per feature. Raises FileRefused when the file breaks off."""
        for batch in self.batches:
            for row in batch.to_pylist():
                yield row.pop(self.geometry, None), row

    def close(self) -> None:
        """End the child, whatever it is doing, and remove what was unpacked."""
        self._child.close()

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def read_vector_file(
    path: Path,
    *,
    max_features: int,
    layers: Sequence[str] = (),
    columns: Sequence[Sequence[str]] = (),
    keep: Sequence[str] = (),
    prefer: re.Pattern[str] | None = None,
    max_bytes: int = DEFAULT_MAX_BYTES,
    wall_seconds: float = WALL_SECONDS,
    tables: bool = False,
    batch_size: int = BATCH_SIZE,
) -> VectorFile:
    """Open GeoJSON, GeoPackage, Shapefile or FlatGeobuf, plain, zipped or gzipped.

    With `tables`, CSV and ODS too, whose cells all come as texts, without geometry nor CRS.

    `layers` are preferred layer names in lower case, `columns` groups of aliases in
    lower case of which the layer needs one each; with `columns`, only those columns
    and those of `keep` come back. WKB is as stored: it may carry a third dimension.
    Raises FileRefused: unknown or disguised content, unsafe archive, no CRS, no fitting
    layer, more than `max_features`, out of time or memory.
    """
    with ExitStack() as stack:
        workdir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="couche-")))
        opened = open_through_gate(path, workdir, max_bytes=max_bytes, prefer=prefer, tables=tables)
        request = {
            "path": str(opened.path.resolve()),
            "driver": opened.driver,
            "layers": list(layers),
            "columns": [list(group) for group in columns],
            "keep": list(keep),
            "max_features": max_features,
            "encoding": _shapefile_encoding(opened.path) if opened.driver == SHAPEFILE else None,
            "batch_size": batch_size,
            "memory": MEMORY_BYTES,
            "cpu": CPU_SECONDS,
        }
        errors = stack.enter_context(tempfile.TemporaryFile())
        child = stack.enter_context(_Child(request, errors, wall_seconds))
        vector_file = VectorFile(child, opened)
        child.keep(stack.pop_all())
    return vector_file


def skipped_drivers(driver: str) -> str:
    """Value of GDAL_SKIP that leaves `driver` alone: all that this GDAL has, minus it."""
    # Commas, since one name has a space. `OGR_SKIP` does nothing, GDAL_SKIP does.
    return ",".join(sorted(set(pyogrio.list_drivers()) - {driver}))


class _Child:
    """The reading process, its pipe and its clock."""

    def __init__(self, request: dict[str, Any], errors: IO[bytes], wall_seconds: float) -> None:
        self._errors = errors
        self._request = request
        self._timed_out = threading.Event()
        self._held: ExitStack | None = None
        self._process = subprocess.Popen(  # our own module, arguments as JSON
            [sys.executable, "-I", "-c", _START, str(ROOT), json.dumps(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd="/",
            close_fds=True,
            env={
                "GDAL_SKIP": skipped_drivers(request["driver"]),
                "GDAL_DRIVER_PATH": "disable",
                "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none",
                "OGR_SQLITE_LOAD_EXTENSIONS": "",
                # Rebuilt in memory when absent; a file of ours it must not write.
                "SHAPE_RESTORE_SHX": "NO",
                # A sheet's codes stay texts: 01001 is no number.
                "OGR_ODS_FIELD_TYPES": "STRING",
                "OGR_ODS_HEADERS": "FORCE",
                "OGR_CSV_MAX_LINE_SIZE": "1000000",
                "LC_ALL": "C.UTF-8",
                "ARROW_DEFAULT_MEMORY_POOL": "system",
            },
        )
        self._clock = threading.Timer(wall_seconds, self._stop_late)
        self._clock.daemon = True
        self._clock.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused: object) -> None:
        self._end()

    def keep(self, held: ExitStack) -> None:
        """Take over what must live as long as the stream; the stack holds this child too."""
        self._held = held

    def close(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            held.close()

    def open_stream(self) -> pa.RecordBatchReader:
        try:
            return pa.ipc.open_stream(self._process.stdout)
        except (pa.ArrowInvalid, OSError) as error:
            raise self._refusal() from error

    def batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            for batch in reader:
                batch.validate(full=True)
                yield batch
        except (pa.ArrowInvalid, OSError) as error:
            raise self._refusal() from error
        # A stream cut between two batches looks finished: only the exit status tells.
        if self._process.wait() != 0:
            raise self._refusal()
        self.close()

    def _stop_late(self) -> None:
        self._timed_out.set()
        self._process.kill()

    def _end(self) -> None:
        self._clock.cancel()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _refusal(self) -> FileRefused:
        """Word what the child said, or what its death says."""
        status = self._process.wait()
        self._errors.seek(0)
        code, detail = _last_word(self._errors.read())
        if self._timed_out.is_set():
            code = "time"
        elif status < 0 and not code:
            code = "killed"
        return FileRefused(_worded(code, detail, self._request))


# -I keeps the environment and the current folder out of the import path; the project's root comes last.
_START = (
    "import os, sys; sys.path.append(sys.argv.pop(1)); "
    "from territoires.gdal_reader import main; os._exit(main())"
)


def _last_word(errors: bytes) -> tuple[str, str]:
    for line in reversed(errors.decode("utf-8", "replace").splitlines()):
        if line.startswith('{"code"'):
            said = json.loads(line)
            return str(said["code"]), str(said["detail"])
    return "", ""


def _worded(code: str, detail: str, request: dict[str, Any]) -> str:
    match code:
        case "no-crs":
            return _(
                "Le fichier ne dit pas son système de coordonnées (pour un Shapefile, le fichier .prj) : "
                "ajoutez-le, puis recommencez."
            )
        case "no-layer":
            return _("Aucune couche n'a les colonnes attendues (code INSEE). Lu : %(detail)s.") % {
                "detail": detail
            }
        case "too-many":
            return _("Le fichier contient plus de %(max)s objets : découpez-le.") % {"max": detail}
        case "time":
            return _("La lecture a dépassé le temps permis : simplifiez ou découpez le fichier.")
        case "memory" | "killed":
            return _("La lecture demande trop de mémoire ou de calcul : simplifiez ou découpez le fichier.")
        case "drivers":
            return _("GDAL ouvre d'autres formats que celui du fichier (%(detail)s) : lecture refusée.") % {
                "detail": detail
            }
    return _("Le fichier %(driver)s est abîmé ou illisible (%(detail)s).") % {
        "driver": request["driver"],
        "detail": detail or _("sans autre détail"),
    }


def _shapefile_encoding(path: Path) -> str:
    """Return the encoding of the .dbf beside `path`: what its bytes are, whatever a .cpg says.

    Files in Latin-1 with a UTF-8 .cpg circulate, and the reverse. UTF-8 sequences do
    not occur by chance in French Latin-1, so they are counted against lone high bytes.
    """
    dbf = next(
        (path.with_suffix(suffix) for suffix in (".dbf", ".DBF") if path.with_suffix(suffix).is_file()), None
    )
    if dbf is None:
        return "UTF-8"
    with dbf.open("rb") as stream:
        content = stream.read(DBF_SNIFF_BYTES)
    # The header (field names, binary counts) is not text.
    content = content[int.from_bytes(content[8:10], "little") :]
    sequences = _UTF8_SEQUENCE.findall(content)
    high = len(_HIGH_BYTES.findall(content))
    return "UTF-8" if 2 * sum(map(len, sequences)) >= high else "ISO-8859-1"
