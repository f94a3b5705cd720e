"""`/exports/lot/`: the couches of a territory in one archive, versions pinned, bounded."""

import io
import json
import zipfile

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from couches.models import CoucheVersion
from exports import lots
from exports.jobs import build_lot_file
from tests.exports import factories as made
from tests.exports.reading import body

pytestmark = pytest.mark.django_db
EPCI = "epci:241500230"


def _build() -> None:
    build_lot_file(**ProcrastinateJob.objects.get(task_name="exports.build_lot").args)


def test_an_archive_holds_a_file_per_couche_and_pins_the_versions(
    version: CoucheVersion, emma: Client
) -> None:
    """202 once, then the archive; a later version does not change what the pinned address gives."""
    first = emma.get("/exports/lot/", {"territoire": EPCI, "format": "geojson"})
    assert first.status_code == 202
    pinned = first["Content-Location"]
    assert "zones-blanches%3A1" in pinned
    assert emma.get(pinned).status_code == 202
    assert ProcrastinateJob.objects.count() == 1
    _build()
    response = emma.get(pinned)
    assert response.status_code == 200 and response["Accept-Ranges"] == "bytes"
    whole = body(response)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        name = "zones-blanches_v1_epci-241500230_EPSG4326.geojson"
        assert archive.namelist() == ["LISEZMOI.txt", name]
        assert len(json.loads(archive.read(name))["features"]) == version.feature_count
        assert "Licence Ouverte" in archive.read("LISEZMOI.txt").decode()
    assert emma.get(first.json()["suivi"].split("8000")[-1]).json()["status"] == "pret"
    made.release(made.change())
    assert body(emma.get(pinned)) == whole
    assert emma.get("/exports/lot/", {"territoire": EPCI, "format": "geojson"}).status_code == 202
    manifest = json.loads(body(emma.get("/exports/zones-blanches/1/manifeste.json")))
    assert "lot" not in {file["format"] for file in manifest["files"]}


def test_its_files_are_those_of_their_own_addresses(version: CoucheVersion, emma: Client) -> None:
    """The same bytes, built once for both."""
    asked = {"territoire": "commune:15014", "couches": "zones-blanches", "format": "gpkg"}
    response = emma.get("/exports/lot/", asked)
    _build()
    with zipfile.ZipFile(io.BytesIO(body(emma.get(response["Content-Location"])))) as archive:
        inside = archive.read("zones-blanches_v1_15014_EPSG2154.gpkg")
    alone = emma.get("/exports/zones-blanches/1/", {"territoire": "commune:15014", "format": "gpkg"})
    assert (alone.status_code, body(alone)) == (200, inside)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "territoire"),
        ({"territoire": "lune:1"}, "territoire"),
        ({"territoire": EPCI, "couches": "services"}, "couches"),
        ({"territoire": EPCI, "couches": "zones-blanches,zones-blanches:1"}, "couches"),
        ({"territoire": EPCI, "couches": "zones-blanches:99"}, "couches"),
        ({"territoire": EPCI, "couches": "a," * 50}, "couches"),
        ({"territoire": EPCI, "couches": "\x00'--"}, "couches"),
        ({"territoire": EPCI, "format": "exe"}, "format"),
    ],
)
def test_a_bad_demand_names_its_field(
    version: CoucheVersion, emma: Client, query: dict[str, str], field: str
) -> None:
    """422 and a remedy."""
    response = emma.get("/exports/lot/", query)
    assert (response.status_code, list(response.json()["errors"])) == (422, [field])


def test_too_many_rows_are_refused(
    version: CoucheVersion, emma: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive is bounded."""
    monkeypatch.setattr(lots, "MAX_ROWS", 3)
    response = emma.get("/exports/lot/", {"territoire": EPCI})
    assert response.status_code == 422 and "3 au plus" in response.json()["errors"]["territoire"][0]
