"""/couches/{slug}/objets/{number}/: what is published of an object, and what happened to it."""

import datetime as dt
import uuid

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couches.history import distance_m
from couches.models import Feature
from couches.publication import Change, publish, revert
from territoires.models import Commune
from tests.couches.factories import create, services

pytestmark = pytest.mark.django_db
CAFE = {
    "kind": "cafe",
    "nom": "Café <b>Le Relais</b>",
    "services": ["Accès internet et matériel informatique"],
    "itinerance": "Fixe",
}


@pytest.fixture
def place(aurillac: Commune) -> uuid.UUID:
    """A café of Aurillac, published in version 1."""
    one = create(attributes=CAFE, accuracy_m=12.0)
    publish(couche=services(), changes=[one], by=None)
    return one.feature_id


def address(feature_id: uuid.UUID, slug: str = "services") -> str:
    return f"/couches/{slug}/objets/{Feature.objects.get(pk=feature_id).number}/"


def page(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    assert not response.cookies
    return response.content.decode().replace("&#x27;", "'")


def update(feature_id: uuid.UUID, **given: object) -> Change:
    values = {
        "geom": Point(2.44, 44.93, srid=4326),
        "attributes": CAFE,
        "commune_id": "15014",
        "last_observed_on": dt.date(2026, 11, 20),
        "accuracy_m": 12.0,
        **given,
    }
    return Change("update", feature_id, **values)  # type: ignore[arg-type]


def test_an_object_is_told_in_words(client: Client, place: uuid.UUID) -> None:
    html = page(client, address(place))
    assert "<h1>Café &lt;b&gt;Le Relais&lt;/b&gt;</h1>" in html
    assert "Non, toujours au même endroit" in html
    assert "Café de village" in html
    assert ">Fixe<" not in html
    assert 'href="/communes/15014/' in html
    assert "44.93000, 2.44000" in html
    assert "à 12 m près" in html
    assert "constaté 1 fois" in html
    assert "Première publication" in html


def test_an_object_leads_to_its_correction_and_its_ogc_item(client: Client, place: uuid.UUID) -> None:
    html = page(client, address(place))
    assert f'href="/signaler/?commune=15014&amp;couche=services&amp;feature={place}"' in html
    assert f'href="/ogc/collections/services/items/{place}"' in html


def test_its_address_is_printed_and_drawn(client: Client, place: uuid.UUID, settings: object) -> None:
    path = address(place)
    html = page(client, path)
    assert f"{settings.PUBLIC_URL}{path}</code>" in html  # type: ignore[attr-defined]
    assert 'src="data:image/svg+xml' in html
    assert 'rel="canonical"' in html


def test_each_version_says_what_changed_before_and_after(client: Client, place: uuid.UUID) -> None:
    renamed = {**CAFE, "nom": "Café du Pont", "itinerance": "Itinérant"}
    del renamed["services"]
    moved = Point(2.44, 44.9309, srid=4326)
    publish(couche=services(), changes=[update(place, attributes=renamed, geom=moved)], by=None)
    publish(couche=services(), changes=[Change("observe", place, observations=3)], by=None)
    html = page(client, address(place))
    history = html.partition('id="histoire"')[2]
    assert history.index("version 3") < history.index("version 2") < history.index("version 1")
    assert "Constaté de nouveau" in history
    assert "</span>Café &lt;b&gt;Le Relais&lt;/b&gt;</del>" in history
    assert "</span>Café du Pont</ins>" in history
    assert "Oui, c'est un service itinérant</ins>" in history
    assert "plus de réponse" in history
    assert "déplacée de 100 m" in history
    assert "<h1>Café du Pont</h1>" in html


def test_a_withdrawn_object_keeps_its_identity_and_nothing_else(client: Client, place: uuid.UUID) -> None:
    publish(couche=services(), changes=[update(place, attributes={**CAFE, "nom": "Nom secret"})], by=None)
    publish(couche=services(), changes=[Change("delete", place)], by=None)
    html = page(client, address(place))
    assert "depuis la version 3" in html
    assert str(place) in html
    for gone in ("Relais", "Nom secret", "44.93", "Aurillac", "/ogc/", "signaler/?", "Non, toujours"):
        assert gone not in html, gone
    assert 'name="robots" content="noindex"' in html


def test_what_comes_back_is_told(client: Client, place: uuid.UUID) -> None:
    publish(couche=services(), changes=[Change("delete", place)], by=None)
    revert(couche=services(), number=1, by=None)
    history = page(client, address(place)).partition('id="histoire"')[2]
    assert history.index("Rétabli") < history.index("Retiré") < history.index("Première publication")
    assert "<h1>" not in history


def test_of_a_sensitive_couche_only_the_commune_is_told(
    client: Client, sensitive: None, place: uuid.UUID
) -> None:
    publish(couche=services(), changes=[update(place, geom=Point(2.461, 44.931, srid=4326))], by=None)
    html = page(client, address(place))
    assert "seule la commune est montrée" in html
    for hidden in ("44.9", "2,5", "data-carte-points", "/ogc/", "déplacée"):
        assert hidden not in html, hidden


@pytest.mark.parametrize("path", ["services/objets/999999", "services/objets/0", f"services/objets/{2**70}"])
def test_an_unknown_number_is_not_found(client: Client, place: uuid.UUID, path: str) -> None:
    page(client, f"/couches/{path}/", status=404)


def test_a_number_belongs_to_its_couche(client: Client, place: uuid.UUID) -> None:
    number = Feature.objects.get(pk=place).number
    page(client, f"/couches/zones-blanches/objets/{number}/", status=404)
    page(client, f"/couches/inconnue/objets/{number}/", status=404)


def test_the_queries_do_not_grow_with_the_history(client: Client, place: uuid.UUID) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(address(place))
        return len(captured)

    before = queries()
    for seen in range(2, 8):
        publish(couche=services(), changes=[Change("observe", place, observations=seen)], by=None)
    assert queries() == before


def test_a_distance_is_right_to_a_thousandth() -> None:
    # One minute of latitude is a nautical mile.
    assert distance_m(Point(2.0, 45.0), Point(2.0, 45.0 + 1 / 60)) == pytest.approx(1_853, abs=2)
