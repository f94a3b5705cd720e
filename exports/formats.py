"""The formats a couche leaves in, as a table."""

from dataclasses import dataclass

from exports.schemas import MAX_SHEET_ROWS

# A cell of Excel or LibreOffice has no more characters; cut, a text would lie.
CELL_CHARACTERS = 32_767
# The programs that open an ODS read it whole into memory: they give up long before Excel's limit.
ODS_ROWS = 200_000
# GDAL's KML driver holds the whole document: 15 kB of memory per point.
KML_ROWS = 50_000


@dataclass(frozen=True)
class Format:
    """A file format: how it is called, made and served.

    `driver` names what writes it (GDAL's driver, or a writer of ours), empty when the rows are
    streamed straight from PostgreSQL; `wgs84_only` formats define their own CRS; a `sheet` has a
    bounded number of rows. `max_rows` and `max_text` (characters of one value) are what a
    format's writer or readers hold, 0 for no limit; `per_csv` is its weight against the CSV of
    the same rows (100,000 sown points), for an estimate before the first build; `empty` is what a
    file without row weighs (zones-blanches, measured), in bytes.
    """

    name: str
    label: str
    media_type: str
    extension: str
    driver: str = ""
    wgs84_only: bool = False
    sheet: bool = False
    max_rows: int = 0
    max_text: int = 0
    per_csv: float = 1.0
    empty: int = 0

    @property
    def limit(self) -> int:
        """The most rows a file of this format holds, 0 for no limit."""
        return min(filter(None, (self.max_rows, MAX_SHEET_ROWS if self.sheet else 0)), default=0)

    @property
    def streamed(self) -> bool:
        """Streamed at once, or built by a job and kept."""
        return not self.driver


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
FORMATS = {
    made.name: made
    for made in (
        Format("geojson", "GeoJSON", "application/geo+json", "geojson", wgs84_only=True),
        Format(
            "gpkg", "GeoPackage", "application/geopackage+sqlite3", "gpkg", "GPKG", per_csv=1.2, empty=106_496
        ),
        Format(
            "shp",
            "Shapefile (zip)",
            "application/zip",
            "shp.zip",
            "ESRI Shapefile",
            per_csv=0.33,
            empty=3_308,
        ),
        Format("csv", "CSV", "text/csv; charset=utf-8; header=present", "csv"),
        Format("fgb", "FlatGeobuf", "application/flatgeobuf", "fgb", "FlatGeobuf", per_csv=1.6, empty=2_624),
        Format(
            "kml",
            "KML",
            "application/vnd.google-earth.kml+xml",
            "kml",
            "LIBKML",
            wgs84_only=True,
            max_rows=KML_ROWS,
            per_csv=6.8,
            empty=2_194,
        ),
        Format(
            "parquet",
            "GeoParquet",
            "application/vnd.apache.parquet",
            "parquet",
            "GeoParquet",
            per_csv=0.25,
            empty=8_735,
        ),
        Format(
            "xlsx",
            "Excel (xlsx)",
            _XLSX,
            "xlsx",
            "XLSX",
            sheet=True,
            max_text=CELL_CHARACTERS,
            per_csv=0.62,
            empty=8_893,
        ),
        Format(
            "ods",
            "OpenDocument (ods)",
            _ODS,
            "ods",
            "ODS",
            sheet=True,
            max_rows=ODS_ROWS,
            max_text=CELL_CHARACTERS,
            per_csv=0.66,
            empty=2_848,
        ),
        Format(
            "dossier",
            "Dossier complet (zip)",
            "application/zip",
            "dossier.zip",
            "dossier",
            per_csv=0.7,
            empty=16_312,
        ),
    )
}
