"""The formats a couche leaves in, as a table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A file format: how it is called, made and served.

    `driver` is GDAL's name, empty when the rows are streamed straight from PostgreSQL;
    `wgs84_only` formats define their own CRS.
    """

    name: str
    label: str
    media_type: str
    extension: str
    driver: str = ""
    wgs84_only: bool = False

    @property
    def streamed(self) -> bool:
        """Streamed at once, or built by a job and kept."""
        return not self.driver


FORMATS = {
    made.name: made
    for made in (
        Format("geojson", "GeoJSON", "application/geo+json", "geojson", wgs84_only=True),
        Format("gpkg", "GeoPackage", "application/geopackage+sqlite3", "gpkg", "GPKG"),
        Format("shp", "Shapefile (zip)", "application/zip", "shp.zip", "ESRI Shapefile"),
        Format("csv", "CSV", "text/csv; charset=utf-8; header=present", "csv"),
        Format("fgb", "FlatGeobuf", "application/flatgeobuf", "fgb", "FlatGeobuf"),
        Format("kml", "KML", "application/vnd.google-earth.kml+xml", "kml", "LIBKML", wgs84_only=True),
    )
}
