"""The name of a territory in an address."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from territoires.models import Commune, Epci, FormerCode
from territoires.scope import commune_of_code, parse_territory


def test_the_four_kinds_are_found_and_nothing_means_the_country(aurillac: Commune, caba: Epci) -> None:
    assert parse_territory("") is None
    assert parse_territory("commune:15014") == aurillac
    assert parse_territory("epci:241500230") == caba
    assert parse_territory("departement:15") == aurillac.departement
    assert parse_territory("region:84") == aurillac.departement.region


@pytest.mark.parametrize(
    "text",
    [
        "15014",
        "commune:",
        "commune:99999",
        "canton:1501",
        "commune:15014:",
        "commune:\x00",
        "region:é",
        "epci:" + "1" * 500,
    ],
)
def test_anything_else_is_refused_on_territoire(aurillac: Commune, text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_territory(text)
    assert list(caught.value.message_dict) == ["territoire"]


def test_a_merged_commune_leads_to_the_one_that_took_over(aurillac: Commune, ytrac: Commune) -> None:
    Commune.objects.filter(pk=ytrac.pk).update(successor=aurillac, valid_to=dt.date(2026, 1, 1))
    assert commune_of_code("15267") == aurillac


def test_a_former_code_leads_to_todays_commune(aurillac: Commune) -> None:
    FormerCode.objects.create(code="15136", nom="Mourjou", kind="commune-deleguee", commune=aurillac)
    assert parse_territory("commune:15136") == aurillac


def test_a_code_that_is_also_a_former_name_is_the_current_commune(aurillac: Commune, ytrac: Commune) -> None:
    FormerCode.objects.create(code="15267", nom="Vieux bourg", kind="commune-deleguee", commune=aurillac)
    assert commune_of_code("15267") == ytrac


def test_a_loop_of_successors_does_not_hang(aurillac: Commune, ytrac: Commune) -> None:
    ended = dt.date(2026, 1, 1)
    Commune.objects.filter(pk="15014").update(successor=ytrac, valid_to=ended)
    Commune.objects.filter(pk="15267").update(successor=aurillac, valid_to=ended)
    assert commune_of_code("15014") is None
