"""`/exports/{slug}/{n}/depuis/{m}/` and the manifest: what changed, and how to check it."""

import csv
import hashlib
import io
import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test import Client

from couches.models import CoucheVersion
from couches.publication import revert
from exports.build import build
from exports.deltas import delta_query
from exports.demands import read_demand
from exports.formats import FORMATS
from exports.rows import Selection
from exports.schemas import columns_of
from tests.exports import factories as made
from tests.exports.conftest import FIRST
from tests.exports.reading import body

pytestmark = pytest.mark.django_db
NEW = uuid.UUID("22222222-2222-4222-8222-222222222222")


def delta(client: Client, number: int, since: int) -> dict[str, Any]:
    """Return {feature id: feature} of the changes."""
    response = client.get(f"/exports/zones-blanches/{number}/depuis/{since}/", {"format": "geojson"})
    assert response.status_code == 200
    return {feature["id"]: feature for feature in json.loads(body(response))["features"]}


@pytest.fixture
def second(version: CoucheVersion) -> CoucheVersion:
    """Version 2: one more, one corrected, one withdrawn."""
    other = version.couche.features.exclude(pk=FIRST).order_by("number").first()
    assert other is not None
    return made.release(
        made.change(feature_id=NEW),
        made.change("update", FIRST, attributes={**made.REPORT, "display": "4g"}),
        made.change("delete", other.pk),
    )


def test_additions_changes_and_tombstones(second: CoucheVersion, emma: Client) -> None:
    """A tombstone says who is gone, and no more."""
    found = delta(emma, 2, 1)
    changes = {feature["properties"]["change"] for feature in found.values()}
    assert changes == {"added", "changed", "withdrawn"} and len(found) == 3
    assert found[str(NEW)]["properties"]["change"] == "added"
    assert found[str(FIRST)]["properties"]["display"] == "4g"
    gone = next(feature for feature in found.values() if feature["properties"]["change"] == "withdrawn")
    assert gone["geometry"] is None
    assert set(gone["properties"]) == {"change", "id", "number", "couche", "version"}


def test_the_csv_says_the_same(second: CoucheVersion, emma: Client) -> None:
    """One line per change, the tombstone's other columns empty."""
    text = body(emma.get("/exports/zones-blanches/2/depuis/1/", {"format": "csv"})).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["id"]: row["change"] for row in rows} == {
        identity: feature["properties"]["change"] for identity, feature in delta(emma, 2, 1).items()
    }
    gone = next(row for row in rows if row["change"] == "withdrawn")
    assert {name for name, value in gone.items() if value} == {"change", "id", "number", "couche", "version"}


def test_a_change_says_what_was_before(second: CoucheVersion, emma: Client) -> None:
    """Only the fields that differ, and no geometry where the point stayed."""
    changed = delta(emma, 2, 1)[str(FIRST)]
    assert changed["before"] == {"geometry": None, "properties": {"display": "emergency_only"}}
    assert "before" not in delta(emma, 2, 1)[str(NEW)]
    made.release(made.change("update", FIRST, geom=Point(2.4412, 44.9315, srid=4326)))
    moved = delta(emma, 3, 2)[str(FIRST)]
    assert moved["before"]["geometry"]["coordinates"] == [2.4412345, 44.9312345]
    assert moved["before"]["properties"] == {
        "accuracy_m": 12.5,
        "latitude": 44.9312345,
        "longitude": 2.4412345,
    }
    text = body(emma.get("/exports/zones-blanches/3/depuis/1/", {"format": "csv"})).decode()
    row = next(row for row in csv.DictReader(io.StringIO(text)) if row["id"] == str(FIRST))
    assert row["champs_modifies"] == "accuracy_m|display|latitude|longitude"


def test_the_collection_says_where_it_leads(second: CoucheVersion, emma: Client) -> None:
    """Enough to check the base that was brought up to date."""
    document = json.loads(body(emma.get("/exports/zones-blanches/derniere/depuis/1/")))
    assert (document["couche"], document["from"], document["to"]) == ("zones-blanches", 1, 2)
    assert (document["sha256"], document["feature_count"]) == (second.sha256, second.feature_count)
    assert document["count"] == len(document["features"]) == 3


def test_answers_can_be_had_as_they_are_stored(second: CoucheVersion, emma: Client) -> None:
    response = emma.get("/exports/zones-blanches/2/depuis/1/", {"attributs": "imbriques"})
    found = {one["id"]: one for one in json.loads(body(response))["features"]}
    assert found[str(FIRST)]["properties"]["attributes"] == {**made.REPORT, "display": "4g"}
    assert found[str(FIRST)]["before"]["properties"]["attributes"]["display"] == "emergency_only"
    for query in ({"attributs": "x"}, {"attributs": "imbriques", "format": "csv"}, {"territoire": "lune:1"}):
        assert emma.get("/exports/zones-blanches/2/depuis/1/", query).status_code == 422


def test_who_follows_a_territory_holds_its_objects_and_no_others(second: CoucheVersion, emma: Client) -> None:
    """An object that goes to the next commune is withdrawn for one, added for the other."""

    def place(territory: str) -> dict[str, str]:
        response = emma.get("/exports/zones-blanches/3/depuis/2/", {"territoire": territory})
        document = json.loads(body(response))
        assert "sha256" not in document
        return {one["id"]: one["properties"]["change"] for one in document["features"]}

    made.release(
        made.change("update", FIRST, geom=Point(2.34, 44.92, srid=4326), commune_id="15267"),
    )
    assert place("commune:15014") == {str(FIRST): "withdrawn"}
    assert place("commune:15267") == {str(FIRST): "added"}
    assert place("departement:15") == {str(FIRST): "changed"}
    response = emma.get("/exports/zones-blanches/3/depuis/2/", {"territoire": "commune:15014"})
    (gone,) = json.loads(body(response))["features"]
    assert gone["geometry"] is None and set(gone["properties"]) == {
        "change",
        "id",
        "number",
        "couche",
        "version",
    }


def test_an_unchanged_delta_is_not_sent_again(second: CoucheVersion, emma: Client) -> None:
    address = "/exports/zones-blanches/2/depuis/1/"
    first = emma.get(address)
    body(first)
    assert emma.get(address, headers={"if-none-match": first["ETag"]}).status_code == 304
    other = emma.get(address, {"territoire": "commune:15014"}, headers={"if-none-match": first["ETag"]})
    assert other.status_code == 200 and body(other)


def test_a_delta_is_found_by_the_indexes_of_intervals(aurillac: Any, emma: Client) -> None:
    """What did not change is not read."""
    many = [made.change(geom=Point(2.3 + rank / 1e4, 44.9, srid=4326)) for rank in range(2000)]
    version = made.release(*many)
    made.release(made.change("delete", many[0].feature_id))
    selection = Selection(made.zones().versions.select_related("couche").get(number=2))
    query = delta_query(selection, version.number, columns_of(version.couche))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE couches_featureversion")
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        cursor.execute("EXPLAIN " + query.as_string(cursor.connection))
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on couches_featureversion" not in plan and "fv_couche_" in plan, plan


def test_a_revert_undoes_the_delta(second: CoucheVersion, emma: Client) -> None:
    """Version 3 is version 1 again: the changes are mirrored, and none is left since 1."""
    revert(couche=second.couche, number=1, by=None)
    mirrored = {"added": "withdrawn", "withdrawn": "added", "changed": "changed"}
    forth = {key: feature["properties"]["change"] for key, feature in delta(emma, 2, 1).items()}
    back = {key: feature["properties"]["change"] for key, feature in delta(emma, 3, 2).items()}
    assert back == {key: mirrored[change] for key, change in forth.items()}
    assert delta(emma, 3, 1) == {}


def test_since_nothing_is_everything(version: CoucheVersion, emma: Client) -> None:
    """`depuis/0` is the first synchronisation."""
    assert len(delta(emma, 1, 0)) == version.feature_count


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("1/depuis/2/", 422, "depuis"),
        ("2/depuis/2/", 422, "depuis"),
        ("2/depuis/1/?format=gpkg", 422, "format"),
        ("2/depuis/9/", 404, ""),
    ],
)
def test_impossible_intervals_are_refused(
    second: CoucheVersion, emma: Client, path: str, status: int, field: str
) -> None:
    """Backwards, empty, unknown."""
    response = emma.get(f"/exports/zones-blanches/{path}")
    assert response.status_code == status
    assert not field or field in response.json()["errors"]


def test_the_manifest_says_how_to_check(second: CoucheVersion, emma: Client) -> None:
    """Count, hash, previous version, each file with its weight and hash; links that answer."""
    row = build(read_demand(second, {"format": "gpkg"}))
    response = emma.get("/exports/zones-blanches/derniere/manifeste.json")
    document = response.json() if not response.streaming else json.loads(body(response))
    assert (document["couche"], document["number"]) == ("zones-blanches", 2)
    assert (document["sha256"], document["feature_count"]) == (second.sha256, second.feature_count)
    assert document["licence"] == "etalab-2.0" and document["crs"] == "EPSG:4326"
    assert document["previous"]["number"] == 1
    files = {entry["format"]: entry for entry in document["files"]}
    assert set(files) == set(FORMATS)
    assert (files["gpkg"]["sha256"], files["gpkg"]["size"], files["gpkg"]["crs"]) == (
        row.sha256,
        row.size,
        "EPSG:2154",
    )
    assert (files["geojson"]["status"], files["geojson"]["sha256"]) == ("immediat", None)
    assert files["shp"]["status"] == "a-la-demande"
    path = files["gpkg"]["href"].removeprefix("http://127.0.0.1:8000")
    taken = body(emma.get(path))
    assert hashlib.sha256(taken).hexdigest() == row.sha256
    for link in (document["schema"], document["previous"]["href"], document["previous"]["delta"]):
        assert emma.get(link.removeprefix("http://127.0.0.1:8000")).status_code == 200
    etag = response["ETag"]
    again = emma.get("/exports/zones-blanches/derniere/manifeste.json", headers={"if-none-match": etag})
    assert again.status_code == 304


def test_anybody_can_check_what_they_took(version: CoucheVersion, emma: Client) -> None:
    """The program of docs/couches.md finds the manifest's hash again from the GeoJSON."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "couches.md").read_text(encoding="utf-8")
    program: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0], program)  # noqa: S102  # our own documentation
    document = json.loads(
        body(emma.get("/exports/zones-blanches/1/", {"format": "geojson", "attributs": "imbriques"}))
    )
    rows = []
    for feature in document["features"]:
        lon, lat = feature["geometry"]["coordinates"]
        properties = feature["properties"]
        rows.append({**properties, "lon": lon, "lat": lat, "commune": properties["code_insee"]})
    assert program["version_sha256"](rows) == version.sha256


def test_the_first_version_has_no_previous(version: CoucheVersion, emma: Client) -> None:
    """Null, not an invented zero."""
    document = json.loads(body(emma.get("/exports/zones-blanches/1/manifeste.json")))
    assert document["previous"] is None
