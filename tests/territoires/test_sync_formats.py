"""Any usual file loads to the same place; a bad one is refused with its remedy and changes nothing."""

import gzip
import io
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely
from django.core.management import CommandError, call_command

from territoires.models import Commune
from tests.territoires.made import cell, commune, write_cog, write_geojson, write_vector

pytestmark = pytest.mark.django_db

OUTLINES = {"15014": cell(0), "15267": cell(1)}
CENTIMETRE = 1e-2 / 111_000


@pytest.fixture
def cog(tmp_path: Path, settings: Any) -> Path:
    settings.REPERES_DATA = tmp_path / "vide"
    return write_cog(tmp_path, 2026, [commune("15014", "Aurillac"), commune("15267", "Ytrac")])


def lambert(outlines: dict[str, shapely.Polygon]) -> dict[str, shapely.Geometry]:
    to_lambert = pyproj.Transformer.from_crs(4326, 2154, always_xy=True)
    return {c: shapely.transform(o, to_lambert.transform, interleaved=False) for c, o in outlines.items()}


def zip_of(path: Path, folder: str = "ADE/1_DONNEES") -> Path:
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part != target:
                archive.write(part, f"{folder}/{part.name}")
        archive.writestr("LISEZ-MOI.txt", "IGN")
    return target


def gz_of(path: Path) -> Path:
    target = path.with_name(path.name + ".gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


FORMATS: dict[str, Callable[[Path], Path]] = {
    "geojson": lambda p: write_geojson(p / "communes.geojson", OUTLINES),
    "geojson.gz": lambda p: gz_of(write_geojson(p / "communes.geojson", OUTLINES)),
    "geojson.zip": lambda p: zip_of(write_geojson(p / "communes.geojson", OUTLINES)),
    "gpkg": lambda p: write_vector(p / "ade.gpkg", OUTLINES, layer="commune"),
    "gpkg 2154": lambda p: write_vector(p / "ade.gpkg", lambert(OUTLINES), crs="EPSG:2154", layer="commune"),
    "gpkg.gz": lambda p: gz_of(write_vector(p / "ade.gpkg", OUTLINES, layer="commune")),
    "gpkg.zip": lambda p: zip_of(write_vector(p / "ade.gpkg", OUTLINES, layer="commune")),
    "shp": lambda p: write_vector(p / "COMMUNE.shp", OUTLINES, code_column="INSEE_COM"),
    "shp 2154": lambda p: write_vector(
        p / "COMMUNE.shp", lambert(OUTLINES), crs="EPSG:2154", code_column="INSEE_COM"
    ),
    "shp.zip": lambda p: zip_of(write_vector(p / "COMMUNE.shp", OUTLINES, code_column="INSEE_COM")),
    "fgb": lambda p: write_vector(p / "communes.fgb", OUTLINES),
    "fgb.gz": lambda p: gz_of(write_vector(p / "communes.fgb", OUTLINES)),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_usual_file_loads_to_the_centimetre(cog: Path, tmp_path: Path, kind: str) -> None:
    call_command(
        "sync_territoires", cog=cog, boundaries=FORMATS[kind](tmp_path), wet_run=True, stdout=io.StringIO()
    )
    for code, expected in OUTLINES.items():
        outline = shapely.from_wkt(Commune.objects.get(pk=code).geom.wkt)
        assert shapely.hausdorff_distance(outline, expected) < CENTIMETRE


@pytest.mark.parametrize(
    "column", ["code_insee", "INSEE_COM", "insee", "CODE", "codgeo", "DEPCOM", "insee_arm", "ref:INSEE"]
)
def test_every_usual_column_name_is_known(cog: Path, tmp_path: Path, column: str) -> None:
    boundaries = write_vector(tmp_path / "x.gpkg", OUTLINES, code_column=column)
    call_command("sync_territoires", cog=cog, boundaries=boundaries, wet_run=True, stdout=io.StringIO())
    assert Commune.objects.exclude(geom=None).count() == 2


def test_a_zip_of_all_layers_gives_the_communes(cog: Path, tmp_path: Path) -> None:
    write_vector(tmp_path / "COMMUNE.shp", OUTLINES, code_column="INSEE_COM")
    write_vector(tmp_path / "COMMUNE_ASSOCIEE_OU_DELEGUEE.shp", {"15001": cell(7)}, code_column="INSEE_COM")
    write_vector(tmp_path / "DEPARTEMENT.shp", {"15": cell(8)}, code_column="INSEE_DEP")
    target = tmp_path / "ADMIN-EXPRESS.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for part in sorted(tmp_path.glob("*.[sdp]*")):
            archive.write(part, part.name)
    call_command("sync_territoires", cog=cog, boundaries=target, wet_run=True, stdout=io.StringIO())
    assert Commune.objects.exclude(geom=None).count() == 2


def with_geometry(path: Path, geometry: Any, **top: Any) -> Path:
    feature = {"type": "Feature", "properties": {"code": "15014"}, "geometry": geometry}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature], **top}), encoding="utf-8")
    return path


def ring(*points: list[float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [list(points)]}


LAMBERT_CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
BAD_GEOMETRIES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "point": ({"type": "Point", "coordinates": [2, 45]}, {}, "polygone"),
    "line": ({"type": "LineString", "coordinates": [[2, 45], [3, 45]]}, {}, "polygone"),
    "not a number": (ring([2, 45], [2.1, math.nan], [2.1, 45.1], [2, 45]), {}, "nombres|illisible"),
    "infinite": (ring([2, 45], [2.1, math.inf], [2.1, 45.1], [2, 45]), {}, "nombres|illisible"),
    "swapped": (ring([45, 2], [45.1, 2], [45.1, 2.1], [45, 2]), {}, "hors de France"),
    "metres called degrees": (
        ring([656186, 6425399], [656286, 6425399], [656286, 6425499], [656186, 6425399]),
        {},
        "hors de France",
    ),
    "wrong crs": (ring([2, 45], [2.1, 45], [2.1, 45.1], [2, 45]), {"crs": LAMBERT_CRS}, "hors de France"),
    "no geometry": (None, {}, "Aucune commune"),
    "empty": ({"type": "Polygon", "coordinates": []}, {}, "Aucune commune"),
    "flat": (ring([2, 45], [2.1, 45], [2, 45], [2, 45]), {}, "Aucune commune"),
    "nested": ({"type": "GeometryCollection", "geometries": []}, {}, "polygone"),
}


@pytest.mark.parametrize("kind", BAD_GEOMETRIES)
def test_a_bad_geometry_is_refused_and_nothing_is_written(cog: Path, tmp_path: Path, kind: str) -> None:
    geometry, top, words = BAD_GEOMETRIES[kind]
    with pytest.raises(CommandError, match=words):
        call_command(
            "sync_territoires",
            cog=cog,
            boundaries=with_geometry(tmp_path / "x.geojson", geometry, **top),
            wet_run=True,
        )
    assert not Commune.objects.exists()


def test_a_geojson_in_lambert_that_says_so_is_reprojected(cog: Path, tmp_path: Path) -> None:
    geometry = json.loads(shapely.to_geojson(lambert(OUTLINES)["15014"]))
    boundaries = with_geometry(tmp_path / "x.geojson", geometry, crs=LAMBERT_CRS)
    call_command("sync_territoires", cog=cog, boundaries=boundaries, wet_run=True, stdout=io.StringIO())
    outline = shapely.from_wkt(Commune.objects.get(pk="15014").geom.wkt)
    assert shapely.hausdorff_distance(outline, cell(0)) < CENTIMETRE


def test_a_file_without_crs_is_refused(cog: Path, tmp_path: Path) -> None:
    boundaries = write_vector(tmp_path / "COMMUNE.shp", OUTLINES, code_column="INSEE_COM")
    boundaries.with_suffix(".prj").unlink()
    with pytest.raises(CommandError, match=r"\.prj"):
        call_command("sync_territoires", cog=cog, boundaries=boundaries, wet_run=True)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.geojson", b"<OGRVRTDataSource/>", "Le contenu"),
        ("x.geojson", b'{"type": "FeatureCollection", "features": []}', "Aucune couche|Aucune commune"),
        ("x.zip", b"PK\x03\x04" + b"\x00" * 50, "abîmé"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c", "7z"),
    ],
)
def test_a_bad_file_is_refused(cog: Path, tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CommandError, match=words):
        call_command("sync_territoires", cog=cog, boundaries=tmp_path / name, wet_run=True)


def test_a_file_of_something_else_says_what_it_read(cog: Path, tmp_path: Path) -> None:
    boundaries = write_vector(tmp_path / "x.gpkg", OUTLINES, code_column="iris")
    with pytest.raises(CommandError, match="code INSEE"):
        call_command("sync_territoires", cog=cog, boundaries=boundaries)
