"""OGC API – Features Part 2 (18-058r1): projections by reference, axes in the authority's order."""

import json

import pytest
from django.contrib.gis.geos import Point
from django.test import Client
from pyproj import Transformer

from couches.models import CoucheVersion
from exports.ogc.crs import CRS84, references
from territoires.models import Commune
from tests.exports.conftest import FIRST
from tests.exports.factories import change, release
from tests.ogc.conftest import Get

pytestmark = pytest.mark.django_db
ITEMS = "/collections/zones-blanches/items"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
LON, LAT = 2.4412345, 44.9312345


def test_conf_crs_fc_md_crs_list_and_storage(get: Get, version: CoucheVersion) -> None:
    one = get("/collections/zones-blanches")
    assert one["crs"][0] == CRS84 == one["storageCrs"]
    assert {f"{EPSG}4326", f"{EPSG}3857", f"{EPSG}2154", f"{EPSG}9794", f"{EPSG}3945"} <= set(one["crs"])
    assert f"{EPSG}2975" not in one["crs"]
    assert set(one["crs"]) == set(get("/collections")["crs"])


@pytest.mark.parametrize("code", [4326, 3857, 2154, 9794, 3942, 3950, 9845])
def test_conf_crs_crs_parameter_and_axis_order(code: int, emma: Client, version: CoucheVersion) -> None:
    """PROJ, in the authority's own order of axes, says the same to the centimetre."""
    uri = f"{EPSG}{code}"
    response = emma.get(f"/ogc{ITEMS}/{FIRST}", {"crs": uri})
    assert response.headers["Content-Crs"] == f"<{uri}>"
    found = json.loads(response.content)["geometry"]["coordinates"]
    expected = Transformer.from_crs("OGC:CRS84", f"EPSG:{code}").transform(LON, LAT)
    tolerance = 1e-7 if code == 4326 else 0.01
    assert found == pytest.approx(expected, abs=tolerance)


def test_conf_crs_default_is_crs84(emma: Client, version: CoucheVersion) -> None:
    response = emma.get(f"/ogc{ITEMS}/{FIRST}")
    assert response.headers["Content-Crs"] == f"<{CRS84}>"
    assert json.loads(response.content)["geometry"]["coordinates"] == [LON, LAT]


@pytest.mark.parametrize(
    "uri", ["EPSG:2154", f"{EPSG}2975", f"{EPSG}9999", "x", "http://exemple.fr/", f"{EPSG}2154 "]
)
def test_conf_crs_unknown_crs_is_refused(uri: str, get: Get, version: CoucheVersion) -> None:
    assert get(ITEMS, 400, crs=uri)["errors"]["crs"]
    assert get(ITEMS, 400, **{"bbox": "1,2,3,4", "bbox-crs": uri})["errors"]["bbox-crs"]


@pytest.mark.parametrize("code", [4326, 2154, 3857, 3945])
def test_conf_crs_bbox_crs_is_read_in_its_axis_order(code: int, get: Get, version: CoucheVersion) -> None:
    """A box of two metres around one point, in any projection, holds that point alone."""
    first, second = Transformer.from_crs("OGC:CRS84", f"EPSG:{code}").transform(LON, LAT)
    half = 1e-5 if code == 4326 else 1.0
    box = f"{first - half},{second - half},{first + half},{second + half}"
    found = get(ITEMS, **{"bbox": box, "bbox-crs": f"{EPSG}{code}"})["features"]
    assert [one["id"] for one in found] == [str(FIRST)]


def test_a_box_is_exact_in_its_own_projection(get: Get, version: CoucheVersion) -> None:
    """The parallels of Lambert-93 are bent: the box of its corners in degrees holds more than itself."""
    x, y = Transformer.from_crs("OGC:CRS84", "EPSG:2154").transform(LON, LAT)
    above = f"{x - 300_000},{y + 50},{x + 300_000},{y + 2000}"
    found = get(ITEMS, **{"bbox": above, "bbox-crs": f"{EPSG}2154"})["features"]
    assert str(FIRST) not in {one["id"] for one in found}
    around = f"{x - 300_000},{y - 50},{x + 300_000},{y + 2000}"
    found = get(ITEMS, **{"bbox": around, "bbox-crs": f"{EPSG}2154"})["features"]
    assert str(FIRST) in {one["id"] for one in found}


@pytest.mark.parametrize("box", ["1e9,1e9,1e9,1e9", "2,1,1,2", "-1e8,-1e8,1e8,1e8", "0,0,0,0"])
def test_a_box_out_of_its_projection_is_no_fault(box: str, emma: Client, version: CoucheVersion) -> None:
    for code in (2154, 3857, 4326):
        response = emma.get(f"/ogc{ITEMS}", {"bbox": box, "bbox-crs": f"{EPSG}{code}"})
        assert response.status_code in (200, 400), response.content


def test_a_collection_over_two_legal_projections_offers_neither(
    get: Get, version: CoucheVersion, saint_denis: Commune
) -> None:
    release(change(commune_id="97411", geom=Point(55.45, -20.9, srid=4326)))
    assert get("/collections/zones-blanches")["crs"] == [CRS84, f"{EPSG}4326", f"{EPSG}3857"]
    get(ITEMS, 400, crs=f"{EPSG}2154")
    # The version before has its own.
    assert f"{EPSG}2154" in get("/collections/zones-blanches:v1")["crs"]


def test_north_comes_first_where_the_authority_says_so() -> None:
    first = {uri.rsplit("/", 1)[1] for uri, one in references().items() if one.north_first}
    assert first == {"4326"}
