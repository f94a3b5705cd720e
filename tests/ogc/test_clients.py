"""Clients that people use read every object, page after page, where it is: GDAL, OWSLib, QGIS."""

# ruff: noqa: F811  # fixtures are asked for by their names

import json
import shutil
import subprocess

import pytest
from owslib.ogcapi.features import Features
from pyproj import Transformer

from couches.models import CoucheVersion
from tests.gdal_client import read_with_gdal
from tests.live import db, site  # noqa: F401  # fixtures
from tests.ogc.conftest import Get

QGIS = """
import json, sys
from qgis.core import QgsApplication, QgsVectorLayer
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False)
app.initQgis()
layer = QgsVectorLayer(sys.argv[1], "couche", "OAPIF")
found = sorted([f["id"], f.geometry().asPoint().x(), f.geometry().asPoint().y()] for f in layer.getFeatures())
print("RESULT" + json.dumps(found), flush=True)
app.exitQgis()
"""


@pytest.fixture
def positions(get: Get, version: CoucheVersion) -> dict[str, tuple[float, float]]:
    found = get("/collections/zones-blanches/items", limit=1000)["features"]
    return {one["id"]: tuple(one["geometry"]["coordinates"]) for one in found}


@pytest.mark.parametrize("code", [4326, 2154])
def test_gdal_reads_all_pages_in_the_asked_projection(
    code: int, site: str, positions: dict[str, tuple[float, float]]
) -> None:
    projected = {} if code == 4326 else {"CRS": f"http://www.opengis.net/def/crs/EPSG/0/{code}"}
    found = read_with_gdal(
        f"OAPIF_COLLECTION:{site}/ogc/collections/zones-blanches", {"PAGE_SIZE": "3", **projected}
    )
    assert len(found) == len(positions) and "Ytrac" in {one["commune"] for one in found}
    move = Transformer.from_crs("OGC:CRS84", "OGC:CRS84" if code == 4326 else f"EPSG:{code}")
    wanted = sorted(move.transform(*one) for one in positions.values())
    tolerance = 1e-7 if code == 4326 else 0.01
    for place, expected in zip(sorted((one["x"], one["y"]) for one in found), wanted, strict=True):
        assert place == pytest.approx(expected, abs=tolerance)


def test_owslib_reads_the_catalogue_and_the_items(
    site: str, positions: dict[str, tuple[float, float]]
) -> None:
    client = Features(f"{site}/ogc/")
    assert client.feature_collections() == ["zones-blanches"]
    assert client.collection("zones-blanches")["itemType"] == "feature"
    assert "commune" in client.collection_queryables("zones-blanches")["properties"]
    found = client.collection_items("zones-blanches", limit=3, bbox=[2, 44, 3, 45])
    assert found["numberReturned"] == 3 and len(found["features"]) == 3
    kept = client.collection_items("zones-blanches", filter="commune = 'Ytrac'")
    assert [one["properties"]["commune"] for one in kept["features"]] == ["Ytrac"]
    one = client.collection_item("zones-blanches", found["features"][0]["id"])
    assert tuple(one["geometry"]["coordinates"]) == positions[one["id"]]


def test_qgis_reads_all_pages(site: str, positions: dict[str, tuple[float, float]]) -> None:
    python = shutil.which("python3", path="/usr/bin")
    probe = [str(python), "-c", "import qgis.core"]
    if python is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("python3-qgis is not installed")
    address = f"url='{site}/ogc/' typename='zones-blanches' pageSize='3'"
    done = subprocess.run(
        [python, "-c", QGIS, address],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={"QT_QPA_PLATFORM": "offscreen", "HOME": "/tmp", "PATH": "/usr/bin:/bin"},  # noqa: S108  # QGIS keeps a profile
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert lines, done.stderr[-2000:]
    found = {one[0]: (one[1], one[2]) for one in json.loads(lines[0].removeprefix("RESULT"))}
    assert found.keys() == positions.keys()
    for key, place in found.items():
        assert place == pytest.approx(positions[key], abs=1e-7)
