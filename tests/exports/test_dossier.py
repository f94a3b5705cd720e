"""The « dossier complet » is enough to work: package with its styles, table, schema, record, licence."""

import json
import shutil
import sqlite3
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from frictionless import Resource, Schema
from lxml import etree
from owslib.iso import MD_Metadata

from couches.models import Couche, CoucheVersion
from exports.styles import categories, qml, sld
from tests.exports.factories import change, release
from tests.exports.reading import built, ogrinfo, rows

pytestmark = pytest.mark.django_db
QGIS = """
import sys
from qgis.core import QgsApplication, QgsVectorLayer
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False)
app.initQgis()
layer = QgsVectorLayer(sys.argv[1], "couche", "ogr")
message, done = layer.loadDefaultStyle()
print("RESULT", layer.isValid(), done, layer.renderer().type(), len(layer.renderer().categories()), flush=True)
"""


@pytest.fixture
def folder(version: CoucheVersion, tmp_path: Path) -> Path:
    _row, path = built(version, format="dossier")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "dossier")
    return tmp_path / "dossier"


def test_everything_is_inside(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "LISEZMOI.txt", "dictionnaire.csv", "licence.txt", "manifeste.json", "metadonnees.xml", "schema.json",
        "zones-blanches.qml", "zones-blanches.sld", "zones-blanches_v1_EPSG2154.gpkg", "zones-blanches_v1_legal.csv",
    ]  # fmt: skip


def test_the_table_conforms_to_its_schema(folder: Path, version: CoucheVersion) -> None:
    schema = Schema.from_descriptor(json.loads((folder / "schema.json").read_text()))
    resource = Resource(path="zones-blanches_v1_legal.csv", basepath=str(folder), schema=schema)
    report = resource.validate()
    assert report.valid, report.flatten(["fieldName", "message"])
    assert report.tasks[0].stats["rows"] == version.feature_count


def test_the_record_and_the_manifest_say_which_version(folder: Path, version: CoucheVersion) -> None:
    read = MD_Metadata(etree.fromstring((folder / "metadonnees.xml").read_bytes()))
    assert version.sha256 in read.dataquality.lineage
    manifest = json.loads((folder / "manifeste.json").read_text())
    assert (manifest["number"], manifest["sha256"]) == (1, version.sha256) and "files" not in manifest
    assert version.sha256 in (folder / "LISEZMOI.txt").read_text()


def test_the_package_holds_its_layer_and_its_styles(folder: Path, version: CoucheVersion) -> None:
    package = folder / "zones-blanches_v1_EPSG2154.gpkg"
    _meta, found = rows(package, layer="zones-blanches")
    assert len(found) == version.feature_count
    with sqlite3.connect(package) as base:
        (style,) = base.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
        )
        (column,) = base.execute("SELECT column_name FROM gpkg_geometry_columns").fetchone()
    assert style[:2] == ("zones-blanches", column) and style[3] == 1
    etree.fromstring(style[2].split("\n", 1)[1])
    assert "zones-blanches" in ogrinfo(package)


def test_qgis_draws_it_by_category(folder: Path) -> None:
    python = shutil.which("python3", path="/usr/bin")
    probe = [str(python), "-c", "import qgis.core"]
    if python is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("python3-qgis is not installed")
    source = f"{folder}/zones-blanches_v1_EPSG2154.gpkg|layername=zones-blanches"
    done = subprocess.run(
        [python, "-c", QGIS, source], capture_output=True, text=True, timeout=60, check=False,
        env={"QT_QPA_PLATFORM": "offscreen", "HOME": "/tmp", "PATH": "/usr/bin:/bin"},  # noqa: S108
    )  # fmt: skip
    (said,) = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    number = len(categories(Couche.objects.get(slug="zones-blanches"))[1]) + 1
    assert said == f"RESULT True True categorizedSymbol {number}"


@pytest.mark.parametrize("slug", ["services", "zones-blanches", "batiments-publics"])
def test_styles_of_every_couche_are_well_formed(slug: str, db: None) -> None:
    couche = Couche.objects.get(slug=slug)
    name, found = categories(couche)
    drawn = etree.fromstring(qml(couche).split("\n", 1)[1])
    assert (
        len(drawn.findall(".//category")) == len(found) + 1 and drawn.find("renderer-v2").get("attr") == name
    )
    described = etree.fromstring(sld(couche).encode())
    space = {"s": "http://www.opengis.net/sld", "o": "http://www.opengis.net/ogc"}
    assert len(described.findall(".//s:Rule", space)) == len(found) + 1
    assert described.findall(".//o:Literal", space)[0].text == found[0][0]


def test_a_couche_without_category_has_one_symbol(db: None) -> None:
    couche = Couche.objects.get(slug="services")
    couche.style = {"color": "#123456", "shape": "square"}
    couche.title = "A & <B>"
    assert 'type="singleSymbol"' in qml(couche) and "18,52,86,255" in qml(couche)
    assert "A &amp; &lt;B&gt;" in sld(couche) and "ElseFilter" in sld(couche)


def test_two_legal_projections_are_two_packages_and_one_table(
    version: CoucheVersion, saint_denis: Any
) -> None:
    both = release(change(commune_id="97411", geom=Point(55.45, -20.9, srid=4326)))
    _row, path = built(both, format="dossier")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    assert (
        sum(name.endswith(".gpkg") for name in names) == 2
        and sum(name.endswith(".csv") for name in names) == 2
    )
    assert len(names) == len(set(names))
