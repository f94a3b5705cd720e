"""/tuiles/: what a tile holds, for whom, and how long it may be kept."""

import datetime as dt
import gzip
import json
import math
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couches import tiles
from couches.mercator import cell_of
from couches.models import DensityTile
from couches.publication import Change, publish
from territoires.models import Commune
from tests.couches.factories import create, services

pytestmark = pytest.mark.django_db
HERE = (2.44, 44.93)
PLACES = [(2.4401, 44.9301), (2.4423, 44.9277), (2.4489, 44.9350)]


@pytest.fixture
def published(aurillac: Commune) -> list[Change]:
    """Three places around the town hall; the second is a wifi spot seen in June."""
    changes = [create(geom=Point(*place, srid=4326)) for place in PLACES]
    changes[1] = create(
        geom=Point(*PLACES[1], srid=4326),
        attributes={
            "kind": "wifi_public",
            "nom": "Wifi d'été",
            "services": ["Accès internet et matériel informatique"],
        },
        last_observed_on=dt.date(2026, 6, 15),
    )
    publish(couche=services(), changes=changes, by=None)
    return changes


def address(z: int, *, version: str = "1", query: str = "", at: tuple[float, float] = HERE) -> str:
    x, y = cell_of(*at, z)
    return f"/tuiles/services/{version}/{z}/{x}/{y}.mvt{query}"


def layers(body: bytes, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the attributes of each layer as GDAL's MVT driver reads them; x and y in tile units."""
    path = folder / "tuile.mvt"
    path.write_bytes(body)
    found = {}
    for name, _kind in pyogrio.list_layers(path):
        meta, _fids, geometry, columns = pyogrio.raw.read(path, layer=str(name))
        rows = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*columns, strict=True)]
        for row, wkb in zip(rows, geometry, strict=True):
            row["at"] = GEOSGeometry(memoryview(wkb)).coords  # type: ignore[attr-defined]  # a point
        found[str(name)] = rows
    return found


@pytest.mark.parametrize("z", [10, 14, 18])
def test_gdal_reads_the_objects_where_they_are(
    client: Client, published: list[Change], tmp_path: Path, z: int
) -> None:
    x, y = cell_of(*PLACES[0], z)
    body = client.get(address(z, at=PLACES[0])).content
    objects = layers(body, tmp_path)["objets"]
    # GDAL gives y from the bottom of the tile.
    found = [(x + row["at"][0] / tiles.EXTENT, y + 1 - row["at"][1] / tiles.EXTENT) for row in objects]
    lon, lat = PLACES[0]
    across, down = (lon + 180) / 360 * 2**z, _row(lat) * 2**z
    assert min(max(abs(column - across), abs(row - down)) for column, row in found) <= 1 / tiles.EXTENT


def _row(lat: float) -> float:
    return (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2


def test_an_object_says_little_and_has_its_number(
    client: Client, published: list[Change], tmp_path: Path
) -> None:
    objects = layers(client.get(address(12)).content, tmp_path)["objets"]
    assert len(objects) == 3
    wifi = next(row for row in objects if row["title"] == "Wifi d'été")
    assert set(wifi) == {"mvt_id", "title", "category", "commune", "code_insee", "last_observed_on", "at"}
    assert (wifi["category"], wifi["commune"], wifi["code_insee"]) == ("wifi_public", "Aurillac", "15014")
    assert wifi["last_observed_on"] == "2026-06-15"
    assert wifi["mvt_id"] > 0


@pytest.mark.parametrize("z", [0, 5, 9])
def test_from_afar_a_tile_counts_and_names_nobody(
    client: Client, published: list[Change], tmp_path: Path, z: int
) -> None:
    found = layers(client.get(address(z)).content, tmp_path)
    assert set(found) == {"agregats"}
    assert sum(row["count"] for row in found["agregats"]) == 3
    assert all(set(row) == {"mvt_id", "count", "at"} for row in found["agregats"])


def test_counts_are_made_once_and_read_by_their_key(client: Client, published: list[Change]) -> None:
    client.get(address(5))
    assert DensityTile.objects.filter(z=0).count() == 1
    with CaptureQueriesContext(connection) as captured:
        client.get(address(9))
    assert not any("couches_featureversion" in query["sql"] for query in captured)


def test_a_numbered_version_does_not_move_and_the_latest_follows(
    client: Client, published: list[Change], tmp_path: Path
) -> None:
    before = client.get(address(12)).content
    publish(couche=services(), changes=[Change("delete", published[0].feature_id)], by=None)
    assert client.get(address(12)).content == before
    assert len(layers(client.get(address(12, version="derniere")).content, tmp_path)["objets"]) == 2
    assert (
        sum(row["count"] for row in layers(client.get(address(9, version="2")).content, tmp_path)["agregats"])
        == 2
    )


def test_what_a_client_holds_is_confirmed_without_asking_the_database(
    client: Client, published: list[Change]
) -> None:
    first = client.get(address(12))
    assert first["Cache-Control"] == "public, max-age=31536000, immutable"
    with CaptureQueriesContext(connection) as captured:
        again = client.get(address(12), headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, len(captured)) == (304, b"", 0)
    assert again["ETag"] == first["ETag"]
    elsewhere = client.get(address(13), headers={"If-None-Match": first["ETag"]})
    assert elsewhere.status_code == 200
    invented = client.get(address(12), headers={"If-None-Match": '"' + "0" * 32 + '"'})
    assert invented.status_code == 200


def test_the_latest_is_asked_again_and_answers_304_until_it_changes(
    client: Client, published: list[Change]
) -> None:
    first = client.get(address(12, version="derniere"))
    assert first["Cache-Control"] == "public, no-cache"
    held = {"If-None-Match": first["ETag"]}
    assert client.get(address(12, version="derniere"), headers=held).status_code == 304
    publish(couche=services(), changes=[create(geom=Point(2.441, 44.931, srid=4326))], by=None)
    assert client.get(address(12, version="derniere"), headers=held).status_code == 200


def test_a_heavy_tile_is_compressed_under_its_own_tag(client: Client, aurillac: Commune) -> None:
    places = [create(geom=Point(2.40 + n / 2_000, 44.93, srid=4326)) for n in range(60)]
    publish(couche=services(), changes=places, by=None)
    plain = client.get(address(10))
    small = client.get(address(10), headers={"Accept-Encoding": "gzip"})
    assert small["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.content) == plain.content
    assert len(small.content) < len(plain.content)
    assert small["ETag"] != plain["ETag"]
    assert "Accept-Encoding" in small["Vary"]
    held = client.get(address(10), headers={"Accept-Encoding": "gzip", "If-None-Match": small["ETag"]})
    assert held.status_code == 304


def test_any_site_may_read_and_nobody_gets_a_cookie(client: Client, published: list[Change]) -> None:
    for where in (address(12), address(5), "/tuiles/services/1/tilejson.json", address(12, version="9")):
        response = client.get(where)
        assert response["Access-Control-Allow-Origin"] == "*"
        assert not response.cookies
    assert client.options(address(12)).status_code == 204
    refused = client.post(address(12))
    assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD, OPTIONS")
    head = client.head(address(12))
    assert (head.status_code, head.content) == (200, b"")
    assert int(head["Content-Length"]) == len(client.get(address(12)).content)


def test_where_nothing_is_the_tile_is_empty(client: Client, published: list[Change]) -> None:
    response = client.get("/tuiles/services/1/12/1/1.mvt")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "1/19/0/0", "1/1/2/0", "1/1/0/2", "1/-1/0/0", "1/01/0/0", "1/a/0/0", "1/10/9999999/0", "1/10/٣/0",
        "0/10/5/5", "2/10/5/5", "v1/10/5/5", "99999999999/10/5/5",
    ],
)  # fmt: skip
def test_what_does_not_exist_is_not_found_in_french(
    client: Client, published: list[Change], path: str
) -> None:
    response = client.get(f"/tuiles/services/{path}.mvt")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert "n'existe pas" in json.loads(response.content)["detail"]


@pytest.mark.parametrize("slug", ["inconnue", "x" * 300, "SERVICES", "%00"])
def test_an_unknown_couche_has_no_tile(client: Client, slug: str) -> None:
    assert client.get(f"/tuiles/{slug}/1/10/5/5.mvt").status_code == 404
    assert client.get(f"/tuiles/{slug}/derniere/tilejson.json").status_code == 404


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?kind=wifi_public", 1),
        ("?services=Acc%C3%A8s+internet+et+mat%C3%A9riel+informatique", 1),
        ("?kind=cafe", 2),
        ("?au=2026-06-30", 1),
        ("?du=2026-07-01", 2),
        ("?datetime=2026-06-01/2026-06-30", 1),
        ("?datetime=2026-06-15", 1),
        ("?datetime=../2026-06-30T00:00:00Z", 1),
        ("?territoire=commune:15014", 3),
        ("?territoire=departement:15&kind=cafe", 2),
        ("?territoire=region:84", 3),
    ],
)
def test_near_the_ground_a_tile_can_be_filtered(
    client: Client, published: list[Change], tmp_path: Path, query: str, count: int
) -> None:
    assert len(layers(client.get(address(12, query=query)).content, tmp_path)["objets"]) == count


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?kind=chateau", "kind"),
        ("?nom=x", "nom"),
        ("?services=cafe&du=hier", "du"),
        ("?du=2026-13-01", "du"),
        ("?du=2026-06-30&au=2026-06-01", "au"),
        ("?territoire=commune:99999", "territoire"),
        ("?territoire='; DROP TABLE", "territoire"),
        ("?datetime=2026-06-01/demain", "au"),
    ],
)
def test_a_filter_that_means_nothing_is_refused_by_its_name(
    client: Client, published: list[Change], query: str, field: str
) -> None:
    response = client.get(address(12, query=query))
    assert response.status_code == 422
    assert field in json.loads(response.content)["errors"]


def test_counts_from_afar_refuse_filters_rather_than_ignore_them(
    client: Client, published: list[Change]
) -> None:
    response = client.get(address(9, query="?kind=cafe"))
    assert response.status_code == 422
    assert "zoom 10" in json.loads(response.content)["detail"]


def test_a_tile_that_cannot_show_all_says_so(
    client: Client, published: list[Change], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "MAX_OBJECTS", 2)
    found = layers(client.get(address(12)).content, tmp_path)
    assert len(found["objets"]) == 2
    assert [(row["truncated"], row["shown"]) for row in found["avis"]] == [(True, 2)]
    monkeypatch.setattr(tiles, "MAX_OBJECTS", 3)
    assert set(layers(client.get(address(12)).content, tmp_path)) == {"objets"}


def test_a_sensitive_couche_gives_counts_by_cell_and_no_place(
    client: Client, sensitive: None, published: list[Change], tmp_path: Path
) -> None:
    assert client.get(address(14)).content == b""
    [cell] = layers(client.get(address(9)).content, tmp_path)["agregats"]
    assert [value % 512 for value in cell["at"]] == [256, 256]
    described = json.loads(client.get("/tuiles/services/1/tilejson.json").content)
    assert [layer["id"] for layer in described["vector_layers"]] == ["agregats"]
    assert described["maxzoom"] == 9


def test_tilejson_says_where_what_and_whose(client: Client, published: list[Change], settings: Any) -> None:
    response = client.get("/tuiles/services/1/tilejson.json")
    described = json.loads(response.content)
    assert described["tilejson"] == "3.0.0"
    assert described["tiles"] == [settings.PUBLIC_URL + "/tuiles/services/1/{z}/{x}/{y}.mvt"]
    assert (described["minzoom"], described["maxzoom"]) == (0, 18)
    west, south, east, north = described["bounds"]
    for lon, lat in PLACES:
        assert west <= lon <= east
        assert south <= lat <= north
    assert east - west < 0.2
    assert "Licence Ouverte" in described["attribution"]
    assert [layer["id"] for layer in described["vector_layers"]] == ["agregats", "objets", "avis"]
    assert "title" in described["vector_layers"][1]["fields"]
    filtered = json.loads(client.get("/tuiles/services/derniere/tilejson.json?kind=cafe").content)
    assert filtered["tiles"][0].endswith("/derniere/{z}/{x}/{y}.mvt?kind=cafe")
    assert filtered["minzoom"] == 10


def test_tilejson_of_an_empty_version_covers_the_world(client: Client, published: list[Change]) -> None:
    publish(couche=services(), changes=[Change("delete", one.feature_id) for one in published], by=None)
    described = json.loads(client.get("/tuiles/services/derniere/tilejson.json").content)
    assert described["bounds"] == [-180, -85.05112, 180, 85.05112]
    assert client.get(address(5, version="2")).content == b""
