"""The formats a couche leaves in, as a table."""

from dataclasses import dataclass

# What Excel and LibreOffice hold: 1,048,576 rows with the header, 32,767 characters per cell.
SHEET_ROWS = 1_048_575
CELL_CHARACTERS = 32_767
# The whole of an ODS is read into memory by the programs that open it: they give up long before.
ODS_ROWS = 200_000
# GDAL's KML driver holds the whole document: 15 kB of memory per point.
KML_ROWS = 50_000


@dataclass(frozen=True)
class Format:
    """A file format: how it is called, made and served.

    `driver` is GDAL's name, empty when we write the file ourselves; `at_once` formats are
    streamed straight from PostgreSQL, the others are built by a job and kept; `wgs84_only`
    formats define their own CRS; `max_rows` and `max_text` (characters of one value) are
    what the format's readers hold, 0 for no limit; `per_csv` is its weight against the CSV
    of the same rows (100,000 sown points), for an estimate before the first build.
    """

    name: str
    label: str
    media_type: str
    extension: str
    driver: str = ""
    wgs84_only: bool = False
    at_once: bool = False
    max_rows: int = 0
    max_text: int = 0
    per_csv: float = 1.0

    @property
    def streamed(self) -> bool:
        """Streamed at once, or built by a job and kept."""
        return self.at_once


_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {
    made.name: made
    for made in (
        Format("geojson", "GeoJSON", "application/geo+json", "geojson", wgs84_only=True, at_once=True),
        Format("gpkg", "GeoPackage", "application/geopackage+sqlite3", "gpkg", "GPKG", per_csv=1.2),
        Format("shp", "Shapefile (zip)", "application/zip", "shp.zip", "ESRI Shapefile", per_csv=0.33),
        Format("csv", "CSV", "text/csv; charset=utf-8; header=present", "csv", at_once=True),
        Format("parquet", "GeoParquet", "application/vnd.apache.parquet", "parquet", per_csv=0.25),
        Format("fgb", "FlatGeobuf", "application/flatgeobuf", "fgb", "FlatGeobuf", per_csv=1.6),
        Format(
            "kml",
            "KML",
            "application/vnd.google-earth.kml+xml",
            "kml",
            "LIBKML",
            wgs84_only=True,
            max_rows=KML_ROWS,
            per_csv=6.8,
        ),
        Format("xlsx", "Excel", _EXCEL, "xlsx", max_rows=SHEET_ROWS, max_text=CELL_CHARACTERS, per_csv=0.62),
        Format(
            "ods",
            "OpenDocument",
            "application/vnd.oasis.opendocument.spreadsheet",
            "ods",
            max_rows=ODS_ROWS,
            max_text=CELL_CHARACTERS,
            per_csv=0.66,
        ),
        Format("dossier", "Dossier complet (zip)", "application/zip", "dossier.zip", per_csv=0.7),
    )
}
