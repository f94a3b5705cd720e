"""Zones from outside: what is sound is kept as drawn, what is hostile never reaches GEOS."""

import json
import math
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon, Point
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from contributions.models import PAUSE_VERTICES
from contributions.zones import SPHEROID, area_m2, circle, zone_from_geojson, zone_from_text

SQUARE = "44,93 2,44\n44,93 2,45\n44,94 2,45\n44,94 2,44"
RING = [[2.44, 44.93], [2.45, 44.93], [2.45, 44.94], [2.44, 44.94], [2.44, 44.93]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


@pytest.mark.parametrize(
    "text",
    [
        SQUARE,
        SQUARE + "\n44,93 2,44",
        SQUARE.replace(" ", " ; "),
        SQUARE.replace(",", ".").replace(" ", ", "),
        SQUARE.replace(",", ".").replace(" ", ","),
        "\r\n\r\n" + SQUARE.replace("\n", " \r\n"),
        json.dumps(polygon(RING)),
        json.dumps({"type": "MultiPolygon", "coordinates": [[RING]]}),
    ],
)
def test_the_usual_ways_to_write_a_contour_give_the_same_zone(text: str) -> None:
    zone = zone_from_text(text)
    assert zone.equals(GEOSGeometry(json.dumps(polygon(RING)))) and zone.srid == 4326


def test_a_hole_is_kept() -> None:
    hole = [[2.443, 44.933], [2.447, 44.933], [2.447, 44.937], [2.443, 44.937], [2.443, 44.933]]
    zone = zone_from_geojson(polygon(RING, hole))
    assert not zone.covers(Point(2.445, 44.935, srid=4326))
    assert area_m2(zone) < area_m2(zone_from_geojson(polygon(RING)))


@pytest.mark.parametrize(
    "text",
    [
        "", "ici", "44,93 2,44", "44,93 2,44\n44,94 2,45", "44,93 2,44\n44,93 2,44\n44,93 2,44",
        "44,93 2,44\n44,94 2,45\n44,95 2,46",
        "44,93 2,44\n44,94 2,45\n44,94 2,44\n44,93 2,45",
        SQUARE + "\n91 2", SQUARE + "\n44,9 181", SQUARE + "\nNaN NaN", SQUARE + "\n1e999 2", SQUARE + "\n44,93",
        SQUARE + "\n44,93 2,44 12", "44,93,2,44\n" * 4, "\x00" * 40, "\ud800 2\n" * 4, "{", "{}", "[[1,2]]",
        "0 0\n0 3\n3 3\n3 0",
    ],
)  # fmt: skip
def test_what_is_no_contour_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        zone_from_text(text)
    assert list(refusal.value.message_dict) == ["vertices"]


@pytest.mark.parametrize(
    "document",
    [
        None, 3, "x", [], {}, polygon(), polygon([]), polygon(None), polygon(RING[:-1]), polygon(RING[:3]),
        polygon([[2.44, 44.93, 5.0], *RING[1:]]), polygon([["2,44", 44.93], *RING[1:]]),
        polygon([[float("nan"), 44.93], *RING[1:]]), polygon([[float("inf"), 44.93], *RING[1:]]),
        polygon([[10**400, 44.93], *RING[1:]]), polygon([[True, 44.93], *RING[1:]]),
        {**polygon(RING), "crs": {"type": "name"}}, {"type": "Point", "coordinates": [2.44, 44.93]},
        {"type": "GeometryCollection", "geometries": []}, {"type": "MultiPolygon", "coordinates": []},
        {"type": "MultiPolygon", "coordinates": [[]]}, {"type": "MultiPolygon", "coordinates": [[RING], [RING]]},
        {"type": "MultiPolygon", "coordinates": RING}, {"type": "Polygon", "coordinates": {"a": 1}},
    ],
)  # fmt: skip
def test_hostile_geojson_is_refused_in_words(document: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        zone_from_geojson(document)
    assert list(refusal.value.message_dict) == ["vertices"]


MANY = 500_000


@pytest.mark.parametrize(
    "read",
    [
        lambda: zone_from_text("44,93 2,44\n" * MANY),
        lambda: zone_from_text("{" + '"type":' * 5_000),
        lambda: zone_from_geojson(polygon([[2.44, 44.93]] * MANY)),
        lambda: zone_from_geojson(polygon(*[RING] * (MANY // 5))),
        lambda: zone_from_geojson({"type": "MultiPolygon", "coordinates": [[RING]] * (MANY // 5)}),
    ],
    ids=["text", "depth", "ring", "rings", "polygons"],
)
def test_half_a_million_vertices_are_refused_before_geos(
    read: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contributions.zones.LinearRing", None)
    monkeypatch.setattr("contributions.zones.Polygon", None)
    began = time.perf_counter()
    with pytest.raises(ValidationError):
        read()
    assert time.perf_counter() - began < 1


def test_two_hundred_vertices_pass_and_one_more_does_not() -> None:
    def regular(many: int) -> str:
        turn = [2 * math.pi * rank / many for rank in range(many)]
        return "\n".join(f"{44.93 + math.sin(a) / 100:.7f} {2.44 + math.cos(a) / 100:.7f}" for a in turn)

    assert zone_from_text(regular(PAUSE_VERTICES - 1)).num_coords == PAUSE_VERTICES
    with pytest.raises(ValidationError, match="200"):
        zone_from_text(regular(PAUSE_VERTICES))


@settings(max_examples=60, deadline=None)
@given(
    lon=st.floats(-179, 179), lat=st.floats(-60, 60), radius=st.integers(50, 5_000), azimuth=st.floats(0, 360)
)
def test_a_circle_holds_what_is_nearer_and_nothing_farther(
    lon: float, lat: float, radius: int, azimuth: float
) -> None:
    zone = circle(Point(lon, lat, srid=4326), radius)
    for share, inside in ((0.98, True), (1.02, False)):
        x, y, _back = SPHEROID.fwd(lon, lat, azimuth, radius * share)
        assert zone.covers(Point(x, y, srid=4326)) is inside


def fields_refused(read: Callable[[], MultiPolygon]) -> list[str]:
    """The fields of the refusal; none for a zone, which must be sound."""
    try:
        zone = read()
    except ValidationError as refusal:
        return list(refusal.message_dict)
    assert zone.valid and not zone.empty
    return []


@pytest.mark.parametrize("radius", [-1, 0, 49, 5_001])
def test_a_circle_has_bounds(radius: int) -> None:
    with pytest.raises(ValidationError):
        circle(Point(2.44, 44.93, srid=4326), radius)


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=200) | st.lists(st.text("0123456789.,;- \t", max_size=20), max_size=30).map("\n".join)
)
def test_no_text_does_anything_else_than_a_zone_or_a_refusal(text: str) -> None:
    assert fields_refused(lambda: zone_from_text(text)) in ([], ["vertices"])


_leaf = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
_nested = st.recursive(_leaf, lambda inner: st.lists(inner, max_size=5), max_leaves=40)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["Polygon", "MultiPolygon"]), _nested)
def test_no_coordinates_do_anything_else_than_a_zone_or_a_refusal(kind: str, coordinates: Any) -> None:
    document = {"type": kind, "coordinates": coordinates}
    assert fields_refused(lambda: zone_from_geojson(document)) in ([], ["vertices"])
