"""Each format says the same: count, projection, attributes, and places within a centimetre."""

import csv
import datetime as dt
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pyproj import CRS, Transformer

from couches.models import CoucheVersion
from exports.projections import PROJECTIONS
from exports.writers import zip_files
from territoires.models import Commune
from tests.exports import factories as made
from tests.exports.conftest import FIRST
from tests.exports.reading import built, geojson, ogrinfo, rows

pytestmark = pytest.mark.django_db

BUILT = [("gpkg", crs) for crs in ("2154", "4326", "9794", "3945")] + [
    ("fgb", "2154"),
    ("shp", "2154"),
    ("shp", "4326"),
]


def readable(path: Path) -> str:
    """Return the path GDAL reads: the shapefile inside its zip."""
    return f"/vsizip/{path}" if path.suffix == ".zip" else str(path)


@pytest.mark.parametrize(("form", "crs"), BUILT)
def test_places_are_those_of_the_geojson_within_a_centimetre(
    version: CoucheVersion, emma: Client, form: str, crs: str
) -> None:
    """The reference is PROJ, apart from PostGIS."""
    _row, path = built(version, format=form, crs=crs)
    meta, found = rows(readable(path))
    assert CRS(meta["crs"]).to_epsg() == int(crs) or form == "shp"
    expected = {feature["id"]: feature["geometry"]["coordinates"] for feature in geojson(emma)["features"]}
    assert len(found) == len(expected) == version.feature_count
    tolerance = 1e-7 if crs == "4326" else 0.01
    move = Transformer.from_crs(4326, int(crs), always_xy=True)
    for row in found:
        x, y = move.transform(*expected[row["id"]])
        assert (row["x"], row["y"]) == (pytest.approx(x, abs=tolerance), pytest.approx(y, abs=tolerance))


@pytest.mark.parametrize("form", ["gpkg", "fgb"])
def test_attributes_are_those_of_the_geojson(version: CoucheVersion, emma: Client, form: str) -> None:
    """Full names, full texts, lists and operators flattened the same way."""
    _row, path = built(version, format=form)
    _meta, found = rows(path)
    expected = {feature["id"]: feature["properties"] for feature in geojson(emma)["features"]}
    for row in found:
        wanted = expected[row["id"]]
        assert row["comment"] == wanted["comment"]
        assert row["orange_calls"] == wanted["orange_calls"] == "none"
        assert row["free_sms"] == "ok" and row["sfr_calls"] is None
        assert row["commune"] == wanted["commune"] and row["departement"] == "15"
        assert str(row["last_observed_on"])[:10] == wanted["last_observed_on"]


def test_an_operator_without_columns_is_not_lost(version: CoucheVersion, emma: Client) -> None:
    """Overseas operators stay in `operators_autres`."""
    properties = next(f for f in geojson(emma)["features"] if f["id"] == str(FIRST))["properties"]
    assert properties["operators_autres"] == [{"operator": "64710", "calls": "ok"}]
    _row, path = built(version, format="gpkg")
    row = next(row for row in rows(path)[1] if row["id"] == str(FIRST))
    assert '"64710"' in row["operators_autres"]
    assert row["bars"] == 2 and not row["volte"]


def test_the_distributions_gdal_reads_what_ours_wrote(version: CoucheVersion) -> None:
    """An analyst's GDAL is older than ours."""
    for form in ("gpkg", "fgb", "shp"):
        _row, path = built(version, format=form, crs="2154")
        said = ogrinfo(readable(path))
        assert f"Feature Count: {version.feature_count}" in said
        assert 'ID["EPSG",2154]' in said
        assert "Geometry: Point" in said


def test_the_shapefile_is_whole_and_documented(version: CoucheVersion) -> None:
    """.shp .shx .dbf .prj .cpg, the dictionary and the licence."""
    _row, path = built(version, format="shp")
    assert path.name == "zones-blanches_v1_EPSG2154.shp.zip"
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        stem = "zones-blanches_v1_EPSG2154"
        assert {f"{stem}.{part}" for part in ("shp", "shx", "dbf", "prj", "cpg")} <= names
        assert archive.read(f"{stem}.cpg").strip() == b"UTF-8"
        assert b"Lambert_93" in archive.read(f"{stem}.prj")
        assert "Licence Ouverte" in archive.read("licence.txt").decode()
        dictionary = list(csv.DictReader(io.StringIO(archive.read("dictionnaire.csv").decode())))
    by_name = {row["nom"]: row for row in dictionary}
    assert all(len(row["champ"]) <= 10 for row in dictionary)
    assert by_name["orange_calls"]["champ"] == "oran_calls"
    assert "none=Impossible" in by_name["orange_calls"]["valeurs"]
    assert by_name["comment"]["remarque"]


def test_an_archive_is_compressed_at_its_first_level(tmp_path: Path) -> None:
    """At the usual one, zipping a million objects took longer than half of writing them."""
    words = b" ".join(b"%d" % (rank * 7919 % 4001) for rank in range(20_000))
    (tmp_path / "a.dbf").write_bytes(words)
    zip_files(tmp_path / "a.zip", [tmp_path / "a.dbf"], dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        [entry] = archive.infolist()
        assert archive.read("a.dbf") == words
    by_level = {}
    for level in (1, 6):
        deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
        by_level[level] = len(deflate.compress(words) + deflate.flush())
    assert entry.compress_size == by_level[1] != by_level[6]


def test_a_long_text_is_cut_between_characters_in_a_shapefile_only(version: CoucheVersion) -> None:
    """254 bytes hold 127 "é"."""
    _row, path = built(version, format="shp")
    texts = {row["comment"] for row in rows(readable(path))[1]}
    assert "é" * 127 in texts
    assert made.REPORT["comment"] in texts
    _row, path = built(version, format="gpkg")
    assert made.LONG_TEXT in {row["comment"] for row in rows(path)[1]}


def test_kml_is_always_in_degrees(version: CoucheVersion) -> None:
    """KML defines its own CRS."""
    row, path = built(version, format="kml")
    assert (row.crs, path.name) == ("4326", "zones-blanches_v1_EPSG4326.kml")
    _meta, found = rows(path)
    assert len(found) == version.feature_count
    assert {row["comment"] for row in found} >= {made.LONG_TEXT, made.REPORT["comment"]}


def test_two_territories_are_two_files_in_one_zip(
    version: CoucheVersion, saint_denis: Commune, emma: Client
) -> None:
    """`legal` splits by projection; 4326 keeps them together; a foreign projection is refused."""
    second = made.release(
        made.change(commune_id="97411", geom=made.Point(55.4512345, -20.9012345, srid=4326))
    )
    row, path = built(second, format="gpkg")
    assert (row.crs, path.name) == ("legal", "zones-blanches_v2_legal.gpkg.zip")
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == [
            "zones-blanches_v2_EPSG2154.gpkg",
            "zones-blanches_v2_EPSG2975.gpkg",
        ]
    reunion = rows(f"/vsizip/{path}/zones-blanches_v2_EPSG2975.gpkg")[1]
    x, y = Transformer.from_crs(4326, 2975, always_xy=True).transform(55.4512345, -20.9012345)
    assert [(row["x"], row["y"]) for row in reunion] == [
        (pytest.approx(x, abs=0.01), pytest.approx(y, abs=0.01))
    ]
    assert len(rows(f"/vsizip/{path}/zones-blanches_v2_EPSG2154.gpkg")[1]) == version.feature_count
    assert len(rows(built(second, format="gpkg", crs="4326")[1])[1]) == second.feature_count
    _alone, path = built(second, format="gpkg", territoire="departement:974")
    assert path.name == "zones-blanches_v2_departement-974_EPSG2975.gpkg"
    refused = emma.get("/exports/zones-blanches/2/", {"format": "gpkg", "crs": "2154"})
    assert refused.status_code == 422
    assert "EPSG:2975" in refused.json()["errors"]["crs"][0]


def test_a_territory_takes_its_own_points(version: CoucheVersion, emma: Client) -> None:
    """Commune, EPCI, département, région."""
    assert len(geojson(emma, territoire="commune:15267")["features"]) == 1
    for everything in ("epci:241500230", "departement:15", "region:84"):
        assert len(geojson(emma, territoire=everything)["features"]) == version.feature_count
    row, path = built(version, format="gpkg", territoire="commune:15014")
    assert path.name == "zones-blanches_v1_15014_EPSG2154.gpkg"
    assert row.feature_count == version.feature_count - 1 == len(rows(path)[1])


def test_a_territory_without_points_gives_an_empty_file(version: CoucheVersion, saint_denis: Commune) -> None:
    """Whole and empty, in the projection of the place."""
    for form in ("gpkg", "shp", "fgb"):
        row, path = built(version, format=form, territoire="commune:97411")
        assert (row.crs, row.feature_count) == ("2975", 0)
        assert rows(readable(path))[1] == []


def test_the_same_version_gives_the_same_bytes(version: CoucheVersion) -> None:
    """Built twice, at two moments, in two folders."""
    for form in ("gpkg", "shp", "fgb", "kml"):
        row, path = built(version, format=form)
        first = row.sha256
        path.unlink()
        assert built(version, format=form)[0].sha256 == first, form


@pytest.mark.parametrize(
    "srid", [srid for srid, projection in PROJECTIONS.items() if projection.computed_as != srid]
)
def test_the_v2b_realisations_have_the_coordinates_of_their_twins(srid: int) -> None:
    """From WGS 84, PROJ gives both the same place: computing one as the other is right."""
    twin = PROJECTIONS[srid].computed_as
    for lon, lat in ((2.44, 44.93), (-4.5, 48.4), (9.1, 42.2)):
        here: Any = Transformer.from_crs(4326, srid, always_xy=True).transform(lon, lat)
        there: Any = Transformer.from_crs(4326, twin, always_xy=True).transform(lon, lat)
        assert here == pytest.approx(there, abs=0.001)
