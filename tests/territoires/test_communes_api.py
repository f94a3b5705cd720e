"""GET /api/v1/communes/: by place, by text, by code."""

import datetime as dt

import pytest
from rest_framework.test import APIClient

from territoires.models import Commune, FormerCode

HERE = "/api/v1/communes/"


def test_the_commune_of_a_place_and_whether_it_is_near_a_border(
    api: APIClient, aurillac: Commune, ytrac: Commune
) -> None:
    answer = api.get(HERE, {"lon": "2.44", "lat": "44.93"})
    assert answer.status_code == 200
    assert (answer.data["code"], answer.data["nom"], answer.data["near_border"]) == (
        "15014",
        "Aurillac",
        False,
    )
    assert api.get(HERE, {"lon": "2.3905", "lat": "44.93"}).data["near_border"] is True
    assert not answer.cookies


def test_outside_france_is_a_404_that_explains(api: APIClient, aurillac: Commune) -> None:
    answer = api.get(HERE, {"lon": "13.4", "lat": "52.5"})
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("application/problem+json")
    assert "hors de France" in answer.data["detail"]


@pytest.mark.parametrize(
    "query",
    [
        {"lon": "nan", "lat": "45"},
        {"lon": "1e999", "lat": "45"},
        {"lon": "2.4"},
        {"lat": "45"},
        {"lon": "2.4", "lat": "\x00"},
        {"lon": "200", "lat": "45"},
        {"lon": "", "lat": ""},
    ],
)
def test_bad_numbers_are_a_422_on_geometry(api: APIClient, aurillac: Commune, query: dict[str, str]) -> None:
    answer = api.get(HERE, query)
    assert answer.status_code == 422
    assert list(answer.data["errors"]) == ["geometry"]


def test_nothing_asked_is_a_refusal_that_says_what_to_give(api: APIClient, db: None) -> None:
    answer = api.get(HERE)
    assert 400 <= answer.status_code < 500
    assert "lon et lat, ou q" in answer.data["detail"]


def test_a_text_gives_a_list(api: APIClient, aurillac: Commune) -> None:
    answer = api.get(HERE, {"q": "AURIL"})
    assert [commune["code"] for commune in answer.data["results"]] == ["15014"]
    assert api.get(HERE, {"q": "\x00\x01"}).data == {"results": []}


def test_a_code_gives_all_that_is_known(api: APIClient, aurillac: Commune) -> None:
    answer = api.get(f"{HERE}15014/")
    assert answer.status_code == 200
    assert answer.data["epci"] == {"code": "241500230", "nom": "CA Aurillac Agglomération"}
    assert answer.data["departement"] == {"code": "15", "nom": "Cantal"}
    assert (answer.data["srid"], answer.data["current"], answer.data["successor"]) == (2154, True, None)


@pytest.mark.parametrize("ended", [True, False])
def test_an_old_code_answers_with_its_successor(
    api: APIClient, aurillac: Commune, ytrac: Commune, ended: bool
) -> None:
    if ended:
        Commune.objects.filter(pk=ytrac.pk).update(successor=aurillac, valid_to=dt.date(2026, 1, 1))
    else:
        FormerCode.objects.create(code="15136", nom="Mourjou", kind="commune-deleguee", commune=aurillac)
    answer = api.get(f"{HERE}{'15267' if ended else '15136'}/")
    assert answer.status_code == 200
    assert answer.data["current"] is False
    assert answer.data["successor"] == {"code": "15014", "nom": "Aurillac"}
    assert answer.data["code"] == "15014"


@pytest.mark.parametrize("code", ["99999", "abc", "%00", "15014%20", "x" * 300])
def test_an_unknown_code_is_a_404(api: APIClient, aurillac: Commune, code: str) -> None:
    assert api.get(f"{HERE}{code}/").status_code == 404


def test_a_lookup_costs_the_same_whatever_the_answer(
    api: APIClient, aurillac: Commune, ytrac: Commune, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        api.get(HERE, {"lon": "2.44", "lat": "44.93"})
    with django_assert_num_queries(2):  # type: ignore[operator]
        api.get(f"{HERE}15014/")
