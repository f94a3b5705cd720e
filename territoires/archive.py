"""The gate for files from outside: says what a file truly is, and opens zip and gzip safely.

A zip is a program for the one who unpacks it: bombs, `../`, links, twins and
archives in archives are refused before a byte is written, and the bytes that
come out are counted, not believed. Names on disk are ours.
"""

import gzip
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from django.utils.translation import gettext as _

from territoires.refusals import FileRefused
from territoires.tables import check_ods, write_utf8

GEOJSON, GPKG, FLATGEOBUF, SHAPEFILE = "GeoJSON", "GPKG", "FlatGeobuf", "ESRI Shapefile"
DRIVER_OF_SUFFIX = {
    ".geojson": GEOJSON,
    ".json": GEOJSON,
    ".gpkg": GPKG,
    ".fgb": FLATGEOBUF,
    ".shp": SHAPEFILE,
}
# Tables without geometry: read where the caller says how rows get a place.
CSV, ODS = "CSV", "ODS"
TABLE_OF_SUFFIX = {".csv": CSV, ".tsv": CSV, ".txt": CSV, ".ods": ODS}
SIDECARS = {".shx", ".dbf", ".prj", ".cpg"}
NESTED = {".zip", ".gz", ".7z", ".tar", ".tgz", ".bz2", ".xz", ".rar", ".zst"}
MAX_ENTRIES = 50
MAX_RATIO = 100
# Under this size a high ratio is only a well compressed small file.
RATIO_FREE_BYTES = 1_000_000
DEFAULT_MAX_BYTES = 4 * 1024**3
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A plain vector file: where it is, the GDAL driver its content calls for, its name at the sender's."""

    path: Path
    driver: str
    name: str


def open_through_gate(
    path: Path,
    workdir: Path,
    *,
    max_bytes: int = DEFAULT_MAX_BYTES,
    prefer: re.Pattern[str] | None = None,
    tables: bool = False,
) -> OpenedFile:
    """Return the plain file to read: `path` itself, or what its zip or gzip held, unpacked in `workdir`.

    `prefer` chooses by name when a zip holds several layers; `tables` lets CSV (rewritten in
    UTF-8) and ODS through too. Raises FileRefused.
    """
    if not path.is_file():
        raise FileRefused(_("Fichier introuvable : « %(path)s ». Vérifiez le chemin.") % {"path": path})
    if path.stat().st_size > max_bytes:
        raise _too_big(max_bytes)
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
        if tables and path.suffix.lower() in TABLE_OF_SUFFIX:
            return open_table(path, workdir, max_bytes)
        if head[:4] == b"PK\x03\x04":
            return _from_zip(path, workdir, max_bytes, prefer)
        if head[:2] == b"\x1f\x8b":
            return _from_gzip(path, workdir, max_bytes)
        if head == b"7z\xbc\xaf":
            raise FileRefused(
                _("Les archives 7z ne sont pas lues : décompressez-la avec 7z, puis recommencez.")
            )
        return OpenedFile(path=path, driver=sniff(path, path.suffix), name=path.name)
    except (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError) as error:
        # What zipfile and gzip raise on damaged or encrypted archives.
        raise FileRefused(
            _("Le fichier « %(name)s » est abîmé ou illisible : téléchargez-le de nouveau.")
            % {"name": path.name}
        ) from error


def open_table(path: Path, workdir: Path, max_bytes: int) -> OpenedFile:
    """Return a CSV copied in UTF-8, or a looked-at ODS. Raises FileRefused."""
    if path.stat().st_size > max_bytes:
        raise _too_big(max_bytes)
    driver = TABLE_OF_SUFFIX[path.suffix.lower()]
    if driver == ODS:
        check_ods(path)
        return OpenedFile(path=path, driver=ODS, name=path.name)
    target = workdir / "couche.csv"
    write_utf8(path, target)
    return OpenedFile(path=target, driver=CSV, name=path.name)


def sniff(path: Path, suffix: str) -> str:
    """Return the GDAL driver for the content of `path`; refuse when the suffix says otherwise.

    A VRT named `.geojson` would make GDAL read any file of the machine.
    """
    with path.open("rb") as stream:
        head = stream.read(4096)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"SQLite format 3\x00"):
        driver = GPKG
    elif head.startswith(b"fgb\x03fgb"):
        driver = FLATGEOBUF
    elif head.startswith(b"\x00\x00\x27\x0a"):
        driver = SHAPEFILE
    elif text.startswith(b"{"):
        driver = GEOJSON
    else:
        raise FileRefused(
            _("Le contenu n'est ni du GeoJSON, ni un GeoPackage, ni un Shapefile, ni du FlatGeobuf.")
        )
    if DRIVER_OF_SUFFIX.get(suffix.lower()) != driver:
        raise FileRefused(
            _("Le contenu est de type %(driver)s mais le nom finit par « %(suffix)s » : renommez le fichier.")
            % {"driver": driver, "suffix": suffix}
        )
    return driver


def _from_gzip(path: Path, workdir: Path, max_bytes: int) -> OpenedFile:
    inner = path.stem
    suffix = Path(inner).suffix.lower()
    if suffix not in DRIVER_OF_SUFFIX or suffix == ".shp":
        raise FileRefused(
            _("Un fichier gzip doit finir par .geojson.gz, .gpkg.gz ou .fgb.gz ; « %(name)s » non.")
            % {"name": path.name}
        )
    target = workdir / f"couche{suffix}"
    with gzip.open(path) as source:
        _pour(source, target, compressed=path.stat().st_size, budget=max_bytes)
    return OpenedFile(path=target, driver=sniff(target, suffix), name=inner)


def _from_zip(path: Path, workdir: Path, max_bytes: int, prefer: re.Pattern[str] | None) -> OpenedFile:
    with zipfile.ZipFile(path) as archive:
        entries = _checked_entries(archive, max_bytes)
        main = _main_entry(entries, prefer)
        stem, suffix = main.with_suffix(""), main.suffix.lower()
        wanted = {suffix} | (SIDECARS if suffix == ".shp" else set())
        budget = max_bytes
        for name, info in entries.items():
            if name.with_suffix("") == stem and name.suffix.lower() in wanted:
                with archive.open(info) as source:
                    target = workdir / f"couche{name.suffix.lower()}"
                    budget -= _pour(source, target, compressed=info.compress_size, budget=budget)
    target = workdir / f"couche{suffix}"
    return OpenedFile(path=target, driver=sniff(target, suffix), name=main.name)


def _checked_entries(archive: zipfile.ZipFile, max_bytes: int) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """Return the archive's files by name, after every check that needs no unpacking."""
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise FileRefused(
            _("L'archive contient plus de %(max)d fichiers : ne gardez que la couche des communes.")
            % {"max": MAX_ENTRIES}
        )
    if sum(info.file_size for info in infos) > max_bytes:
        raise _too_big(max_bytes)
    entries: dict[PurePosixPath, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for info in infos:
        name = PurePosixPath(info.filename)
        if _escapes(info.filename) or stat.S_ISLNK(info.external_attr >> 16):
            raise FileRefused(
                _("L'archive contient un lien ou un chemin qui sort de son dossier : refaites-la.")
            )
        if info.is_dir():
            continue
        if info.flag_bits & 0x1:
            raise FileRefused(_("L'archive est chiffrée : retirez le mot de passe."))
        if name.suffix.lower() in NESTED:
            raise FileRefused(_("L'archive en contient une autre : décompressez-la d'abord."))
        if str(name).lower() in seen:
            raise FileRefused(_("L'archive contient deux fichiers de même nom : refaites-la."))
        seen.add(str(name).lower())
        entries[name] = info
    return entries


def _escapes(name: str) -> bool:
    return (
        name.startswith(("/", "\\"))
        or "\\" in name
        or "\x00" in name
        or re.match(r"^[A-Za-z]:", name) is not None
        or ".." in PurePosixPath(name).parts
    )


def _main_entry(
    entries: dict[PurePosixPath, zipfile.ZipInfo], prefer: re.Pattern[str] | None
) -> PurePosixPath:
    layers = [name for name in entries if name.suffix.lower() in DRIVER_OF_SUFFIX]
    if len(layers) > 1 and prefer is not None:
        layers = [name for name in layers if prefer.search(name.stem)] or layers
    if not layers:
        raise FileRefused(
            _("L'archive ne contient aucune couche GeoJSON, GeoPackage, Shapefile ou FlatGeobuf.")
        )
    if len(layers) > 1:
        raise FileRefused(
            _("L'archive contient plusieurs couches (%(names)s) : n'en laissez qu'une.")
            % {"names": ", ".join(name.name for name in layers[:5])}
        )
    return layers[0]


def _pour(source: IO[bytes] | gzip.GzipFile, target: Path, *, compressed: int, budget: int) -> int:
    """Write `source` to `target`, counting the real bytes; return how many. Raises FileRefused."""
    written = 0
    with target.open("xb") as sink:
        for chunk in _chunks(source):
            written += len(chunk)
            if written > budget:
                raise _too_big(budget)
            if written > RATIO_FREE_BYTES and written > MAX_RATIO * max(compressed, 1):
                raise FileRefused(_("L'archive se décompresse sans mesure : elle est refusée."))
            sink.write(chunk)
    return written


def _chunks(source: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk


def _too_big(max_bytes: int) -> FileRefused:
    return FileRefused(
        _("Le fichier dépasse %(size)d Mo une fois décompressé : découpez-le par région.")
        % {"size": max_bytes // 1_000_000}
    )
