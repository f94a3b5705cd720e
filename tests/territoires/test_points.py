"""Points from strangers: a good one is built, anything else is refused on "geometry" and nothing breaks."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from territoires.points import point_from_geojson, point_from_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
NUMBERS = st.floats() | st.integers() | st.just(10**400) | st.just(-(10**400))


def refused(document: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        point_from_geojson(document)
    assert list(caught.value.message_dict) == ["geometry"]
    return str(caught.value.message_dict["geometry"][0])


def good_or_refused(build: Callable[..., Point], *given: Any) -> bool:
    """Say that `build` gave a point on Earth, or refused on "geometry"; any other exception escapes."""
    try:
        point = build(*given)
    except ValidationError as error:
        return list(error.message_dict) == ["geometry"]
    return math.isfinite(point.x) and math.isfinite(point.y) and abs(point.x) <= 180 and abs(point.y) <= 90


def test_a_point_keeps_its_numbers_and_gets_wgs84() -> None:
    point = point_from_geojson({"type": "Point", "coordinates": [2.4397, 44.9262]})
    assert (point.x, point.y, point.srid) == (2.4397, 44.9262, 4326)


@pytest.mark.parametrize(
    "coordinates",
    [
        [math.nan, 45],
        [2, math.inf],
        json.loads("[1e999, 45]"),
        [10**400, 45],
        [2.4, -(10**400)],
        [2.4, 480],
        [200, 45],
        [],
        [2.4],
        [2.4, 45, 3],
        [[2.4, 45]],
        ["2.4", "45"],
        [True, False],
        [None, None],
        "2.4,45",
        None,
        {"lon": 2.4},
    ],
)
def test_what_is_not_two_numbers_in_range_is_refused(coordinates: Any) -> None:
    refused({"type": "Point", "coordinates": coordinates})


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "POINT(2 45)",
        {},
        {"type": "Point"},
        {"type": "Polygon", "coordinates": []},
        {"type": ["Point"], "coordinates": [2, 45]},
        {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [2, 45]}]},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [2, 45]}},
        {"type": "Point", "coordinates": [2, 45], "bbox": [0, 0, 1, 1]},
    ],
)
def test_what_is_not_a_point_is_refused(document: Any) -> None:
    refused(document)


def test_a_foreign_crs_is_named_as_the_reason() -> None:
    crs = {"type": "name", "properties": {"name": "EPSG:2154"}}
    assert "crs" in refused({"type": "Point", "coordinates": [656186, 6425399], "crs": crs})


def test_a_nest_of_three_thousand_lists_is_refused_like_the_rest() -> None:
    nest: list[Any] = []
    for _level in range(3000):
        nest = [nest]
    refused({"type": "Point", "coordinates": nest})


@settings(max_examples=400, deadline=None)
@given(document=JSON | st.fixed_dictionaries({"type": st.just("Point"), "coordinates": st.lists(NUMBERS)}))
def test_hostile_documents_give_a_good_point_or_a_refusal(document: Any) -> None:
    assert good_or_refused(point_from_geojson, document)


@settings(max_examples=300, deadline=None)
@given(lon=st.text() | st.floats().map(str), lat=st.text() | st.floats().map(str))
def test_hostile_text_gives_a_good_point_or_a_refusal(lon: str, lat: str) -> None:
    assert good_or_refused(point_from_text, lon, lat)


@pytest.mark.parametrize(
    ("lon", "lat"), [("2.4397", "44.9262"), (" 2,4397 ", "44,9262"), ("+2.4397", "4.49262e1")]
)
def test_numbers_are_read_as_french_people_and_browsers_write_them(lon: str, lat: str) -> None:
    point = point_from_text(lon, lat)
    assert point.coords == pytest.approx((2.4397, 44.9262))


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e999", "٢", "2.4.5", "2 4", "0x10", "\x00", "9" * 5000])
def test_text_that_is_no_number_of_degrees_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        point_from_text(text, "45")
