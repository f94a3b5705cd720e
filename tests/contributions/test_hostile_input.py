"""Whatever is sent, wherever: an answer below 500, and nothing kept that was refused."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from contributions.models import Contribution
from territoires.models import Commune
from tests.contributions.factories import payload

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/contributions/"
# Surrogates included: Python's JSON reads and writes them alone.
TEXT = st.text(alphabet=st.characters(), max_size=40)
NASTY = st.sampled_from(
    [
        "\x00", "\ud800", "\u202e", "\u200b" * 30, "'; DROP TABLE", "${7*7}", "{{7*7}}", "../../etc", "é" * 300,
        10**400, -(10**400), 1e308, 5e-324, 2**63, -(2**63) - 1, True, "POINT(2 44)", '{"type": "VRT"}',
    ]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | NASTY
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
FIELDS = [*payload(), "workshop"]
DEAD_ZONE_KEYS = ["operators", "display", "situation", "since", "cause", "comment"]
HOSTILE = hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def wide_limits(settings: Any) -> None:
    """What is sent is judged here, not how much of it."""
    settings.LIMITS = dict.fromkeys(settings.LIMITS, (1000000, 1000000))


def send(document: Any) -> Any:
    """Post as a hostile program would, NaN and lone surrogates included."""
    body = json.dumps(document).encode("utf-8", "surrogatepass")
    response = APIClient().generic("POST", ADDRESS, body, content_type="application/json")
    assert response.status_code in {200, 201, 400, 409, 413, 422}, response.content
    assert not response.cookies
    response.json()
    return response


@pytest.mark.parametrize("field", FIELDS)
@HOSTILE
@given(value=TREES)
def test_any_value_in_any_field_is_answered(aurillac: Commune, field: str, value: Any) -> None:
    before = Contribution.objects.count()
    response = send(payload(**{field: value}))
    kept = Contribution.objects.count() - before
    assert kept == (response.status_code == 201)


@HOSTILE
@given(attributes=st.dictionaries(st.sampled_from(DEAD_ZONE_KEYS) | TEXT, TREES, max_size=5))
def test_any_attributes_are_answered(aurillac: Commune, attributes: Any) -> None:
    send(payload(attributes=attributes))


@HOSTILE
@given(
    operators=st.lists(
        st.dictionaries(st.sampled_from(["operator", "calls", "sms", "data"]) | TEXT, TREES, max_size=4),
        max_size=4,
    )
)
def test_any_repeated_answer_is_answered(aurillac: Commune, operators: Any) -> None:
    send(payload(attributes={"operators": operators}))


@HOSTILE
@given(
    coordinates=st.lists(SCALARS, max_size=4)
    | st.tuples(st.floats(-200, 200), st.floats(-100, 100)).map(list),
    extra=st.dictionaries(st.sampled_from(["crs", "bbox", "id", "geometries"]), TREES, max_size=2),
    kind=st.sampled_from(["Point", "LineString", "GeometryCollection", "", None, 3]),
)
def test_any_geometry_is_answered(aurillac: Commune, coordinates: Any, extra: Any, kind: Any) -> None:
    """And what is accepted is a finite point of the commune."""
    before = Contribution.objects.count()
    response = send(payload(geometry={"type": kind, "coordinates": coordinates, **extra}))
    if response.status_code == 201:
        row = Contribution.objects.get(pk=response.json()["id"])
        assert aurillac.geom.intersects(row.geom) and kind == "Point" and not extra
    else:
        assert Contribution.objects.count() == before


@HOSTILE
@given(document=TREES)
def test_any_document_is_answered(aurillac: Commune, document: Any) -> None:
    send(document)


@pytest.mark.parametrize(
    "attributes",
    [
        {f"clef{rank}": rank for rank in range(3_000)},
        {"\ud800": 1},
        {"\x00": 1},
        {"operators": [{"operator": "20801", "calls": "none"}] * 500},
        {"comment": "a\x00b", "operators": [{"operator": "20801", "calls": "none"}]},
        {"comment": "a\ud800b", "operators": [{"operator": "20801", "calls": "none"}]},
        {"comment": "é" * 9_000, "operators": [{"operator": "20801", "calls": "none"}]},
    ],
    ids=["3,000 keys", "surrogate key", "nul key", "500 rows", "nul", "surrogate", "long text"],
)
def test_hostile_attributes_are_refused_with_their_field(aurillac: Commune, attributes: Any) -> None:
    response = send(payload(attributes=attributes))
    assert response.status_code == 422
    assert all(name.startswith("attributes") for name in response.json()["errors"])
    assert not Contribution.objects.exists()


def test_ten_thousand_keys_are_refused(aurillac: Commune) -> None:
    assert send(payload(attributes={f"k{rank}": 1 for rank in range(10_000)})).status_code == 413
    assert send({f"k{rank}": 1 for rank in range(4_000)}).status_code == 422


def test_what_makes_a_line_lie_is_taken_out(aurillac: Commune) -> None:
    attributes = {"operators": [{"operator": "20801", "calls": "none"}], "comment": "a\u202eb\u200bc"}
    send(payload(attributes=attributes))
    assert Contribution.objects.get().attributes["comment"] == "abc"


@pytest.mark.parametrize(
    "name", ["x-suivi", "origin", "sec-fetch-site", "authorization", "content-type", "accept"]
)
@pytest.mark.parametrize("value", ["\xff", "é", "x" * 9_000, "Bearer \x00", "%00", ""], ids=ascii)
def test_odd_headers_are_answered(aurillac: Commune, name: str, value: str) -> None:
    document = payload()
    media = value if name == "content-type" else "application/json"
    headers = {} if name == "content-type" else {name: value}
    client = APIClient(headers=headers)
    sent = client.generic("POST", ADDRESS, json.dumps(document), content_type=media)
    read = client.generic("GET", f"{ADDRESS}{document['id']}/")
    assert sent.status_code < 500 and read.status_code < 500
