"""The map and the list of a couche: same filters, without a script first, then view by view."""

import datetime as dt
import json
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import OperationalError
from django.test import Client

from couches import places
from couches.publication import publish
from territoires.models import Commune
from tests import factories
from tests.couches.factories import create, services

pytestmark = pytest.mark.django_db
PAGE = "/couches/services/"
POINTS = "/couches/services/points.json"
AROUND = "bbox=2.3,44.8,2.6,45.1&zoom=11"


@pytest.fixture
def published(aurillac: Commune, ytrac: Commune) -> None:
    """Twelve cafés of Aurillac, and a wifi spot of Ytrac seen in June."""
    cafes = [
        create(
            geom=Point(2.44 + n / 1_000, 44.93, srid=4326), attributes={"kind": "cafe", "nom": f"Café {n}"}
        )
        for n in range(12)
    ]
    wifi = create(
        geom=Point(2.35, 44.93, srid=4326),
        commune_id="15267",
        attributes={"kind": "wifi_public", "nom": "<b>Wifi</b> d'Ytrac"},
        last_observed_on=dt.date(2026, 6, 15),
    )
    publish(couche=services(), changes=[wifi, *cafes], by=None)


def page(client: Client, query: str = "", status: int = 200) -> str:
    response = client.get(PAGE + query)
    assert response.status_code == status
    return response.content.decode()


def points(client: Client, query: str) -> dict[str, Any]:
    response = client.get(f"{POINTS}?{query}")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = json.loads(response.content)
    return found


def names(html: str) -> list[str]:
    listed = html.partition("data-liste>")[2].partition("</ol>")[0]
    return [part.partition("</a>")[0].rpartition(">")[2] for part in listed.split("<li ")[1:]]


def test_the_list_stands_in_the_page_and_turns(client: Client, published: None) -> None:
    html = page(client)
    assert "13 objets." in html
    assert names(html) == [f"Café {n}" for n in range(11, 1, -1)]
    following = html.partition('rel="next" href="')[2].partition("#")[0]
    rest = page(client, following)
    assert names(rest) == ["Café 1", "Café 0", "&lt;b&gt;Wifi&lt;/b&gt; d&#x27;Ytrac"]
    assert "Début de la liste" in rest
    assert 'rel="next"' not in rest.partition("data-pages")[2].partition("</nav>")[0]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?kind=wifi_public", 1),
        ("?lieu=Ytrac", 1),
        ("?lieu=15267", 1),
        ("?lieu=ytrac&kind=cafe", 0),
        ("?territoire=commune:15014", 12),
        ("?territoire=departement:15", 13),
        ("?au=2026-06-30", 1),
        ("?du=2026-07-01", 12),
    ],
)
def test_filters_are_a_plain_form(client: Client, published: None, query: str, count: int) -> None:
    html = page(client, query)
    said = f"{count} objet{'s' if count > 1 else ''}." if count else "Aucun objet ne répond à ces filtres."
    assert said in html
    assert len(names(html)) == min(count, 10)


def test_the_filters_stay_in_the_form_and_in_the_addresses(client: Client, published: None) -> None:
    html = page(client, "?lieu=Aurillac&kind=cafe&du=2026-01-01&page=1")
    assert '<option value="commune:15014" selected>Aurillac</option>' in html
    assert '<option value="cafe" selected>' in html
    assert 'name="du" value="2026-01-01"' in html
    assert 'data-requete="territoire=commune%3A15014&amp;kind=cafe&amp;du=2026-01-01"' in html
    assert 'href="?territoire=commune%3A15014&amp;kind=cafe&amp;du=2026-01-01&amp;avant=' in html


def test_several_communes_are_proposed_unless_one_bears_the_very_name(
    client: Client, published: None
) -> None:
    factories.CommuneFactory(code_insee="15900", nom="Ytrac-le-Vieux")
    html = page(client, "?lieu=ytr&kind=wifi_public")
    assert "Plusieurs communes répondent à « ytr »" in html
    assert 'href="?kind=wifi_public&amp;territoire=commune:15900#carte"' in html
    assert "Plusieurs communes" not in page(client, "?lieu=ytrac")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?lieu=Nulle+Part", "Aucune commune ne s'appelle « Nulle Part »."),
        ("?kind=chateau", "« chateau » n'est pas une réponse possible"),
        ("?du=hier", "« hier » n'est pas une date"),
        ("?territoire=x", "Écrivez commune:15014"),
        ("?inconnu=1", "« inconnu » n'est pas un filtre"),
        ("?du=<script>", "n'est pas une date"),
    ],
)
def test_what_cannot_be_read_is_said(client: Client, published: None, query: str, said: str) -> None:
    html = page(client, query).replace("&#x27;", "'")
    assert said in html
    assert "<script>'" not in html


@pytest.mark.parametrize("before", ["0", "-1", "abc", "9" * 40, "%00", "1.5"])
def test_any_place_in_the_list_answers(client: Client, published: None, before: str) -> None:
    page(client, f"?avant={before}")


def test_a_view_gives_its_objects_when_they_are_few(client: Client, published: None) -> None:
    seen = points(client, AROUND)
    assert (seen["mode"], seen["total"], seen["exact"], seen["cells"]) == ("objets", 13, True, [])
    wifi = next(one for one in seen["features"] if "Ytrac" in one["properties"]["title"])
    assert wifi["geometry"]["coordinates"] == [2.35, 44.93]
    assert wifi["properties"] == {
        "title": "<b>Wifi</b> d'Ytrac",
        "category": "Wifi public",
        "commune": "Ytrac",
        "last_observed_on": "2026-06-15",
    }
    assert points(client, AROUND + "&territoire=commune:15267")["total"] == 1
    assert points(client, "bbox=0,40,1,41&zoom=9")["features"] == []


@pytest.mark.parametrize("filters", ["", "&kind=cafe", "&territoire=departement:15"])
@pytest.mark.parametrize("zoom", [5, 11, 16])
def test_a_view_counts_when_they_are_many(
    client: Client, published: None, monkeypatch: pytest.MonkeyPatch, filters: str, zoom: int
) -> None:
    monkeypatch.setattr(places, "MAX_OBJECTS", 11)
    seen = points(client, f"bbox=2.3,44.8,2.6,45.1&zoom={zoom}{filters}")
    expected = 12 if "cafe" in filters else 13
    assert (seen["mode"], seen["total"], seen["exact"]) == ("agregats", expected, True)
    assert sum(count for _lon, _lat, count in seen["cells"]) == expected
    assert all(2.3 < lon < 2.6 and 44.8 < lat < 45.1 for lon, lat, _count in seen["cells"])
    assert len(seen["features"]) == 10


def test_a_view_that_reads_too_much_says_at_least(
    client: Client, published: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MAX_OBJECTS", 5)
    monkeypatch.setattr(places, "SCANNED", 8)
    seen = points(client, AROUND + "&kind=cafe")
    assert (seen["total"], seen["exact"]) == (8, False)
    monkeypatch.setattr(places, "COUNTED", 8)
    assert "Plus de 8 objets." in page(client, "?kind=cafe")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "bbox"),
        ("bbox=1,2,3&zoom=5", "bbox"),
        ("bbox=nan,0,1,1&zoom=5", "bbox"),
        ("bbox=0,0,inf,1&zoom=5", "bbox"),
        ("bbox=2,44,1,45&zoom=5", "bbox"),
        ("bbox=200,44,201,45&zoom=5", "bbox"),
        ("bbox=0,0,1,1,2&zoom=5", "bbox"),
        ("bbox=0,0,1,1", "zoom"),
        ("bbox=0,0,1,1&zoom=20", "zoom"),
        ("bbox=0,0,1,1&zoom=-1", "zoom"),
        ("bbox=0,0,1,1&zoom=5&kind=x", "kind"),
        ("bbox=0,0,1,1&zoom=5&autre=x", "autre"),
    ],
)
def test_a_view_that_means_nothing_is_refused(
    client: Client, published: None, query: str, field: str
) -> None:
    response = client.get(f"{POINTS}?{query}")
    assert response.status_code == 422
    assert field in json.loads(response.content)["errors"]


def test_a_view_is_confirmed_until_the_next_version(client: Client, published: None) -> None:
    first = client.get(f"{POINTS}?{AROUND}")
    assert first["Cache-Control"] == "public, no-cache"
    assert not first.cookies
    held = {"If-None-Match": first["ETag"]}
    assert client.get(f"{POINTS}?{AROUND}", headers=held).status_code == 304
    publish(couche=services(), changes=[create()], by=None)
    assert client.get(f"{POINTS}?{AROUND}", headers=held).status_code == 200


def test_the_whole_world_can_be_looked_at(client: Client, published: None) -> None:
    assert points(client, "bbox=-400,-89,400,89&zoom=0")["total"] == 13
    assert points(client, "bbox=-180,-85,180,85&zoom=19")["total"] == 13


def test_a_sensitive_couche_shows_counts_and_communes(
    client: Client, sensitive: None, published: None
) -> None:
    seen = points(client, "bbox=2.3,44.8,2.6,45.1&zoom=16")
    assert seen["mode"] == "agregats"
    assert all(one["geometry"] is None for one in seen["features"])
    assert "un objet publié" not in page(client)
    assert "arrondi à une dizaine de kilomètres" in page(client)


def test_before_the_first_version_there_is_no_map(client: Client, aurillac: Commune) -> None:
    response = client.get("/couches/zones-blanches/")
    assert b"data-couche-carte" not in response.content
    assert client.get(f"/couches/zones-blanches/points.json?{AROUND}").status_code == 404


def test_a_database_that_takes_too_long_leaves_the_page(
    client: Client, published: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_given: object) -> None:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(places, "listed", too_long)
    html = page(client, "?kind=cafe")
    assert "choisissez un territoire plus petit" in html
    assert 'id="telecharger"' in html
    monkeypatch.setattr(places, "view", too_long)
    refused = client.get(f"{POINTS}?{AROUND}")
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
