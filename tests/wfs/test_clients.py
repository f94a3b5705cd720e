"""Clients that people use read every object by WFS, page after page, where it is: GDAL, OWSLib."""

# ruff: noqa: F811  # fixtures are asked for by their names

import json

import pytest
from django.test import Client
from owslib.wfs import WebFeatureService
from pyproj import Transformer

from couches.models import CoucheVersion
from exports.wfs.views import WfsView
from tests.gdal_client import read_with_gdal
from tests.live import db, site  # noqa: F401  # fixtures


@pytest.fixture
def positions(emma: Client, version: CoucheVersion) -> list[tuple[float, float]]:
    response = emma.get("/exports/zones-blanches/1/", {"format": "geojson"})
    return [tuple(one["geometry"]["coordinates"]) for one in json.loads(response.getvalue())["features"]]


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three objects a page: what the capabilities say is all that GDAL knows of it."""
    monkeypatch.setattr(WfsView, "max_page_size", 3)
    monkeypatch.delenv("OGR_WFS_PAGE_SIZE", raising=False)


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("code", [4326, 2154])
def test_gdal_reads_all_pages(code: int, site: str, positions: list[tuple[float, float]]) -> None:
    srs = f"&SRSNAME=urn:ogc:def:crs:EPSG::{code}"
    source = f"WFS:{site}/wfs/?SERVICE=WFS&VERSION=2.0.0&TYPENAMES=reperes:zones-blanches{srs}"
    found = read_with_gdal(source, {})
    assert len(found) == len(positions) and "Ytrac" in {one["commune"] for one in found}
    assert "lowerCorner" not in found[0] and type(found[0]["observations"]) is int
    assert {one["code_insee"] for one in found} == {"15014", "15267"}, "a code is a text: 01001 is not 1001"
    move = Transformer.from_crs("OGC:CRS84", "OGC:CRS84" if code == 4326 else f"EPSG:{code}")
    wanted = sorted(move.transform(*one) for one in positions)
    tolerance = 1e-7 if code == 4326 else 0.01
    for place, expected in zip(sorted((one["x"], one["y"]) for one in found), wanted, strict=True):
        assert place == pytest.approx(expected, abs=tolerance)


def test_owslib_reads_the_capabilities_and_the_features(
    site: str, positions: list[tuple[float, float]]
) -> None:
    client = WebFeatureService(f"{site}/wfs/", version="2.0.0")
    assert list(client.contents) == ["reperes:zones-blanches"]
    assert client.contents["reperes:zones-blanches"].boundingBoxWGS84 is not None
    schema = client.get_schema("reperes:zones-blanches")
    assert schema["geometry_column"] == "geom" and schema["properties"]["volte"] == "boolean"
    body = client.getfeature(
        "reperes:zones-blanches", bbox=(2.34, 44.92, 2.35, 44.925, "urn:ogc:def:crs:EPSG::4326")
    ).read()
    assert body.count(b"<wfs:member>") == 1 and b"Ytrac" in body
