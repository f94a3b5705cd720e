"""What no client sends, and somebody will: refused in French with a status of 4xx, and nothing raised."""

from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from django.db import OperationalError
from django.test import Client
from psycopg.errors import QueryCanceled

from couches.models import CoucheVersion
from exports.wfs import gate
from exports.wfs.views import WfsView
from tests.wfs.conftest import NAMES

FEATURE = {"service": "WFS", "version": "2.0.0", "request": "GetFeature", "typeNames": "zones-blanches"}
FES = 'xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"'
REFERENCE = "<fes:ValueReference>{}</fes:ValueReference><fes:Literal>x</fes:Literal>"


def by_filter(inner: str) -> dict[str, str]:
    return {"filter": f"<fes:Filter {FES}>{inner}</fes:Filter>"}


def equal(reference: str) -> dict[str, str]:
    return by_filter(f"<fes:PropertyIsEqualTo>{REFERENCE.format(reference)}</fes:PropertyIsEqualTo>")


def near(uom: str = "m", distance: str = "5") -> str:
    return (
        "<fes:DWithin><fes:ValueReference>geom</fes:ValueReference>"
        '<gml:Point srsName="EPSG:4326" gml:id="p"><gml:pos>2 44</gml:pos></gml:Point>'
        f'<fes:Distance uom="{uom}">{distance}</fes:Distance></fes:DWithin>'
    )


GETS: dict[str, dict[str, Any]] = {
    "service": {"service": "WMS"},
    "request": {"request": "Drop"},
    "version text": {"version": "../etc/passwd"},
    "version other": {"version": "1.1.0"},
    "type unknown": {"typeNames": "secrets"},
    "type braces": {"typeNames": "::{"},
    "type nul": {"typeNames": "zones\0blanches"},
    "types joined": {"typeNames": "zones-blanches,zones-blanches"},
    "many queries": {"typeNames": "(a)" * 40},
    "crs unknown": {"srsName": "urn:ogc:def:crs:EPSG::99999"},
    "crs that does not cover": {"srsName": "urn:ogc:def:crs:EPSG::2975"},
    "crs text": {"srsName": "EPSG:x'"},
    "box nan": {"bbox": "nan,nan,nan,nan"},
    "box infinite": {"bbox": "-1e400,0,1e400,1"},
    "box huge": {"bbox": "-1e30,0,1e30,1"},
    "box short": {"bbox": "1,2,3"},
    "box crs": {"bbox": "1,2,3,4,EPSG:0"},
    "count negative": {"count": "-5"},
    "count text": {"count": "1;drop"},
    "start huge": {"startIndex": "1" + "0" * 23},
    "start negative": {"startIndex": "-1"},
    "format": {"outputFormat": "application/x-php"},
    "csv is not served": {"outputFormat": "csv"},
    "sort unknown": {"sortBy": "password"},
    "sort geometry": {"sortBy": "geom__x"},
    "property unknown": {"propertyName": "entered_by"},
    "id other type": {"resourceId": "users.1"},
    "id text": {"resourceId": "zones-blanches.'; --"},
    "stored query": {"storedQuery_id": "x", "typeNames": ""},
    "filter text": {"filter": "commune = 1"},
    "filter empty": by_filter(""),
    "filter not xml": {"filter": "<fes:Filter"},
    "filter doctype": {"filter": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'},
    "filter deep": by_filter("<fes:Not>" * 3000 + "</fes:Not>" * 3000),
    "filter wide": by_filter("<fes:And>" + "<a/>" * 1500 + "</fes:And>"),
    "filter unknown field": equal("secret_sha256"),
    "filter relation": equal("commune__geom"),
    "filter function xpath": equal("contains(comment,1)"),
    "filter axes": equal("ancestor::x"),
    "filter number": by_filter(
        "<fes:PropertyIsLessThan><fes:ValueReference>observations</fes:ValueReference>"
        "<fes:Literal>beaucoup</fes:Literal></fes:PropertyIsLessThan>"
    ),
    "distance unit": by_filter(near(uom="deg")),
    "distance dunder": by_filter(near(uom="__class__")),
    "distance far": by_filter(near(uom="km", distance="20000")),
    "distance nan": by_filter(near(distance="NaN")),
    "distance text": by_filter(near(distance="loin")),
    "filter ring": by_filter(
        "<fes:Intersects><fes:ValueReference>geom</fes:ValueReference>"
        '<gml:Polygon srsName="EPSG:4326"><gml:exterior><gml:LinearRing>'
        "<gml:posList>1 1 2</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></fes:Intersects>"
    ),
    "filter date": by_filter(
        "<fes:PropertyIsEqualTo><fes:ValueReference>last_observed_on</fes:ValueReference>"
        "<fes:Literal>2026-99-99</fes:Literal></fes:PropertyIsEqualTo>"
    ),
    "filter functions": by_filter(
        '<fes:PropertyIsEqualTo><fes:Function name="pg_sleep"><fes:Literal>5</fes:Literal></fes:Function>'
        "<fes:Literal>1</fes:Literal></fes:PropertyIsEqualTo>"
    ),
    "value of nothing": {"request": "GetPropertyValue"},
    "value unknown": {"request": "GetPropertyValue", "valueReference": "entered_by"},
}


def refused(response: Any) -> str:
    assert 400 <= response.status_code < 500, response.content[:500]
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    report = fromstring(response.content)
    assert report.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"
    told = report.findtext("ows:Exception/ows:ExceptionText", "", NAMES)
    assert told.endswith(".") and len(told) > 20
    return told


@pytest.mark.parametrize("query", GETS.values(), ids=GETS.keys())
def test_a_bad_parameter_is_refused_in_words(
    version: CoucheVersion, emma: Client, query: dict[str, Any]
) -> None:
    refused(emma.get("/wfs/", {**FEATURE, **query}))


WFS = 'xmlns="http://www.opengis.net/wfs/2.0" service="WFS" version="2.0.0"'
BODIES = {
    "empty": "",
    "no xml": "{}",
    "no query": f"<GetFeature {WFS}/>",
    "query without type": f"<GetFeature {WFS}><Query/></GetFeature>",
    "unknown element": f"<GetFeature {WFS}><Fetch/></GetFeature>",
    "transaction": f"<Transaction {WFS}><Delete typeName='zones-blanches'/></Transaction>",
    "empty filter": f'<GetFeature {WFS} {FES}><Query typeNames="zones-blanches"><fes:Filter/></Query></GetFeature>',
    "doctype": f'<!DOCTYPE x SYSTEM "file:///etc/passwd"><GetFeature {WFS}/>',
    "entity": '<!DOCTYPE x [<!ENTITY a "' + "b" * 100 + '">]><x>&a;&a;</x>',
    "count": f'<GetFeature {WFS} count="-1"><Query typeNames="zones-blanches"/></GetFeature>',
    "start": f'<GetFeature {WFS} startIndex="1e9"><Query typeNames="zones-blanches"/></GetFeature>',
    "version": '<GetFeature xmlns="http://www.opengis.net/wfs/2.0" service="WFS" version="../x"/>',
    "deep": "<a>" * 3000 + "</a>" * 3000,
    "heavy": "<a>" + " " * 70_000 + "</a>",
    "many": f"<GetFeature {WFS}>" + '<Query typeNames="zones-blanches"/>' * 20 + "</GetFeature>",
    "prefix": f'<GetFeature {WFS}><Query typeNames="nobody:zones-blanches"/></GetFeature>',
    "latin": "<?xml version='1.0' encoding='x-nothing'?><a/>",
    "nul": "<a>\0</a>",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_bad_body_is_refused_in_words(version: CoucheVersion, emma: Client, body: str) -> None:
    refused(emma.post("/wfs/", body, content_type="text/xml"))


def test_only_reading(version: CoucheVersion, emma: Client) -> None:
    for method in ("put", "patch", "delete"):
        assert getattr(emma, method)("/wfs/").status_code == 405
    assert emma.options("/wfs/").status_code == 204
    head = emma.head("/wfs/", FEATURE)
    assert head.status_code == 200 and not head.content


def test_the_gate_says_what_to_do(version: CoucheVersion, emma: Client) -> None:
    deep = "<fes:Not>" * 50 + "</fes:Not>" * 50
    assert "simplifiez-le" in refused(emma.get("/wfs/", {**FEATURE, **by_filter(deep)}))
    assert "quatre nombres" in refused(emma.get("/wfs/", {**FEATURE, **GETS["box nan"]}))
    assert "manque" in refused(emma.get("/wfs/", {"service": "WFS", "request": "GetFeature"}))
    long = {**FEATURE, "propertyName": "x" * (gate.MAX_TEXT + 1)}
    assert "POST" in refused(emma.get("/wfs/", long))


def test_a_filter_that_takes_too_long_is_the_senders(
    version: CoucheVersion, emma: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(self: WfsView) -> list[Any]:
        raise OperationalError("canceling statement due to statement timeout") from QueryCanceled()

    monkeypatch.setattr(WfsView, "get_feature_types", late)
    assert "trop de temps" in refused(emma.get("/wfs/", FEATURE))


def test_a_database_that_is_away_is_not(
    version: CoucheVersion, emma: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: WfsView) -> list[Any]:
        raise OperationalError("connection refused")

    monkeypatch.setattr(WfsView, "get_feature_types", away)
    response = emma.get("/wfs/", FEATURE)
    assert response.status_code == 503 and response.headers["Retry-After"] == "5"
