"""Search by what people type."""

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from territoires.cog import read_cog
from territoires.models import Commune, FormerCode
from territoires.names import Folded, fold
from territoires.search import find_communes
from tests import factories


@pytest.fixture
def carlat(db: None) -> Commune:
    return factories.CommuneFactory(
        code_insee="15183", nom="Saint-Étienne-de-Carlat", codes_postaux=["15130"]
    )


def codes(text: str) -> list[str]:
    return [commune.code_insee for commune in find_communes(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Saint-Étienne-de-Carlat",
        "st etienne",
        "ST ÉTIENNE DE CARLAT",
        "carlat",
        "15183",
        "15130",
        " etienne-de ",
    ],
)
def test_accents_case_hyphens_and_saints_do_not_matter(carlat: Commune, text: str) -> None:
    assert codes(text) == ["15183"]


def test_old_names_and_old_codes_find_todays_commune(carlat: Commune) -> None:
    FormerCode.objects.create(code="15136", nom="Mourjou", kind="commune-deleguee", commune=carlat)
    assert codes("mourj") == codes("15136") == ["15183"]


def test_the_likeliest_comes_first(carlat: Commune) -> None:
    factories.CommuneFactory(code_insee="15028", nom="Carlat", population=10, geom=None, chef_lieu=None)
    factories.CommuneFactory(code_insee="15029", nom="Carlatou", population=9000, geom=None, chef_lieu=None)
    assert codes("carlat") == ["15028", "15029", "15183"]


def test_a_postcode_finds_every_commune_it_serves(carlat: Commune) -> None:
    factories.CommuneFactory(
        code_insee="15028", nom="Carlat", codes_postaux=["15130", "15000"], geom=None, chef_lieu=None
    )
    assert set(codes("15130")) == {"15028", "15183"}


def test_twenty_answers_at_most(carlat: Commune) -> None:
    for number in range(30):
        factories.CommuneFactory(
            code_insee=f"151{number:02}", nom=f"Carlat {number}", geom=None, chef_lieu=None
        )
    assert len(find_communes("carlat", limit=500)) == 20
    assert find_communes("carlat", limit=-1) == []


def test_the_commune_of_y_exists(carlat: Commune) -> None:
    factories.CommuneFactory(code_insee="80829", nom="Y", geom=None, chef_lieu=None)
    assert codes("y") == ["80829"]


@pytest.mark.parametrize("text", ["", " ", "'", "%", "_", "\x00", "\ud800", "-" * 5000, "' OR 1=1 --", "a"])
def test_a_text_that_says_nothing_finds_nothing(carlat: Commune, text: str) -> None:
    assert find_communes(text) == []


@given(text=st.text())
@pytest.mark.django_db
def test_no_text_breaks_the_search(text: str) -> None:
    assert find_communes(text) == []


@pytest.mark.django_db
def test_python_and_sql_fold_every_name_of_the_cog_alike() -> None:
    cog = read_cog(settings.COG_PATH)
    names = sorted({commune.nom for commune in cog.communes.values()} | {name.nom for name in cog.former})
    with connection.cursor() as cursor:
        sql = Folded.template % {"expressions": "name"}
        cursor.execute(f"SELECT name, {sql} FROM unnest(%s::text[]) AS name", [names])
        different = [(name, folded) for name, folded in cursor.fetchall() if folded != fold(name)]
    assert len(names) > 30_000
    assert different == []


def test_searches_use_the_trigram_and_postcode_indexes(carlat: Commune) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    for lookup in ({"nom_folded__contains": "carlat"}, {"codes_postaux__contains": ["15130"]}):
        plan = Commune.objects.filter(**lookup).order_by(F("population")).explain()
        assert "commune_nom_trgm" in plan or "commune_codes_postaux" in plan
