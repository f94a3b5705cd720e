"""Layers of one CRS written by GDAL from Arrow batches, and what goes with a shapefile."""

import csv
import datetime as dt
import warnings
import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyogrio
from django.db import connection, transaction
from django.utils.translation import gettext as _
from pyproj import CRS

from couches.columns import LIST_SEPARATOR, Column, columns_of
from exports import arrow
from exports.demands import Demand
from exports.dossier import write_dossier
from exports.rows import Selection, text_widths
from exports.tables import dictionary_rows, headings, rows_of
from exports.writers_parquet import write_parquet
from exports.writers_sheets import Sheet, write_ods, write_xlsx

DBF_TEXT_BYTES = 254
# Readers older than GDAL count a .dbf's bytes in 32 signed bits.
DBF_MAX_BYTES = 2**31 - 1
# Deflate's first level: a DBF is mostly spaces, the higher ones cost five times more for a tenth.
ZIP_LEVEL = 1

LICENCES = {
    "etalab-2.0": (
        "Licence Ouverte / Open Licence 2.0 (Etalab)\n"
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence\n\n"
        "Vous pouvez réutiliser ces données librement, y compris commercialement, à condition "
        "d'en mentionner la source et la date de mise à jour.\n"
    )
}


def write_layer(demand: Demand, selection: Selection, srid: int, folder: Path) -> list[Path]:
    """Write the selection in `srid` and return the files made; a shapefile is many."""
    columns = columns_of(demand.version.couche)
    if demand.format.name == "shp":
        return _write_shapefile(demand, selection, columns, srid, folder)
    if demand.format.name == "dossier":
        made = write_dossier(demand, selection, srid, folder, write_layer=write_layer)
        return [*made, _write_dictionary(columns, set(), folder), _write_licence(demand, folder)]
    path = folder / f"{demand.stem(str(srid))}.{demand.format.extension}"
    if demand.format.sheet:
        _write_sheets(demand, selection, columns, srid, path)
        return [path]
    names = [column.name for column in columns]
    schema = arrow.schema_of(columns, names)
    found = arrow.renamed(arrow.batches(selection, columns, srid), schema)
    if demand.format.name == "parquet":
        write_parquet(path, found, schema, srid, _metadata(demand, srid))
    else:
        _write(demand, found, schema, path, srid, layer=demand.version.couche.slug)
    return [path]


def _write_sheets(demand: Demand, selection: Selection, columns: list[Column], srid: int, path: Path) -> None:
    """Write a workbook: the rows, what the fields mean, what may be done with them."""
    version = demand.version
    found = arrow.batches(selection, columns, srid)
    sheets: list[Sheet] = [
        ("donnees", chain([headings(columns)], rows_of(found, columns, srid))),
        ("dictionnaire", dictionary_rows(columns)),
        ("licence", [["licence"], *([line] for line in licence_text(demand).splitlines())]),
    ]
    if demand.format.name == "xlsx":
        write_xlsx(path, sheets, title=version.couche.title, published=version.published_at)
    else:
        write_ods(path, sheets, published=version.published_at)


def _write(
    demand: Demand,
    found: Iterator[pa.RecordBatch],
    schema: pa.Schema,
    path: Path,
    srid: int,
    *,
    layer: str,
    **options: str,
) -> None:
    """Hand the batches over to GDAL.

    GDAL stamps files with the current date: ours carry the version's, so that the same
    version gives the same bytes whenever it is built.
    """
    published = demand.version.published_at.astimezone(dt.UTC)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": published.strftime("%Y-%m-%dT%H:%M:%SZ")})
    if demand.format.name == "gpkg":
        options["layer_metadata"] = _metadata(demand, srid)  # type: ignore[assignment]  # a dict for this one
    if demand.format.name in ("gpkg", "fgb"):
        options["DESCRIPTION"] = demand.version.couche.title
    try:
        with warnings.catch_warnings():
            # Told by the dictionary: a field name that a reader of ours would find changed.
            warnings.filterwarnings("ignore", message=".*Several coordinate operations.*")
            pyogrio.write_arrow(
                pa.RecordBatchReader.from_batches(schema, found),
                path,
                layer=layer,
                driver=demand.format.driver,
                geometry_name=arrow.GEOMETRY,
                geometry_type="Point",
                crs=f"EPSG:{srid}",
                encoding="UTF-8",
                **options,
            )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _metadata(demand: Demand, srid: int) -> dict[str, str]:
    version = demand.version
    return {
        "couche": version.couche.slug,
        "version": str(version.number),
        "published_at": version.published_at.astimezone(dt.UTC).isoformat(),
        "sha256": version.sha256,
        "licence": version.couche.licence,
        "crs": f"EPSG:{srid}",
    }


def _write_shapefile(
    demand: Demand, selection: Selection, columns: list[Column], srid: int, folder: Path
) -> list[Path]:
    """Write one shapefile, or several in sequence where its table would pass 2 GB."""
    count, widths = _measure(selection, columns)
    metadata = {
        name: {"GDAL:OGR:width": str(min(width, DBF_TEXT_BYTES))} for name, width in widths.items() if width
    }
    cut = {name: DBF_TEXT_BYTES for name, width in widths.items() if width > DBF_TEXT_BYTES}
    schema = arrow.schema_of(columns, [column.short for column in columns], metadata)
    rest = _Batches(arrow.renamed(arrow.batches(selection, columns, srid, cut=cut), schema))
    rows = DBF_MAX_BYTES // _record_bytes(columns, widths)
    parts = max(1, -(-count // rows))
    made: list[Path] = []
    for part in range(1, parts + 1):
        suffix = f"_{part}sur{parts}" if parts > 1 else ""
        path = folder / f"{demand.stem(str(srid))}{suffix}.shp"
        stamp = demand.version.published_at.astimezone(dt.UTC).strftime("%Y-%m-%d")
        options = {"DBF_DATE_LAST_UPDATE": stamp}
        _write(demand, rest.take(rows), schema, path, srid, layer=path.stem, **options)
        path.with_suffix(".prj").write_text(CRS.from_epsg(srid).to_wkt("WKT1_ESRI"), encoding="utf-8")
        made += sorted(folder.glob(f"{path.stem}.*"))
    return [*made, _write_dictionary(columns, set(cut), folder), _write_licence(demand, folder)]


class _Batches:
    """Batches that can be taken by numbers of rows."""

    def __init__(self, found: Iterator[pa.RecordBatch]) -> None:
        self._found = found
        self._left: pa.RecordBatch | None = None

    def take(self, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the next `rows` rows."""
        while rows > 0:
            batch = self._left if self._left is not None else next(self._found, None)
            self._left = None
            if batch is None:
                return
            if batch.num_rows > rows:
                self._left = batch.slice(rows)
                batch = batch.slice(0, rows)
            rows -= batch.num_rows
            yield batch


def _measure(selection: Selection, columns: list[Column]) -> tuple[int, dict[str, int]]:
    """Return the number of rows and the longest text of each text column, in bytes."""
    texts = [
        column for column in columns if column.kind in ("string", "list", "json", "date") and column.path
    ]
    fixed = {"id": 36, "couche": 40, "code_insee": 5, "departement": 3, "origin": 12}
    commune = next(column for column in columns if column.name == "commune")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {arrow.BUILD_TIMEOUT_MS}")
        cursor.execute(text_widths(selection, [commune, *texts]))
        count, *widths = cursor.fetchone()
    # An empty column still needs a byte.
    measured = {column.name: max(1, width) for column, width in zip([commune, *texts], widths, strict=True)}
    return count, fixed | measured


def _record_bytes(columns: list[Column], widths: dict[str, int]) -> int:
    """Return the length of a DBF record: what GDAL gives each type of field."""
    by_kind = {"integer": 18, "number": 24, "boolean": 1, "date": 10}
    return 1 + sum(
        min(widths.get(column.name, by_kind.get(column.kind, 254)), DBF_TEXT_BYTES) for column in columns
    )


def _write_dictionary(columns: list[Column], cut: set[str], folder: Path) -> Path:
    """Write what each short name means: ten letters say little."""
    path = folder / "dictionnaire.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["champ", "nom", "titre", "type", "description", "valeurs", "remarque"])
        for column in columns:
            values = LIST_SEPARATOR.join(f"{code}={label}" for code, label in column.labels.items())
            remark = _("texte coupé à 254 octets") if column.name in cut else ""
            row = [column.short, column.name, column.title, column.kind, column.description, values, remark]
            writer.writerow(row)
    return path


def _write_licence(demand: Demand, folder: Path) -> Path:
    path = folder / "licence.txt"
    path.write_text(licence_text(demand), encoding="utf-8")
    return path


def licence_text(demand: Demand) -> str:
    """Return what may be done with a file, in the words that go with it."""
    version = demand.version
    published = version.published_at.astimezone(dt.UTC).date().isoformat()
    head = f"{version.couche.title} — version {version.number}, publiée le {published}\n\n"
    return head + LICENCES.get(version.couche.licence, f"{version.couche.licence}\n")


def zip_files(path: Path, files: list[Path], stamp: dt.datetime) -> None:
    """Zip files, each dated `stamp`: the same files give the same zip."""
    moment = stamp.astimezone(dt.UTC).timetuple()[:6]
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # An entry that is opened has its own level, not the archive's; `compress_level` from Python 3.13.
            entry._compresslevel = ZIP_LEVEL  # type: ignore[attr-defined]  # unknown to typeshed
            entry.external_attr = 0o644 << 16
            entry.file_size = file.stat().st_size
            with file.open("rb") as source, archive.open(entry, "w") as target:
                while block := source.read(1024 * 1024):
                    target.write(block)
