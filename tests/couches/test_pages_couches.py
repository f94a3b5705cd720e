"""/couches/ and /couches/{slug}/: for those who download."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couches.models import Couche
from couches.publication import Change, publish, revert
from territoires.models import Commune
from tests.couches.factories import create, services

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(aurillac: Commune) -> Couche:
    """Three versions, the third a revert."""
    one = create()
    publish(couche=services(), changes=[one], by=None, note="Premier envoi <b>")
    publish(couche=services(), changes=[Change("observe", one.feature_id, observations=2), create()], by=None)
    revert(couche=services(), number=1, by=None)
    return services()


def page(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    assert not response.cookies
    html = response.content.decode()
    assert " style=" not in html
    return html


def test_the_catalogue_lists_every_couche(client: Client, published: Couche) -> None:
    html = page(client, "/couches/")
    for couche in Couche.objects.all():
        assert f'href="/couches/{couche.slug}/"' in html
    assert "1 objet<" in html
    assert html.count("pas encore de version") == 2


def test_the_page_offers_each_format_without_scripts(client: Client, published: Couche) -> None:
    html = page(client, "/couches/services/")
    assert '<form action="/exports/services/3/" method="get">' in html
    for code in ("gpkg", "geojson", "shp", "csv", "fgb", "kml"):
        assert f'href="/exports/services/3/?format={code}"' in html
    assert 'value="departement:15"' in html
    assert 'value="region:84"' in html
    assert "csrfmiddlewaretoken" not in html


def test_the_page_tells_versions_and_fields(client: Client, published: Couche) -> None:
    html = page(client, "/couches/services/")
    assert "Rétablit la version 1." in html
    assert "Premier envoi &lt;b&gt;" in html
    assert 'href="/exports/services/2/manifeste.json"' in html
    assert 'href="/couches/services/versions/3/depuis/2/"' in html
    assert 'href="/couches/services/versions/1/depuis/0/' not in html
    assert "<code>tournee[].debut</code>" in html
    assert "mediation:pivot" in html


def test_a_couche_without_version_says_so(client: Client) -> None:
    html = page(client, "/couches/zones-blanches/")
    assert "pas encore de version" in html
    assert "/exports/zones-blanches/" not in html.replace("/exports/zones-blanches/schema.json", "")


@pytest.mark.parametrize("number", ["2", "abc", "-1", "999999999999", "%00"])
def test_any_page_of_versions_answers(client: Client, published: Couche, number: str) -> None:
    page(client, f"/couches/services/?page={number}")


@pytest.mark.parametrize("slug", ["inconnue", "services2", "x" * 300])
def test_an_unknown_couche_is_not_found(client: Client, slug: str) -> None:
    page(client, f"/couches/{slug}/", status=404)


@pytest.mark.parametrize("address", ["/couches/", "/couches/services/"])
def test_the_queries_do_not_grow_with_the_versions(client: Client, published: Couche, address: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        return len(captured)

    before = queries()
    for _ in range(5):
        publish(couche=services(), changes=[create()], by=None)
    assert queries() == before
