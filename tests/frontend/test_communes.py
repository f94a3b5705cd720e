"""`/communes/` finds a commune; `/communes/{code}/` shows what is published and who answers."""

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from comptes.models import User
from territoires.models import Commune, FormerCode
from tests.factories import CommuneFactory, ContributionFactory, square
from tests.frontend.factories import publish_dead_zone, publish_services


def _text(client: Client, path: str) -> str:
    page = client.get(path)
    assert page.status_code == 200
    return str(page.content.decode())


def test_a_single_answer_leads_straight_to_its_page(
    client: Client, aurillac: Commune, ytrac: Commune
) -> None:
    page = client.get("/communes/", {"q": "ytrac"})
    assert (page.status_code, page["Location"]) == (302, "/communes/15267/")


def test_several_answers_are_listed_with_their_departement(
    client: Client, aurillac: Commune, ytrac: Commune
) -> None:
    CommuneFactory(code_insee="15268", nom="Ytrac-le-Haut", siren="", geom=square(2.2, 44.9))
    text = _text(client, "/communes/?q=ytrac")
    assert "2 communes trouvées" in text
    assert "/communes/15267/" in text and "/communes/15268/" in text


@pytest.mark.parametrize("query", ["zzzz", "a" * 5000, "\x00", "%", "' OR 1=1 --", "é" * 300, "99999", "  "])
def test_any_text_gets_a_page(client: Client, aurillac: Commune, query: str) -> None:
    assert client.get("/communes/", {"q": query}).status_code == 200


def test_a_place_leads_to_its_commune(client: Client, aurillac: Commune) -> None:
    page = client.get("/communes/", {"lon": "2.44", "lat": "44.93"})
    assert (page.status_code, page["Location"]) == (302, "/communes/15014/")


@pytest.mark.parametrize(
    ("lon", "lat"),
    [("0", "0"), ("abc", "1"), ("nan", "44"), ("1e400", "44"), ("2", "91"), ("", ""), ("\x00", "1")],
)
def test_a_place_that_is_none_is_refused_in_words(
    client: Client, aurillac: Commune, lon: str, lat: str
) -> None:
    page = client.get("/communes/", {"lon": lon, "lat": lat})
    assert page.status_code == 422
    assert 'role="alert"' in page.content.decode()


def test_a_merged_commune_s_code_leads_to_its_successor(client: Client, aurillac: Commune) -> None:
    FormerCode.objects.create(code="15027", nom="Calvinet", kind="ancien-code", commune=aurillac)
    page = client.get("/communes/15027/")
    assert (page.status_code, page["Location"]) == (301, "/communes/15014/")


@pytest.mark.parametrize("code", ["00000", "1", "abcde", "15014'--", "%00", "9" * 400])
def test_a_code_of_no_commune_is_not_found(client: Client, aurillac: Commune, code: str) -> None:
    page = client.get(f"/communes/{code}/")
    assert page.status_code == 404
    assert "Cette page n'existe pas" in page.content.decode() or "n&#x27;existe pas" in page.content.decode()


def test_the_page_lists_what_is_in_force_and_nothing_else(
    client: Client, aurillac: Commune, ytrac: Commune
) -> None:
    publish_services(aurillac, "Café Le Relais")
    publish_services(ytrac, "Café d'à côté")
    ContributionFactory(commune=aurillac, attributes={"kind": "cafe", "nom": "Pas encore décidé"})
    text = _text(client, "/communes/15014/")
    assert "Café Le Relais" in text
    assert "à côté" not in text and "Pas encore décidé" not in text


def test_each_couche_has_its_tab_and_its_count(client: Client, aurillac: Commune) -> None:
    publish_services(aurillac, "Un", "Deux")
    publish_dead_zone(aurillac, observations=14, distinct_observers=9)
    text = _text(client, "/communes/15014/?couche=zones-blanches")
    assert re.search(r"Services de proximité <span class=\"compte\">2</span>", text)
    assert "constaté 14 fois" in text


def test_an_unknown_couche_is_not_found(client: Client, aurillac: Commune) -> None:
    assert client.get("/communes/15014/?couche=rien").status_code == 404


def test_twenty_features_a_page(client: Client, aurillac: Commune) -> None:
    publish_services(aurillac, *[f"Café {i:02}" for i in range(25)])
    assert _text(client, "/communes/15014/").count('class="fiche"') == 20
    assert _text(client, "/communes/15014/?page=2").count('class="fiche"') == 5
    for page in ("0", "-1", "abc", "99", "9" * 5000, "²"):
        assert client.get("/communes/15014/", {"page": page}).status_code == 200


def test_the_number_of_queries_does_not_follow_the_number_of_features(
    client: Client, aurillac: Commune, ytrac: Commune, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    publish_services(aurillac, *[f"Café {i}" for i in range(40)])
    with django_assert_max_num_queries(11):
        client.get("/communes/15014/")


def test_a_commune_with_a_moderator_answers_itself(client: Client, bruno: User) -> None:
    assert "La mairie répond." in _text(client, "/communes/15014/")


def test_the_intercommunality_answers_for_a_commune_without_moderator(
    client: Client, aurillac: Commune, driss: User
) -> None:
    assert "intercommunalité répond pour la mairie" in _text(client, "/communes/15014/")


def test_the_neighbour_s_mayor_does_not_count(client: Client, aurillac: Commune, chloe: User) -> None:
    assert "pas encore d'accès" in _text(client, "/communes/15014/").replace("&#x27;", "'")


def test_approximate_outlines_say_so(client: Client, aurillac: Commune) -> None:
    assert "approximatives" not in _text(client, "/communes/15014/")
    Commune.objects.filter(pk="15014").update(approximate=True)
    assert "approximatives" in _text(client, "/communes/15014/")


def test_the_outline_is_drawn_with_its_neighbour_and_its_points(
    client: Client, aurillac: Commune, ytrac: Commune
) -> None:
    publish_services(aurillac, "Un", "Deux")
    text = _text(client, "/communes/15014/")
    assert text.count("contour__point") == 2
    assert text.count("contour__voisin") == 1
    assert re.search(r'contour__trace" d="M\d+ \d+L', text)


def test_a_commune_without_outline_still_has_its_page(client: Client, aurillac: Commune) -> None:
    Commune.objects.filter(pk="15014").update(geom=None)
    assert "pas chargé" in _text(client, "/communes/15014/")
