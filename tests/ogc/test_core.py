"""OGC API – Features Part 1, by the names of its abstract test suite (17-069r4, annex A)."""

import datetime as dt
import json
import uuid
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.test import Client
from jsonschema import Draft202012Validator

from couches.models import CoucheVersion
from exports.ogc.documents import CONFORMANCE
from exports.ogc.params import MAX_LIMIT
from exports.public import MAX_AGE
from tests.exports.conftest import FIRST
from tests.exports.factories import change, release
from tests.ogc.conftest import Get

pytestmark = pytest.mark.django_db
ITEMS = "/collections/zones-blanches/items"


def rels(document: dict[str, Any]) -> set[str]:
    return {one["rel"] for one in document["links"]}


def test_conf_core_root_success(get: Get) -> None:
    assert {"self", "alternate", "service-desc", "service-doc", "conformance", "data"} <= rels(get("/"))


@pytest.mark.parametrize(
    "path", ["", "/", "/conformance", "/conformance/", "/collections", "/collections/", "/api"]
)
def test_each_document_answers_with_and_without_a_final_slash(path: str, emma: Client) -> None:
    assert emma.get(f"/ogc{path}").status_code == 200


def test_conf_core_conformance_success(get: Get) -> None:
    found = get("/conformance")["conformsTo"]
    assert found == CONFORMANCE and len(set(found)) == len(found)


def test_conf_core_api_definition_success(emma: Client, version: CoucheVersion) -> None:
    response = emma.get("/ogc/api")
    assert response.headers["Content-Type"] == "application/vnd.oai.openapi+json;version=3.0"
    document = json.loads(response.content)
    assert document["openapi"].startswith("3.0.")
    assert "/collections/zones-blanches/items" in document["paths"]


def test_conf_core_fc_md_success(get: Get, version: CoucheVersion) -> None:
    document = get("/collections")
    (only,) = document["collections"]
    assert only["id"] == "zones-blanches" and {"self", "items"} <= rels(only)
    west, south, east, north = only["extent"]["spatial"]["bbox"][0]
    assert (west, south) == pytest.approx((2.3412345, 44.9212345)) and (east, north) == pytest.approx(
        (2.45, 44.94)
    )
    assert only["extent"]["temporal"]["interval"][0][0] == "2026-11-20T00:00:00Z"


def test_conf_core_sfc_md_success(get: Get, version: CoucheVersion) -> None:
    latest, pinned = get("/collections/zones-blanches"), get("/collections/zones-blanches:v1")
    assert latest["id"] == "zones-blanches" and pinned["id"] == "zones-blanches:v1"
    assert "license" in rels(latest) and "latest-version" in rels(pinned)


@pytest.mark.parametrize(
    "name", ["rien", "zones-blanches:v9", "zones-blanches:v0", "zones-blanches:v1x", "é", "a" * 61]
)
def test_a_collection_that_is_not_is_not_found(name: str, emma: Client, version: CoucheVersion) -> None:
    assert emma.get(f"/ogc/collections/{name}").status_code == 404
    assert emma.get(f"/ogc/collections/{name}/items").status_code == 404


def test_conf_core_fc_op_and_fc_response(get: Get, version: CoucheVersion) -> None:
    document = get(ITEMS)
    assert document["type"] == "FeatureCollection"
    assert document["numberMatched"] == document["numberReturned"] == len(document["features"]) == 8
    assert {"self", "alternate", "collection"} <= rels(document) and "next" not in rels(document)
    moment = dt.datetime.fromisoformat(document["timeStamp"])
    assert abs(dt.datetime.now(dt.UTC) - moment) < dt.timedelta(minutes=5)
    first = next(one for one in document["features"] if one["id"] == str(FIRST))
    assert first["geometry"] == {"type": "Point", "coordinates": [2.4412345, 44.9312345]}
    assert first["properties"]["commune"] == "Aurillac" and first["properties"]["orange_calls"] == "none"
    assert first["properties"]["comment"].startswith("L'Haÿ-les-Roses, Œuilly")


def test_conf_core_fc_limit_definition_and_response(get: Get, version: CoucheVersion) -> None:
    assert get(ITEMS, limit=3)["numberReturned"] == 3
    assert get(ITEMS, limit=MAX_LIMIT * 10)["numberReturned"] == 8
    for bad in ("0", "-1", "1.5", "x", "9" * 30, "１"):
        assert get(ITEMS, 400, limit=bad)["errors"]["limit"]


def test_pages_neither_skip_nor_repeat_while_a_version_is_published(
    emma: Client, version: CoucheVersion
) -> None:
    def walk(address: str) -> list[str]:
        seen: list[str] = []
        while address:
            document = json.loads(emma.get(address).content)
            seen += [one["id"] for one in document["features"]]
            address = next((one["href"] for one in document["links"] if one["rel"] == "next"), "")
            if len(seen) == 2:
                release(
                    change("delete", FIRST),
                    change(geom=Point(2.5, 44.95, srid=4326)),
                )
            address = address.removeprefix("http://127.0.0.1:8000")
        return seen

    before = {one["id"] for one in json.loads(emma.get(f"/ogc{ITEMS}").content)["features"]}
    seen = walk(f"/ogc{ITEMS}?limit=2")
    assert len(seen) == 8 and set(seen) == before
    assert str(FIRST) not in emma.get(f"/ogc{ITEMS}").content.decode()


def test_conf_core_fc_bbox_definition_and_response(get: Get, version: CoucheVersion) -> None:
    inside = get(ITEMS, bbox="2.34,44.92,2.35,44.93")
    assert [one["properties"]["code_insee"] for one in inside["features"]] == ["15267"]
    assert get(ITEMS, bbox="2.34,44.92,-10,2.35,44.93,9000")["numberReturned"] == 1
    assert get(ITEMS, bbox="170,-80,-170,80")["numberReturned"] == 0
    assert get(ITEMS, bbox="2,-80,-170,80")["numberReturned"] == 8
    for bad in (
        "",
        "1,2,3",
        "1,2,3,x",
        "1,2,3,4,5",
        "nan,1,2,3",
        "1e999,1,2,3",
        "1,5,2,3",
        "1,2,3,1e12",
        ",,,",
    ):
        assert get(ITEMS, 400, bbox=bad)["errors"]["bbox"]


def test_conf_core_fc_time_definition_and_response(get: Get, version: CoucheVersion) -> None:
    for text, expected in [
        ("2026-11-20", 8), ("2026-11-21", 0), ("2026-11-20T10:00:00Z", 8), ("../2026-11-19", 0),
        ("2026-11-20/..", 8), ("/2026-11-20", 8), ("2026-11-19/2026-11-21T00:00:00+01:00", 8), ("../..", 8),
        # Half past eleven at night in London is tomorrow in Paris.
        ("2026-11-19T23:30:00Z", 8),
    ]:  # fmt: skip
        assert get(ITEMS, datetime=text)["numberReturned"] == expected, text
    for bad in (
        "..",
        "hier",
        "2026-13-01",
        "2026-11-20/2026-11-19",
        "2026-11-20T10:00:00",
        "a/b/c",
        "0000-01-01",
    ):
        assert get(ITEMS, 400, datetime=bad)["errors"]["datetime"], bad


def test_conf_core_query_param_unknown_and_invalid(get: Get, version: CoucheVersion, emma: Client) -> None:
    assert get(ITEMS, 400, inconnu="1")["errors"]["inconnu"]
    assert get("/collections", 400, limit="1")["errors"]["limit"]
    assert emma.get(f"/ogc{ITEMS}?limit=1&limit=2").status_code == 400
    assert get(ITEMS, 400, f="xml")["errors"]["f"]
    assert get(ITEMS, 400, curseur="abc")["errors"]["curseur"]


def test_conf_queryables_query_parameters(get: Get, version: CoucheVersion) -> None:
    assert get(ITEMS, code_insee="15267")["numberReturned"] == 1
    assert get(ITEMS, commune="L'Haÿ")["numberReturned"] == 0
    assert get(ITEMS, near_border="false", limit=2)["numberReturned"] == 2
    assert get(ITEMS, orange_calls="none")["numberReturned"] == 8
    assert get(ITEMS, sfr_calls="none")["numberReturned"] == 0
    assert get(ITEMS, last_observed_on="2026-11-20")["numberReturned"] == 8
    for name, bad in [
        ("near_border", "oui"),
        ("observations", "x"),
        ("last_observed_on", "hier"),
        ("commune", "a\x00"),
    ]:
        assert get(ITEMS, 400, **{name: bad})["errors"][name]


def test_a_territory_keeps_its_own(get: Get, version: CoucheVersion) -> None:
    assert get(ITEMS, territoire="commune:15267")["numberReturned"] == 1
    assert get(ITEMS, territoire="departement:15")["numberReturned"] == 8
    assert get(ITEMS, 400, territoire="lune:1")["errors"]["territoire"]


def test_conf_core_f_op_and_f_response(get: Get, version: CoucheVersion) -> None:
    one = get(f"{ITEMS}/{FIRST}")
    assert one["type"] == "Feature" and one["id"] == str(FIRST)
    assert {"self", "alternate", "collection"} <= rels(one)
    for absent in (uuid.uuid4(), "x", "1", "{}"):
        get(f"{ITEMS}/{absent}", 404)


def test_a_version_does_not_hold_what_came_after(get: Get, version: CoucheVersion) -> None:
    release(change("delete", FIRST))
    get(f"{ITEMS}/{FIRST}", 404)
    assert get(f"/collections/zones-blanches:v1/items/{FIRST}")["id"] == str(FIRST)
    assert get("/collections/zones-blanches:v1/items")["numberMatched"] == 8
    assert get(ITEMS)["numberMatched"] == 7


def test_conf_html_content(emma: Client, version: CoucheVersion) -> None:
    for path in (
        "/", "/conformance", "/api", "/collections", "/collections/zones-blanches",
        "/collections/zones-blanches/queryables", ITEMS, f"{ITEMS}?limit=2", f"{ITEMS}/{FIRST}",
    ):  # fmt: skip
        response = emma.get(f"/ogc{path}", headers={"accept": "text/html,*/*;q=0.1"})
        page = response.content.decode()
        assert response.status_code == 200 and response.headers["Content-Type"].startswith("text/html"), path
        assert page.count("<h1") == 1 and "</html>" in page
        assert (
            emma.get(f"/ogc{path}", headers={"accept": "application/json"})
            .headers["Content-Type"]
            .startswith(("application/",))
        )


def test_conf_geojson_content(emma: Client, version: CoucheVersion) -> None:
    response = emma.get(f"/ogc{ITEMS}")
    assert response.headers["Content-Type"] == "application/geo+json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "crs" not in json.loads(response.content)


def test_conf_oas30_document_is_valid_openapi(get: Get, version: CoucheVersion) -> None:
    document = get("/api")
    names = [operation["get"]["operationId"] for operation in document["paths"].values()]
    assert len(set(names)) == len(names)
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_an_unchanged_page_costs_no_row(
    emma: Client, version: CoucheVersion, django_assert_num_queries: Any
) -> None:
    first = emma.get(f"/ogc{ITEMS}?limit=3")
    with django_assert_num_queries(2):
        again = emma.get(f"/ogc{ITEMS}?limit=3", headers={"if-none-match": first.headers["ETag"]})
    assert again.status_code == 304 and again.content == b""
    pinned = emma.get("/ogc/collections/zones-blanches:v1/items")
    assert pinned.headers["Cache-Control"] == f"public, max-age={MAX_AGE}"
    release(change(geom=Point(2.5, 44.95, srid=4326)))
    later = emma.get(f"/ogc{ITEMS}?limit=3", headers={"if-none-match": first.headers["ETag"]})
    assert later.status_code == 200


def test_a_page_costs_the_same_queries_whatever_its_size(
    emma: Client, version: CoucheVersion, django_assert_num_queries: Any
) -> None:
    for limit in (1, 8):
        with django_assert_num_queries(3):
            emma.get(f"/ogc{ITEMS}?limit={limit}")


def test_head_and_options(emma: Client, version: CoucheVersion) -> None:
    assert emma.head(f"/ogc{ITEMS}").status_code == 200
    assert emma.options(f"/ogc{ITEMS}").status_code == 204
    assert emma.post(f"/ogc{ITEMS}").status_code == 405
