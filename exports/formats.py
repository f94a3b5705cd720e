"""The formats a couche leaves in, as a table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A file format: how it is called, made and served.

    `driver` names what writes it (GDAL's driver, or a writer of ours), empty when the rows are
    streamed straight from PostgreSQL; `wgs84_only` formats define their own CRS; a `sheet` has a
    bounded number of rows.
    """

    name: str
    label: str
    media_type: str
    extension: str
    driver: str = ""
    wgs84_only: bool = False
    sheet: bool = False

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
        Format("gpkg", "GeoPackage", "application/geopackage+sqlite3", "gpkg", "GPKG"),
        Format("shp", "Shapefile (zip)", "application/zip", "shp.zip", "ESRI Shapefile"),
        Format("csv", "CSV", "text/csv; charset=utf-8; header=present", "csv"),
        Format("fgb", "FlatGeobuf", "application/flatgeobuf", "fgb", "FlatGeobuf"),
        Format("kml", "KML", "application/vnd.google-earth.kml+xml", "kml", "LIBKML", wgs84_only=True),
        Format("parquet", "GeoParquet", "application/vnd.apache.parquet", "parquet", "GeoParquet"),
        Format("xlsx", "Excel (xlsx)", _XLSX, "xlsx", "XLSX", sheet=True),
        Format("ods", "OpenDocument (ods)", _ODS, "ods", "ODS", sheet=True),
        Format("dossier", "Dossier complet (zip)", "application/zip", "dossier.zip", "dossier"),
    )
}
