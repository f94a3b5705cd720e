"""What a delta says of before, what it means for a territory, what it costs."""

import csv
import io
import json
import re
import uuid
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test import Client

from couches.models import CoucheVersion
from couches.publication import revert
from exports.deltas import Delta, csv_query, geojson_query
from exports.rows import Selection
from tests.exports import factories as made
from tests.exports.conftest import FIRST
from tests.exports.reading import body

pytestmark = pytest.mark.django_db
NEW = uuid.UUID("22222222-2222-4222-8222-222222222222")


def collection(client: Client, path: str, **query: str) -> dict[str, Any]:
    response = client.get(f"/exports/zones-blanches/{path}/", {"format": "geojson", **query})
    assert response.status_code == 200
    found: dict[str, Any] = json.loads(body(response))
    return found


def table(client: Client, path: str, **query: str) -> list[dict[str, str]]:
    response = client.get(f"/exports/zones-blanches/{path}/", {"format": "csv", **query})
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(body(response).decode())))


def by_id(document: dict[str, Any]) -> dict[str, Any]:
    return {feature["id"]: feature for feature in document["features"]}


@pytest.fixture
def moved(version: CoucheVersion) -> CoucheVersion:
    """Version 2: the first point moves to Ytrac and changes one answer; another is added there."""
    place = Point(2.3412345, 44.9212345, srid=4326)
    answers = {**made.REPORT, "display": "4g"}
    return made.release(
        made.change("update", FIRST, geom=place, attributes=answers, commune_id="15267", accuracy_m=12.5),
        made.change(feature_id=NEW, commune_id="15267", geom=place),
    )


def test_a_change_says_what_was_before_and_nothing_else(moved: CoucheVersion, emma: Client) -> None:
    feature = by_id(collection(emma, "2/depuis/1"))[str(FIRST)]
    assert feature["before"]["geometry"]["coordinates"] == [2.4412345, 44.9312345]
    assert feature["before"]["properties"] == {
        "display": "emergency_only",
        "code_insee": "15014",
        "commune": "Aurillac",
        "latitude": 44.9312345,
        "longitude": 2.4412345,
    }
    assert "before" not in by_id(collection(emma, "2/depuis/1"))[str(NEW)]


def test_what_did_not_move_has_no_place_before(version: CoucheVersion, emma: Client) -> None:
    made.release(made.change("observe", FIRST, observations=3, distinct_observers=2))
    feature = by_id(collection(emma, "2/depuis/1"))[str(FIRST)]
    assert feature["before"] == {"properties": {"observations": 1, "distinct_observers": 1}}


def test_nested_answers_come_whole_on_both_sides(moved: CoucheVersion, emma: Client) -> None:
    feature = by_id(collection(emma, "2/depuis/1", attributs="imbriques"))[str(FIRST)]
    assert feature["properties"]["attributes"] == {**made.REPORT, "display": "4g"}
    assert feature["before"]["properties"]["attributes"] == made.REPORT


def test_the_csv_names_the_fields_and_gives_them_on_demand(moved: CoucheVersion, emma: Client) -> None:
    plain = {row["id"]: row for row in table(emma, "2/depuis/1")}
    names = set(plain[str(FIRST)]["champs_modifies"].split("|"))
    assert names == {"display", "code_insee", "commune", "latitude", "longitude"}
    assert plain[str(NEW)]["champs_modifies"] == ""
    assert not any(name.startswith("avant_") for name in plain[str(FIRST)])
    told = {row["id"]: row for row in table(emma, "2/depuis/1", avant="1")}[str(FIRST)]
    before = {name: value for name, value in told.items() if name.startswith("avant_") and value}
    assert before == {
        "avant_display": "emergency_only",
        "avant_code_insee": "15014",
        "avant_commune": "Aurillac",
        "avant_latitude": "44.9312345",
        "avant_longitude": "2.4412345",
    }


def test_leaving_a_territory_is_withdrawn_entering_is_added(moved: CoucheVersion, emma: Client) -> None:
    left = by_id(collection(emma, "2/depuis/1", territoire="commune:15014"))
    assert {key: feature["properties"]["change"] for key, feature in left.items()} == {
        str(FIRST): "withdrawn"
    }
    assert left[str(FIRST)]["geometry"] is None
    entered = by_id(collection(emma, "2/depuis/1", territoire="commune:15267"))
    assert {key: feature["properties"]["change"] for key, feature in entered.items()} == {
        str(FIRST): "added",
        str(NEW): "added",
    }
    # Where it was is not this territory's to know.
    assert "before" not in entered[str(FIRST)]
    within = by_id(collection(emma, "2/depuis/1", territoire="departement:15"))
    assert within[str(FIRST)]["properties"]["change"] == "changed"


def test_the_collection_says_what_the_reader_must_then_hold(moved: CoucheVersion, emma: Client) -> None:
    document = collection(emma, "derniere/depuis/1")
    assert (document["couche"], document["from"], document["to"]) == ("zones-blanches", 1, 2)
    assert (document["sha256"], document["feature_count"]) == (moved.sha256, moved.feature_count)
    assert document["counts"] == {"added": 1, "changed": 1, "withdrawn": 0}
    there = collection(emma, "2/depuis/1", territoire="commune:15267")
    assert (there["sha256"], there["feature_count"]) == (None, None)
    check = emma.get(there["check"].removeprefix("http://127.0.0.1:8000"))
    assert json.loads(body(check))["feature_count"] == 3


def test_a_territory_that_holds_all_has_the_hash_of_all(moved: CoucheVersion, emma: Client) -> None:
    address = "/exports/zones-blanches/2/empreinte.json?territoire="
    whole, department = (json.loads(body(emma.get(address + place))) for place in ("", "departement:15"))
    assert whole["sha256"] == department["sha256"] == moved.sha256
    assert json.loads(body(emma.get(address + "commune:15014")))["sha256"] != moved.sha256


def test_who_has_the_latest_gets_an_empty_delta_then_304(moved: CoucheVersion, emma: Client) -> None:
    response = emma.get("/exports/zones-blanches/derniere/depuis/2/")
    assert json.loads(body(response))["features"] == []
    assert response["Cache-Control"] == "public, no-cache"
    again = emma.get(
        "/exports/zones-blanches/derniere/depuis/2/", headers={"if-none-match": response["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    "other", [{"territoire": "commune:15014"}, {"format": "csv"}, {"attributs": "imbriques"}]
)
def test_other_bytes_have_another_etag(moved: CoucheVersion, emma: Client, other: dict[str, str]) -> None:
    address = "/exports/zones-blanches/2/depuis/1/"
    assert emma.get(address)["ETag"] != emma.get(address, other)["ETag"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"avant": "2", "format": "csv"}, "avant"),
        ({"avant": "1"}, "avant"),
        ({"attributs": "x"}, "attributs"),
        ({"attributs": "imbriques", "format": "csv"}, "attributs"),
        ({"territoire": "commune:99999"}, "territoire"),
        ({"territoire": "'; --"}, "territoire"),
    ],
)
def test_bad_parameters_are_named(
    moved: CoucheVersion, emma: Client, query: dict[str, str], field: str
) -> None:
    response = emma.get("/exports/zones-blanches/2/depuis/1/", query)
    assert response.status_code == 422
    assert field in response.json()["errors"]


def test_an_object_keeps_its_identity_whatever_happens(version: CoucheVersion, emma: Client) -> None:
    """Changed, withdrawn, brought back by a revert: the same id and the same number."""

    def identity(number: int) -> set[tuple[str, int]]:
        features = collection(emma, str(number))["features"]
        return {(feature["id"], feature["properties"]["number"]) for feature in features}

    first = identity(1)
    made.release(made.change("observe", FIRST, observations=2))
    made.release(made.change("delete", FIRST))
    gone = by_id(collection(emma, "3/depuis/2"))[str(FIRST)]["properties"]
    revert(couche=version.couche, number=1, by=None)
    back = by_id(collection(emma, "4/depuis/3"))[str(FIRST)]["properties"]
    assert (gone["change"], back["change"]) == ("withdrawn", "added")
    assert gone["number"] == back["number"]
    assert identity(2) == identity(4) == first and identity(3) < first


@pytest.mark.parametrize("query", [geojson_query, csv_query])
def test_the_plan_reads_the_changes_only(version: CoucheVersion, query: Any) -> None:
    """Three thousand points, two changes: no row of the others is read."""
    made.release(*(made.change(geom=Point(2.4 + n / 100_000, 44.93, srid=4326)) for n in range(3_000)))
    last = made.release(made.change("observe", FIRST, observations=2), made.change(feature_id=NEW))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE couches_featureversion, couches_feature")
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        cursor.execute("SELECT 1")
        statement = query(Delta(Selection(last), 2)).as_string(cursor.connection)
        cursor.execute("EXPLAIN (ANALYZE, FORMAT TEXT) " + statement.replace("%", "%%"), [])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on couches_featureversion" not in plan, plan
    assert "Seq Scan on couches_feature " not in plan and "Gather" not in plan, plan
    read = re.findall(r"on couches_featureversion.*?actual time=\S+ rows=(\d+)", plan)
    assert read and max(map(int, read)) <= 2, plan
