"""Whatever an address says, the answer is a file or a refusal, never a fault."""

from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from couches.models import CoucheVersion
from tests.exports.reading import body

pytestmark = pytest.mark.django_db

LIKELY = {
    "format": ["geojson", "csv", "gpkg", "shp", "kml", "GEOJSON", "gpkg ", ""],
    "crs": ["2154", "legal", "EPSG:2154", "4326", "3163", "-1", "9" * 30, "1e3", "４３２６", ""],
    "territoire": [
        "commune:15014",
        "commune:",
        ":",
        "epci:241500230",
        "region:84'--",
        "commune:15014\x00",
        "",
    ],
    "bom": ["1", "0", "true", ""],
}
HOSTILE = st.text(st.characters(exclude_categories=()), max_size=60)
QUERIES = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) | HOSTILE for name, values in LIKELY.items()}
)
PATIENT = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def encoded(query: dict[str, str]) -> dict[str, bytes]:
    """Return the query as bytes: lone surrogates included, as a hostile client would send them."""
    return {name: value.encode("utf-8", "surrogatepass") for name, value in query.items()}


@PATIENT
@given(query=QUERIES)
def test_no_parameter_is_a_fault(version: CoucheVersion, query: dict[str, str]) -> None:
    """Files, promises, refusals."""
    response = Client(raise_request_exception=False).get("/exports/zones-blanches/1/", encoded(query))
    body(response)
    assert response.status_code in (200, 202, 422, 429)


@PATIENT
@given(slug=HOSTILE, number=HOSTILE, since=HOSTILE)
def test_no_path_is_a_fault(version: CoucheVersion, slug: str, number: str, since: str) -> None:
    """Names and numbers of nothing are not found."""
    slug, number, since = (
        quote(text.encode("utf-8", "surrogatepass"), safe="") or "x" for text in (slug, number, since)
    )
    client = Client(raise_request_exception=False)
    for path in (
        f"/exports/{slug}/{number}/?format=csv",
        f"/exports/zones-blanches/{number}/manifeste.json",
        f"/exports/zones-blanches/1/depuis/{since}/",
        f"/exports/{slug}/schema.json",
    ):
        response = client.get(path)
        body(response)
        assert response.status_code < 500, path


@PATIENT
@given(
    header=st.sampled_from(["range", "if-range", "if-none-match", "if-match", "accept"]),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
    | st.sampled_from(
        ["bytes=-0", "bytes=5-2", "bytes=99999999999999999-", "bytes=-99999999999999999", "*", '"', "q=x;,"]
    ),
)
def test_no_header_is_a_fault(version: CoucheVersion, header: str, value: str) -> None:
    """Ranges, validators, preferences."""
    from exports.build import build
    from exports.demands import read_demand

    build(read_demand(version, {"format": "fgb"}))
    for form in ("fgb", "csv", "dxf"):
        response = Client(raise_request_exception=False).get(
            f"/exports/zones-blanches/1/?format={form}", headers={header: value}
        )
        body(response)
        assert response.status_code < 500


DOORS = {
    "/exports/zones-blanches/1/depuis/0/": ["format", "attributs", "territoire", "avant"],
    "/exports/zones-blanches/1/empreinte.json": ["territoire"],
    "/exports/zones-blanches/1/national/zones-blanches/": ["territoire", "bom"],
    "/exports/zones-blanches/1/national/zones-blanches/ecarts/": ["territoire", "format", "bom"],
    "/exports/lot/": ["territoire", "couches", "format", "crs"],
    "/catalogue.ttl": ["page"],
    "/sitemap.xml": ["partie"],
    "/ogc/collections/zones-blanches/items": [
        "bbox",
        "crs",
        "datetime",
        "limit",
        "curseur",
        "territoire",
        "bars",
    ],
    "/couches/zones-blanches/": ["lieu", "territoire", "du", "au", "avant", "display"],
    "/couches/zones-blanches/points.json": ["bbox", "zoom", "territoire", "du"],
    "/couches/zones-blanches/versions/comparer/": ["de", "a"],
    "/couches/zones-blanches/versions/": ["page"],
    "/tuiles/zones-blanches/1/12/2075/1474.mvt": ["territoire", "datetime", "display"],
}
WORDS = [
    "1",
    "-1",
    "9" * 30,
    "1,2,3,4",
    "nan,nan,nan,nan",
    "2026-01-01",
    "0001-01-01",
    "../..",
    "a\x00b",
    "commune:15014",
]


@PATIENT
@given(data=st.data())
def test_no_other_door_is_a_fault(version: CoucheVersion, data: st.DataObject) -> None:
    """What is asked of the layers' doors is answered or refused."""
    path = data.draw(st.sampled_from(sorted(DOORS)))
    names = st.sampled_from(DOORS[path])
    query = data.draw(st.dictionaries(names, st.sampled_from(WORDS) | HOSTILE, min_size=1, max_size=3))
    response = Client(raise_request_exception=False).get(path, encoded(query))
    body(response)
    assert response.status_code < 500, (path, query)


@PATIENT
@given(path=st.lists(HOSTILE, min_size=1, max_size=3), root=st.sampled_from(sorted(DOORS)))
def test_no_address_below_a_door_is_a_fault(version: CoucheVersion, path: list[str], root: str) -> None:
    below = "/".join(quote(part.encode("utf-8", "surrogatepass"), safe="") for part in path)
    response = Client(raise_request_exception=False).get(f"{root}{below}/")
    body(response)
    assert response.status_code < 500
