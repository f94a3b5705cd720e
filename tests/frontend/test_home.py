"""`/`: two doors, and only what is truly published."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from territoires.models import Commune
from tests.factories import ContributionFactory
from tests.frontend.factories import publish_dead_zone, publish_services


def test_before_any_publication_the_page_promises_nothing(client: Client, db: None) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "Publié récemment" not in page.content.decode()


def test_what_was_published_last_is_shown_first(client: Client, aurillac: Commune) -> None:
    publish_services(aurillac, "Café Le Relais")
    publish_dead_zone(aurillac)
    text = client.get("/").content.decode()
    assert 0 < text.index("Orange : appels impossible") < text.index("Café Le Relais")


def test_what_awaits_a_decision_is_not_shown(client: Client, aurillac: Commune) -> None:
    ContributionFactory(commune=aurillac, attributes={"kind": "cafe", "nom": "Café secret"})
    assert "Café secret" not in client.get("/").content.decode()


def test_the_number_of_queries_does_not_follow_the_number_of_features(
    client: Client, aurillac: Commune, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    publish_services(aurillac, "Un")
    with django_assert_num_queries(3):
        client.get("/")
    publish_services(aurillac, *[f"Café {i}" for i in range(12)])
    with django_assert_num_queries(3):
        client.get("/")


@pytest.mark.parametrize("path", ["/", "/aide/", "/accessibilite/", "/donnees-personnelles/", "/communes/"])
def test_a_visitor_gets_no_cookie(client: Client, db: None, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert not page.cookies


def test_a_feature_s_name_is_never_markup(client: Client, aurillac: Commune) -> None:
    publish_services(aurillac, "<script>alert(1)</script>")
    assert "<script>alert" not in client.get("/").content.decode()
