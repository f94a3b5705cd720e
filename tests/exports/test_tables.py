"""Workbooks and GeoParquet: the same rows, typed, exact, never executed, the same bytes each time."""

import datetime as dt
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from django.core.exceptions import ValidationError
from django.test import Client
from lxml import etree
from pyproj import CRS, Transformer

from couches.models import CoucheVersion
from exports import arrow, formats
from exports.demands import read_demand
from exports.writers_parquet import write_parquet
from exports.writers_sheets import _TABLE, _TEXT
from tests.exports.factories import HOSTILE_TEXTS, LONG_TEXT, REPORT, change, release
from tests.exports.reading import built, geojson

pytestmark = pytest.mark.django_db


def sheet(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a workbook's first sheet as GDAL reads them, headings as names."""
    meta, _fids, _shapes, fields = pyogrio.raw.read(path, layer="donnees", read_geometry=False)
    names = list(meta["fields"])
    return [dict(zip(names, row, strict=True)) for row in zip(*fields, strict=True)]


@pytest.mark.parametrize("form", ["xlsx", "ods"])
def test_a_workbook_says_what_the_geojson_says(form: str, version: CoucheVersion, emma: Client) -> None:
    _row, path = built(version, format=form, crs="2154")
    found = {row["id"]: row for row in sheet(path)}
    expected = {one["id"]: one for one in geojson(emma)["features"]}
    assert found.keys() == expected.keys()
    move = Transformer.from_crs(4326, 2154, always_xy=True)
    for key, row in found.items():
        wanted = expected[key]["properties"]
        assert row["comment"] == wanted["comment"] and row["commune"] == wanted["commune"]
        assert row["code_insee"] == wanted["code_insee"] and row["crs"] == "EPSG:2154"
        assert str(row["last_observed_on"])[:10].replace("/", "-") == wanted["last_observed_on"]
        assert row["accuracy_m"] == wanted["accuracy_m"]
        assert (row["x"], row["y"]) == pytest.approx(
            move.transform(*expected[key]["geometry"]["coordinates"]), abs=0.01
        )
        assert float(row["longitude"]) == pytest.approx(wanted["longitude"], abs=1e-9)


@pytest.mark.parametrize("form", ["xlsx", "ods"])
def test_a_text_is_never_a_formula_nor_cut(form: str, version: CoucheVersion) -> None:
    _row, path = built(version, format=form)
    texts = {row["comment"] for row in sheet(path)}
    assert {*HOSTILE_TEXTS, LONG_TEXT, REPORT["comment"]} <= texts
    with zipfile.ZipFile(path) as archive:
        inside = b"".join(archive.read(name) for name in archive.namelist())
    assert b"<f>" not in inside and b"table:formula" not in inside and b"<hyperlink" not in inside


def shown(cell: Any) -> str:
    """Return the text of an OpenDocument cell as an office shows it (GDAL forgets runs of spaces)."""

    def text_of(node: Any) -> str:
        parts = [node.text or ""]
        for child in node:
            name = etree.QName(child).localname
            parts.append({"s": " " * int(child.get(f"{{{_TEXT}}}c", "1")), "tab": "\t"}.get(name, ""))
            parts.append(child.tail or "")
        return "".join(parts)

    return "\n".join(text_of(paragraph) for paragraph in cell)


@pytest.mark.parametrize("text", ["  deux  espaces ", "ligne\nautre", "tab\tici", "<&>\"'", " "])
def test_spaces_lines_and_signs_survive(text: str, aurillac: Any) -> None:
    version = release(change(attributes={**REPORT, "comment": text}))
    _row, path = built(version, format="xlsx")
    assert sheet(path)[0]["comment"] == text
    _row, path = built(version, format="ods")
    with zipfile.ZipFile(path) as archive:
        content = archive.read("content.xml")
    # An office folds what XML does not keep: runs of spaces and tabs are elements.
    assert b"\t" not in content and b"  " not in content.split(b"<table:table ", 1)[1]
    root = etree.fromstring(content)
    cells = root.findall(f".//{{{_TABLE}}}table-row")[1].findall(f"{{{_TABLE}}}table-cell")
    assert text in [shown(cell) for cell in cells]


@pytest.mark.parametrize("form", ["xlsx", "ods", "parquet", "dossier"])
def test_the_same_version_gives_the_same_bytes(form: str, version: CoucheVersion) -> None:
    row, path = built(version, format=form)
    first = row.sha256
    path.unlink()
    again, _path = built(version, format=form)
    assert again.sha256 == first


@pytest.mark.parametrize("form", ["xlsx", "ods"])
def test_a_sheet_too_small_is_said_before_anything_is_built(
    form: str, version: CoucheVersion, emma: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "MAX_SHEET_ROWS", 3)
    response = emma.get("/exports/zones-blanches/1/", {"format": form})
    assert response.status_code == 422 and "territoire" in response.json()["errors"]["format"][0]
    read_demand(version, {"format": form, "territoire": "commune:15267"})
    with pytest.raises(ValidationError):
        read_demand(version, {"format": form, "territoire": "commune:15014"})


def test_a_workbook_explains_itself(version: CoucheVersion) -> None:
    for form in ("xlsx", "ods"):
        _row, path = built(version, format=form)
        assert [one[0] for one in pyogrio.list_layers(path)] == ["donnees", "dictionnaire", "licence"]
        _meta, _fids, _shapes, fields = pyogrio.raw.read(path, layer="dictionnaire", read_geometry=False)
        assert "orange_calls" in set(fields[0])
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
        assert first.filename == "mimetype" and first.compress_type == zipfile.ZIP_STORED
        etree.fromstring(archive.read("content.xml"))


@pytest.mark.parametrize("crs", ["4326", "2154", "3945"])
def test_geoparquet_says_its_projection_its_box_and_its_points(
    crs: str, version: CoucheVersion, emma: Client
) -> None:
    _row, path = built(version, format="parquet", crs=crs)
    read = pq.ParquetFile(path)
    geo = json.loads(read.metadata.metadata[b"geo"])
    column = geo["columns"][geo["primary_column"]]
    assert geo["version"] == "1.1.0" and column["encoding"] == "WKB" and column["geometry_types"] == ["Point"]
    assert CRS.from_json_dict(column["crs"]).to_epsg() == int(crs)
    table = read.read()
    points = shapely.from_wkb(table["geometry"].to_pylist())
    assert list(shapely.total_bounds(points)) == pytest.approx(column["bbox"])
    move = Transformer.from_crs(4326, int(crs), always_xy=True)
    expected = {one["id"]: one for one in geojson(emma)["features"]}
    for row, point in zip(table.to_pylist(), points, strict=True):
        wanted = expected[row["id"]]
        x, y = move.transform(*wanted["geometry"]["coordinates"])
        assert (point.x, point.y) == pytest.approx((x, y), abs=1e-7 if crs == "4326" else 0.01)
        assert row["comment"] == wanted["properties"]["comment"]
        assert row["last_observed_on"] == dt.date.fromisoformat(wanted["properties"]["last_observed_on"])
        assert row["near_border"] is False and row["sfr_calls"] is None
    assert read.metadata.metadata[b"sha256"] == version.sha256.encode()


def test_an_empty_territory_makes_whole_files(version: CoucheVersion, saint_denis: Any) -> None:
    for form in ("xlsx", "ods", "parquet", "dossier"):
        row, path = built(version, format=form, territoire="commune:97411")
        assert row.feature_count == 0 and path.stat().st_size == row.size > 0
    assert (
        pq.ParquetFile(built(version, format="parquet", territoire="commune:97411")[1]).read().num_rows == 0
    )


def test_the_box_of_a_geoparquet_holds_every_batch(tmp_path: Path) -> None:
    """Batches come one after the other: the second may be the smaller."""
    x, y = pa.array([3.0, -1.0]), pa.array([1.0, 9.0])
    first, second = (
        pa.RecordBatch.from_arrays(
            [arrow._wkb_points(x[rank : rank + 1], y[rank : rank + 1])], [arrow.GEOMETRY]
        )
        for rank in range(2)
    )
    write_parquet(tmp_path / "x.parquet", [first, second], first.schema, 4326, {})
    geo = json.loads(pq.ParquetFile(tmp_path / "x.parquet").metadata.metadata[b"geo"])
    assert geo["columns"][arrow.GEOMETRY]["bbox"] == [-1.0, 1.0, 3.0, 9.0]
