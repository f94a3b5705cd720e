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
from django.test import Client

from couches.models import CoucheVersion
from couches.publication import revert
from exports.build import build
from exports.demands import read_demand
from exports.formats import FORMATS
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
