"""OGC API – Features Part 3 (19-079r2) and CQL2 (21-065r2): what a filter keeps, and what it refuses."""

import string
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from couches.models import CoucheVersion
from exports.ogc.cql import MAX_NESTING, MAX_TEXT
from tests.exports.conftest import FIRST
from tests.ogc.conftest import Get

pytestmark = pytest.mark.django_db
ITEMS = "/collections/zones-blanches/items"
LAMBERT = "http://www.opengis.net/def/crs/EPSG/0/2154"


def count(get: Get, text: str, **more: Any) -> int:
    return int(get(ITEMS, filter=text, **more)["numberReturned"])


def test_conf_queryables_get_queryables(get: Get, emma: Client, version: CoucheVersion) -> None:
    schema = get("/collections/zones-blanches/queryables")
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema" and schema["type"] == "object"
    assert schema["properties"]["geometry"]["format"] == "geometry-point"
    assert {"commune", "observations", "orange_calls", "last_observed_on"} <= set(schema["properties"])
    assert "operators_autres" not in schema["properties"]
    response = emma.get("/ogc/collections/zones-blanches/queryables")
    assert response.headers["Content-Type"] == "application/schema+json"


# What each conformance class of CQL2 lets say, and how many of the eight objects answer.
KEPT = [
    # basic-cql2
    ("commune = 'Ytrac'", 1), ("commune <> 'Ytrac'", 7), ("observations >= 1", 8), ("observations > 1", 0),
    ("1 <= observations", 8), ("near_border = false", 8), ("near_border", 0), ("NOT near_border", 8),
    ("commune = 'Ytrac' OR commune = 'Aurillac'", 8), ("commune = 'Ytrac' AND commune = 'Aurillac'", 0),
    ("NOT (commune = 'Ytrac')", 7), ("comment IS NULL", 1), ("comment IS NOT NULL", 7), ("accuracy_m = 12.5", 8),
    ("last_observed_on = DATE('2026-11-20')", 8), ("last_observed_on > DATE('2026-11-20')", 0),
    ("last_observed_on < TIMESTAMP('2026-11-21T00:00:00Z')", 8), ("sfr_calls IS NULL", 8),
    ("\"commune\" = 'Ytrac'", 1), ("comment = 'L''Haÿ'", 0), ("orange_calls = 'none' AND bars = 2", 7),
    # advanced-comparison-operators
    ("commune LIKE 'Yt%'", 1), ("commune LIKE 'yt%'", 0), ("commune NOT LIKE 'Yt%'", 7), ("commune LIKE '_trac'", 1),
    ("comment LIKE 'L''Haÿ%'", 1), ("comment LIKE '@SUM%'", 1), ("comment LIKE '\\%'", 0), ("bars BETWEEN 1 AND 3", 7),
    ("observations NOT BETWEEN 2 AND 3", 8), ("commune IN ('Ytrac', 'Nulle part')", 1), ("bars NOT IN (1, 3)", 7),
    ("last_observed_on BETWEEN DATE('2026-11-01') AND DATE('2026-11-30')", 8),
    # case-insensitive-comparison
    ("CASEI(commune) = CASEI('YTRAC')", 1), ("CASEI(comment) LIKE CASEI('l''haŸ%')", 1),
    # basic-spatial-functions, basic-spatial-functions-plus, spatial-functions
    ("S_INTERSECTS(geometry, BBOX(2.34, 44.92, 2.35, 44.93))", 1),
    ("S_INTERSECTS(geometry, POINT(2.4412345 44.9312345))", 1),
    ("S_INTERSECTS(geometry, POLYGON((2.34 44.92, 2.35 44.92, 2.35 44.93, 2.34 44.93, 2.34 44.92)))", 1),
    ("S_INTERSECTS(BBOX(2.34, 44.92, 2.35, 44.93), geometry)", 1),
    ("S_WITHIN(geometry, BBOX(2.34, 44.92, 2.35, 44.93))", 1),
    ("S_CONTAINS(BBOX(2.34, 44.92, 2.35, 44.93), geometry)", 1),
    ("S_DISJOINT(geometry, BBOX(2.34, 44.92, 2.35, 44.93))", 7), ("S_EQUALS(geometry, POINT(2.4412345 44.9312345))", 1),
    ("S_TOUCHES(geometry, LINESTRING(2.4412345 44.9312345, 3 45))", 1),
    ("S_CROSSES(geometry, LINESTRING(2 44, 3 45))", 0),
    ("S_OVERLAPS(geometry, BBOX(2.34, 44.92, 2.35, 44.93))", 0),
    # instants
    ("T_AFTER(last_observed_on, DATE('2026-11-19'))", 8), ("T_BEFORE(last_observed_on, DATE('2026-11-20'))", 0),
    ("T_DURING(last_observed_on, INTERVAL('2026-11-01', '..'))", 8),
    ("T_INTERSECTS(last_observed_on, INTERVAL('..', '2026-11-19'))", 0),
    ("T_EQUALS(last_observed_on, DATE('2026-11-20'))", 8),
    ("T_DISJOINT(last_observed_on, INTERVAL('2026-12-01', '..'))", 8),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), KEPT)
def test_conf_cql2_text(text: str, expected: int, get: Get, version: CoucheVersion) -> None:
    assert count(get, text) == expected


REFUSED = [
    "", "((", "commune", "commune =", "1", "'x'", "commune = 1", "observations = 'x'", "near_border > true",
    "rien = 1", "commune = 'x'; DROP TABLE couches_feature", "geometry = 1", "bars + 1 = 2", "avg(bars) = 1",
    "S_INTERSECTS(commune, POINT(1 2))", "S_INTERSECTS(geometry, geometry)", "S_INTERSECTS(geometry, POINT(1e300 2))",
    "S_INTERSECTS(geometry, POLYGON((1 1, 2 2, 1 2, 2 1, 1 1)))", "T_AFTER(commune, DATE('2026-01-01'))",
    "T_AFTER(last_observed_on, DATE('2026-99-01'))", "T_MEETS(last_observed_on, DATE('2026-01-01'))",
    "bars LIKE 'x'", "commune LIKE bars", "commune LIKE 'x\\'", "commune BETWEEN 'a' AND 'b'", "bars IN (1, 'x')",
    "CASEI(bars) = 1", "a\x00b", "commune = '\x00'", "last_observed_on = DATE('hier')", "casei(commune)",
    "A_CONTAINS(commune, ('x'))", "operators_autres IS NULL", "id = 1", "S_INTERSECTS(geometry, BBOX(1,2))",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_conf_filter_invalid_is_refused_in_words(text: str, get: Get, version: CoucheVersion) -> None:
    document = get(ITEMS, 400, filter=text)
    assert document["status"] == 400 and document["errors"]["filter"][0]


def test_conf_filter_filter_lang_and_filter_crs(get: Get, version: CoucheVersion) -> None:
    assert count(get, "bars = 2", **{"filter-lang": "cql2-text"}) == 7
    get(ITEMS, 400, **{"filter": "bars = 2", "filter-lang": "cql2-json"})
    square = "S_INTERSECTS(geometry, BBOX(648000, 6424000, 649000, 6425000))"
    assert count(get, square, **{"filter-crs": LAMBERT}) == 1
    assert count(get, square) == 0
    get(ITEMS, 400, **{"filter": "bars = 2", "filter-crs": "x"})


def test_conf_features_filter_adds_up(get: Get, version: CoucheVersion) -> None:
    assert count(get, "bars = 2", bbox="2.44,44.93,2.4413,44.9313", code_insee="15014") == 3
    assert count(get, "bars = 2", territoire="commune:15267") == 0
    assert count(get, f"id = '{FIRST}'") == 1


def test_what_would_burst_the_parser_is_refused_before_it(get: Get, version: CoucheVersion) -> None:
    """The library descends on the stack: unbounded, these texts end the process (shown below)."""
    deep = [
        "(" * 1500 + "bars=1" + ")" * 1500, "NOT " * 900 + "near_border", "-" * 3000 + "1 = bars",
        "bars = 1 AND " * 300 + "bars = 1", "CASEI(" * 600 + "commune" + ")" * 600 + " = 'x'",
        "x" * (MAX_TEXT + 1), "bars = " + "1+" * 1900 + "1", "(" * (MAX_NESTING + 1), "'" * 3999, "[" * 3999,
        "bars = " + "1^" * 1900 + "1", "a.b" * 1000, "((" + "'(" * 900,
    ]  # fmt: skip
    for text in deep:
        get(ITEMS, 400, filter=text)


def test_the_bound_on_nesting_is_needed() -> None:
    program = "import cql2; cql2.parse_text('(' * 5000 + 'a=1' + ')' * 5000)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode < 0


WORDS = [
    "commune", "bars", "geometry", "(", ")", "'", "\"", "AND", "OR", "NOT", "=", "<>", "<", "IN", "LIKE", "BETWEEN",
    "IS NULL", "1", "-1e5", "'x'", "DATE('2026-01-01')", "S_INTERSECTS", "POINT(1 2)", "BBOX(1,2,3,4)", ",", "T_AFTER",
    "INTERVAL('..','..')", "CASEI", "TRUE", "last_observed_on", "+", "%", "[", "é", "\\",
]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join) | st.text(string.printable, max_size=60))
def test_no_filter_is_a_fault(emma: Client, version: CoucheVersion, text: str) -> None:
    assert emma.get(f"/ogc{ITEMS}", {"filter": text}).status_code in (200, 400)
