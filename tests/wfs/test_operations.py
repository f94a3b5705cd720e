"""What WFS 2.0 promises: capabilities, types, features, filters, pages."""

import json
import uuid

import pytest
from django.contrib.gis.geos import Point
from django.contrib.gis.measure import Distance
from django.db import connection
from django.test import Client
from pyproj import Geod, Transformer
from pytest_django import DjangoAssertNumQueries

from couches.columns import columns_of
from couches.models import CoucheVersion
from exports.ogc.collections import Collection
from exports.wfs.rows import published_rows
from exports.wfs.types import types_asked
from territoires.models import Commune
from tests.exports.conftest import FIRST
from tests.exports.factories import HOSTILE_TEXTS, change, release
from tests.frontend.factories import publish_services
from tests.wfs.conftest import NAMES, Get, features, value

FES = 'xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"'


def equal(name: str, wanted: str) -> str:
    return (
        f"<fes:PropertyIsEqualTo><fes:ValueReference>{name}</fes:ValueReference>"
        f"<fes:Literal>{wanted}</fes:Literal></fes:PropertyIsEqualTo>"
    )


def near(operator: str, metres: int) -> str:
    return (
        f"<fes:{operator}><fes:ValueReference>geom</fes:ValueReference>"
        '<gml:Point srsName="urn:ogc:def:crs:EPSG::4326" gml:id="p"><gml:pos>44.9212 2.3412</gml:pos></gml:Point>'
        f'<fes:Distance uom="m">{metres}</fes:Distance></fes:{operator}>'
    )


def by_filter(inner: str) -> dict[str, str]:
    return {"filter": f"<fes:Filter {FES}>{inner}</fes:Filter>"}


def test_capabilities_name_each_published_couche_its_box_and_projections(
    version: CoucheVersion, get: Get
) -> None:
    found = get("GetCapabilities", version=None)
    [couche] = found.findall(".//wfs:FeatureType", NAMES)
    assert couche.findtext("wfs:Name", None, NAMES) == "reperes:zones-blanches"
    assert couche.findtext("wfs:DefaultCRS", None, NAMES) == "urn:ogc:def:crs:EPSG::4326"
    others = {one.text for one in couche.findall("wfs:OtherCRS", NAMES)}
    assert {"urn:ogc:def:crs:EPSG::2154", "urn:ogc:def:crs:EPSG::3857"} <= others
    assert "urn:ogc:def:crs:EPSG::2975" not in others, "La Réunion's does not cover the Cantal"
    lower = couche.findtext("ows:WGS84BoundingBox/ows:LowerCorner", "", NAMES)
    assert [float(one) for one in lower.split()] == pytest.approx([2.3412345, 44.9212345])
    told = "ows:Operation[@name='GetFeature']/ows:Constraint[@name='CountDefault']/ows:DefaultValue"
    size = found.findtext(f".//{told}", None, NAMES)
    assert size == "2000", "GDAL asks for a hundred at a time where this is not said"
    assert {one.text for one in couche.findall(".//wfs:Format", NAMES)} == {
        "application/gml+xml; version=3.2",
        "text/xml; subtype=gml/3.2.1",
        "application/json; subtype=geojson; charset=utf-8",
        "geojson",
    }


def test_each_column_of_the_files_is_described_with_its_type(version: CoucheVersion, get: Get) -> None:
    found = get("DescribeFeatureType", typeNames="reperes:zones-blanches")
    described = {
        one.get("name"): one.get("type") for one in found.findall(".//xsd:sequence/xsd:element", NAMES)
    }
    assert [name for name in described if name != "geom"] == [
        column.name for column in columns_of(version.couche)
    ]
    assert described["id"] == described["code_insee"] == "string"
    assert described["observations"] == "integer" and described["accuracy_m"] == "double"
    assert described["volte"] == "boolean" and described["last_observed_on"] == "date"
    assert described["comment"] == "string" and described["geom"] == "gml:PointPropertyType"


def test_features_say_what_the_files_say(version: CoucheVersion, get: Get, emma: Client) -> None:
    found = features(get("GetFeature", typeNames="zones-blanches"))
    rows = emma.get("/exports/zones-blanches/1/", {"format": "geojson"})
    file = json.loads(rows.getvalue())["features"]
    assert len(found) == len(file) == version.feature_count
    by_id = {value(one, "id"): one for one in found}
    for one in file:
        mine = by_id[one["id"]]
        for name in ("number", "commune", "comment", "orange_calls", "accuracy_m", "last_observed_on"):
            told = one["properties"][name]
            assert value(mine, name) == (None if told is None else str(told)), name
        # WFS follows the authority: latitude first in EPSG:4326.
        north, east = (value_of := mine.findtext(".//gml:pos", "", NAMES)).split()
        assert [float(east), float(north)] == pytest.approx(one["geometry"]["coordinates"], abs=1e-7), (
            value_of
        )
    assert {text for text in HOSTILE_TEXTS if text.isprintable()} <= {value(one, "comment") for one in found}


def test_a_projection_is_exact_to_the_centimetre(version: CoucheVersion, get: Get) -> None:
    found = get(
        "GetFeature",
        typeNames="zones-blanches",
        srsName="urn:ogc:def:crs:EPSG::2154",
        resourceId=f"zones-blanches.{FIRST}",
    )
    [one] = features(found)
    point = one.find(".//gml:Point", NAMES)
    assert point is not None and point.get("srsName") == "urn:ogc:def:crs:EPSG::2154"
    expected = Transformer.from_crs("OGC:CRS84", "EPSG:2154").transform(2.4412345, 44.9312345)
    assert [float(v) for v in one.findtext(".//gml:pos", "", NAMES).split()] == pytest.approx(
        expected, abs=0.01
    )


@pytest.mark.parametrize(
    ("query", "communes"),
    [
        ({"bbox": "44.92,2.34,44.925,2.35,urn:ogc:def:crs:EPSG::4326"}, {"Ytrac"}),
        ({"bbox": "2.34,44.92,2.35,44.925,EPSG:4326"}, {"Ytrac"}),
        ({"bbox": "0,0,1,1,urn:ogc:def:crs:EPSG::4326"}, set()),
        ({"filter": f"<fes:Filter {FES}>{equal('commune', 'Ytrac')}</fes:Filter>"}, {"Ytrac"}),
        ({"filter": f"<fes:Filter {FES}>{equal('reperes:code_insee', '15014')}</fes:Filter>"}, {"Aurillac"}),
        (
            {"filter": f"<fes:Filter {FES}><fes:Not>{equal('commune', 'Ytrac')}</fes:Not></fes:Filter>"},
            {"Aurillac"},
        ),
        (
            by_filter(f"<fes:And>{equal('orange_calls', 'none')}{equal('commune', 'Ytrac')}</fes:And>"),
            {"Ytrac"},
        ),
        (by_filter(near("DWithin", 50)), {"Ytrac"}),
        (by_filter(near("Beyond", 50)), {"Aurillac"}),
        (by_filter(near("DWithin", 20_000)), {"Aurillac", "Ytrac"}),
    ],
)
def test_filters_keep_what_they_say(
    version: CoucheVersion, get: Get, query: dict[str, str], communes: set[str]
) -> None:
    found = get("GetFeature", typeNames="zones-blanches", **query)
    assert {value(one, "commune") for one in features(found)} == communes


@pytest.mark.parametrize("bearing", range(0, 360, 30))
def test_a_distance_is_exact_on_every_side(version: CoucheVersion, bearing: int) -> None:
    """The box that goes through the index is never smaller than the circle."""
    origin = Point(2.3412345, 44.9212345, srid=4326)
    lon, lat, _back = Geod(ellps="GRS80").fwd(origin.x, origin.y, bearing, 900)
    rows = published_rows(release(change(geom=Point(lon, lat, srid=4326))))
    for metres, found in ((890, 0), (910, 1)):
        ring = rows.exclude(geom__dwithin=(origin, Distance(m=450)))
        assert ring.filter(geom__dwithin=(origin, Distance(m=metres))).count() == found, (bearing, metres)


def test_a_filter_may_be_posted(version: CoucheVersion, emma: Client) -> None:
    body = (
        '<wfs:GetFeature xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:reperes="http://127.0.0.1:8000/wfs" '
        f'{FES} service="WFS" version="2.0.0"><wfs:Query typeNames="reperes:zones-blanches">'
        f"<fes:Filter>{equal('reperes:commune', 'Ytrac')}</fes:Filter></wfs:Query></wfs:GetFeature>"
    )
    response = emma.post("/wfs/", body, content_type="text/xml")
    assert response.status_code == 200 and b'numberReturned="1"' in response.content


@pytest.mark.parametrize("sort", [None, "commune", "commune DESC", "observations"])
def test_pages_neither_skip_nor_repeat_whatever_the_order(
    version: CoucheVersion, get: Get, sort: str | None
) -> None:
    told = get("GetFeature", typeNames="zones-blanches", resultType="hits").get("numberMatched")
    seen: list[str | None] = []
    for start in range(0, version.feature_count + 3, 3):
        page = get("GetFeature", typeNames="zones-blanches", count=3, startIndex=start, sortBy=sort)
        seen += [value(one, "id") for one in features(page)]
        assert (page.get("next") is not None) == (start + 3 < version.feature_count)
    assert len(seen) == len(set(seen)) == version.feature_count == int(told or 0)


def test_a_page_never_passes_its_bound(
    version: CoucheVersion, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    from exports.wfs.views import WfsView

    monkeypatch.setattr(WfsView, "max_page_size", 3)
    assert len(features(get("GetFeature", typeNames="zones-blanches", count=9999))) == 3


def test_a_version_that_is_named_never_changes(version: CoucheVersion, get: Get) -> None:
    release(change(kind="delete", feature_id=FIRST), change(geom=Point(2.44, 44.93, srid=4326)))
    latest = {value(one, "id") for one in features(get("GetFeature", typeNames="zones-blanches"))}
    pinned = features(get("GetFeature", typeNames="reperes:zones-blanches_v1"), "zones-blanches_v1")
    assert str(FIRST) not in latest and str(FIRST) in {value(one, "id") for one in pinned}
    assert {value(one, "version") for one in pinned} == {"1"} and len(pinned) == version.feature_count
    get("GetFeature", status=400, typeNames="zones-blanches_v9")


def test_one_object_by_its_id(version: CoucheVersion, get: Get) -> None:
    query = {"storedQuery_id": "urn:ogc:def:query:OGC-WFS::GetFeatureById"}
    found = get("GetFeature", **query, id=f"zones-blanches.{FIRST}")
    assert value(found, "id") == str(FIRST)
    get("GetFeature", status=404, **query, id=f"zones-blanches.{uuid.uuid4()}")


def test_one_value_of_each(version: CoucheVersion, get: Get) -> None:
    found = get("GetPropertyValue", typeNames="zones-blanches", valueReference="commune")
    assert {one[0].text for one in found.findall("wfs:member", NAMES)} == {"Aurillac", "Ytrac"}


def test_geojson_is_wgs84_with_true_types(version: CoucheVersion, emma: Client) -> None:
    response = emma.get(
        "/wfs/",
        {
            "service": "WFS",
            "version": "2.0.0",
            "request": "GetFeature",
            "typeNames": "zones-blanches",
            "outputFormat": "geojson",
        },
    )
    found = json.loads(response.content)["features"]
    first = next(one for one in found if one["properties"]["id"] == str(FIRST))
    assert first["geometry"]["coordinates"] == [2.4412345, 44.9312345]
    assert first["properties"]["accuracy_m"] == 12.5 and first["properties"]["volte"] is False


def test_queries_do_not_follow_the_number_of_rows(
    version: CoucheVersion, get: Get, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for count in (1, 8):
        with django_assert_num_queries(4):
            get("GetFeature", typeNames="zones-blanches", count=count)


def plan(rows: object) -> str:
    statement, parameters = rows.query.sql_with_params()  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}", parameters)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_a_box_goes_through_the_spatial_index_and_a_page_through_the_key(version: CoucheVersion) -> None:
    # Enough rows for the planner to have an opinion.
    far = [Point(2.40 + n % 50 / 1000, 44.90 + n // 50 / 1000, srid=4326) for n in range(2_000)]
    rows = published_rows(release(*[change(geom=place) for place in far]))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE couches_featureversion")
    box = Point(2.34, 44.92, srid=4326).buffer(0.001)
    told = plan(rows.filter(geom__bboverlaps=box))
    assert "Index Cond: ((geom && " in told and "int4range" in told, told
    near = plan(rows.filter(geom__dwithin=(box.centroid, Distance(m=200))))
    assert "Index Cond: ((geom && " in near and "int4range" in near, near
    deep = plan(rows.only("c_commune", "c_orange_calls")[6:8])
    assert "Limit" in deep and "Gather" not in told + deep


def test_skipped_rows_cost_no_column(version: CoucheVersion) -> None:
    rows = published_rows(version).filter(c_commune="Aurillac").only("c_orange_calls")
    statement = str(rows[4:6].query)
    # The page's keys are found first, in a subquery that computes none of its columns.
    inner = statement[statement.index("IN (SELECT") :]
    assert "OFFSET 4" in inner and inner.index('"row_key"') < inner.index("FROM")
    # And what they were chosen by is not asked again of the page.
    assert statement.count("Aurillac") == 1
    assert [one.c_orange_calls for one in rows[4:6]] == [one.c_orange_calls for one in rows[0:6]][4:]


def test_the_count_of_a_whole_version_asks_nothing(
    version: CoucheVersion, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = published_rows(version)
    with django_assert_num_queries(0):
        assert rows.count() == version.feature_count
    assert rows.filter(c_commune="Ytrac").count() == 1
    assert Collection(version, pinned=False).legal == {2154}


def test_only_what_is_named_is_made(version: CoucheVersion, aurillac: Commune) -> None:
    """A page of one couche does not pay for the columns of all."""
    publish_services(aurillac, "Le Relais")
    assert [one.name for one in types_asked("typeNames=reperes:zones-blanches&count=3")] == ["zones-blanches"]
    assert [one.name for one in types_asked("typeNames=services_v1")] == ["services_v1"]
    assert len(types_asked("request=GetCapabilities")) == 2
    assert len(types_asked("typeNames=inconnue_v3")) == 2
