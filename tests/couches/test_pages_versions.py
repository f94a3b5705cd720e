"""/couches/{slug}/versions/…: what was published, how to cite it, what differs."""

import re

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from comptes.models import User
from couches import differences as module
from couches.differences import differences
from couches.models import Couche
from couches.publication import Change, publish, revert
from territoires.models import Commune
from tests import factories
from tests.couches.factories import CAFE, create, services
from tests.couches.test_pages_couches import page

pytestmark = pytest.mark.django_db
SECRET = "Chez Solange, fermé"
ALL = "/couches/services/versions/"


@pytest.fixture
def history(aurillac: Commune, ytrac: Commune, sophie: User) -> Couche:
    """1: two cafés; 2: one renamed, moved to Ytrac, one withdrawn, one added; 3: back to 1."""
    one, two = create(), create(attributes={**CAFE, "nom": SECRET})
    publish(couche=services(), changes=[one, two], by=sophie, note="Premier envoi <b>")
    renamed = Change(
        "update", one.feature_id, Point(2.34, 44.92, srid=4326), {**CAFE, "nom": "Café <Neuf>"}, "15267"
    )
    publish(couche=services(), changes=[renamed, Change("delete", two.feature_id), create()], by=None)
    revert(couche=services(), number=1, by=sophie)
    return services()


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_list_says_when_by_which_function_and_how_much(
    client: Client, history: Couche, sophie: User
) -> None:
    html = page(client, ALL)
    for number in (1, 2, 3):
        assert f'href="{ALL}{number}/"' in html
    assert f'href="{ALL}3/depuis/2/"' in html and f"{ALL}1/depuis/" not in html
    assert "Responsable de la couche" in html and "Publication programmée" in html
    assert "Rétablit la version 1." in html and "Premier envoi &lt;b&gt;" in html
    assert "1 ajoutés, 1 modifiés, 1 retirés" in text_of(html)


@pytest.mark.parametrize("address", ["", "1/", "3/", "2/depuis/1/"])
def test_no_person_is_named(client: Client, history: Couche, sophie: User, address: str) -> None:
    html = page(client, ALL + address)
    assert sophie.email not in html
    assert sophie.pk and str(sophie) not in html


def test_the_list_of_a_couche_without_version_says_so(client: Client) -> None:
    assert "pas encore de version" in page(client, "/couches/zones-blanches/versions/")


def test_a_version_can_be_cited_and_checked(client: Client, history: Couche, settings: object) -> None:
    html = page(client, f"{ALL}1/")
    one = history.versions.get(number=1)
    assert f"{one.sha256}<" in html
    assert f'<link rel="canonical" href="http://127.0.0.1:8000{ALL}1/">' in html
    assert f"version 1, {one.published_at.day} " in text_of(html)
    assert 'href="/exports/services/1/?format=gpkg"' in html
    assert f'href="{ALL}3/depuis/1/"' in html and f'rel="next" href="{ALL}2/"' in html
    assert "Rétablit la version 1" in page(client, f"{ALL}3/")


def test_differences_are_told_field_by_field(client: Client, history: Couche) -> None:
    html = page(client, f"{ALL}2/depuis/1/")
    told = text_of(html)
    assert "1 ajoutés, 1 modifiés, 1 retirés." in told
    assert "Café de la Place → devient Café &lt;Neuf&gt;" in told
    assert "Commune : Aurillac → devient Ytrac" in told
    assert "44,9300000 ; 2,4400000 → devient 44,9200000 ; 2,3400000" in told


def test_what_is_withdrawn_is_not_published_again(client: Client, history: Couche) -> None:
    """Neither its words nor its place, in the table or for the map."""
    html = page(client, f"{ALL}2/depuis/1/?type=withdrawn")
    number = differences(history, 1, 2, kind="withdrawn")[0][0].number
    assert f'id="objet-{number}"' in html and "retiré" in html
    assert SECRET not in html and "44.93" not in html and "points-differences" not in html


@pytest.mark.parametrize(
    ("territory", "expected"),
    [
        ("commune:15014", {"added": 1, "withdrawn": 2}),
        ("commune:15267", {"added": 1}),
        ("departement:15", {"added": 1, "changed": 1, "withdrawn": 1}),
    ],
)
def test_a_territory_sees_who_left_it_and_who_entered(
    client: Client, history: Couche, territory: str, expected: dict[str, int]
) -> None:
    words = {"added": "ajouté", "changed": "modifié", "withdrawn": "retiré"}
    html = page(client, f"{ALL}2/depuis/1/?territoire={territory}")
    cells = re.findall(r'data-titre="Changement">(.*?)</td>', html, re.DOTALL)
    found = [text_of(cell).strip() for cell in cells]
    assert {kind: found.count(word) for kind, word in words.items() if word in found} == expected
    for kind in module.CHANGES:
        rows = page(client, f"{ALL}2/depuis/1/?territoire={territory}&type={kind}").count('id="objet-')
        assert rows == expected.get(kind, 0)


def test_pages_of_differences_skip_and_repeat_nothing(client: Client, history: Couche) -> None:
    publish(couche=history, changes=[create() for _ in range(120)], by=None)
    address, met = "?type=added", []
    while address:
        html = page(client, f"{ALL}4/depuis/3/{address}")
        met += re.findall(r'id="objet-(\d+)"', html)
        found = re.search(r'rel="next" href="([^"]+)"', html)
        address = found[1].replace("&amp;", "&") if found else ""
    assert len(met) == len(set(met)) == 120


@pytest.mark.parametrize(
    ("query", "to"), [("de=1&a=3", "3/depuis/1/"), ("de=3&a=1", "3/depuis/1/"), ("de=2&a=3", "3/depuis/2/")]
)
def test_the_form_leads_to_the_differences(client: Client, history: Couche, query: str, to: str) -> None:
    response = client.get(f"{ALL}comparer/?{query}")
    assert (response.status_code, response["Location"]) == (302, ALL + to)


@pytest.mark.parametrize(
    "query", ["", "de=1&a=1", "de=1&a=9", "de=x&a=2", "de=-1&a=2", f"de={'9' * 40}&a=1", "de=²&a=1"]
)
def test_an_impossible_choice_says_what_to_correct(client: Client, history: Couche, query: str) -> None:
    html = page(client, f"{ALL}comparer/?{query}", status=422)
    assert "Choisissez deux versions différentes" in html


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("9/", 404), ("0/", 404), (f"{'9' * 30}/", 404), ("1/depuis/2/", 404), ("2/depuis/2/", 404),
        ("2/depuis/0/", 404), ("2/depuis/1/?territoire=commune:99999", 422),
        ("2/depuis/1/?territoire=%00", 422), ("2/depuis/1/?type=x&apres=" + "9" * 30, 200),
        ("2/depuis/1/?apres=" + "9" * 18, 200), ("2/depuis/1/?apres=-1", 200),
    ],
)  # fmt: skip
def test_hostile_addresses_get_a_page(client: Client, history: Couche, path: str, status: int) -> None:
    page(client, ALL + path, status=status)


@pytest.mark.parametrize("address", ["", "2/", "2/depuis/1/"])
def test_the_queries_do_not_grow(client: Client, aurillac: Commune, address: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, ALL + address)
        return len(captured)

    publish(couche=services(), changes=[create()], by=None)
    publish(couche=services(), changes=[create()], by=None)
    before = queries()
    publish(couche=services(), changes=[create() for _ in range(20)], by=None)
    address = address.replace("2/depuis/1", "3/depuis/1")
    assert queries() == before


def test_the_page_of_differences_reads_the_changes_only(aurillac: Commune) -> None:
    """Four thousand places, three changes: the plan never reads the couche."""
    places = [create(geom=Point(2 + n / 4_000, 44.5, srid=4326)) for n in range(4_000)]
    publish(couche=services(), changes=places, by=None)
    changed = [Change("observe", one.feature_id, observations=2) for one in places[:3]]
    publish(couche=services(), changes=changed, by=None)
    with CaptureQueriesContext(connection) as captured:
        differences(services(), 1, 2, territory=factories.CommuneFactory(code_insee="15100", nom="Ailleurs"))
        differences(services(), 1, 2, territory=aurillac)
    statements = [query["sql"] for query in captured if "couches_featureversion" in query["sql"]]
    assert len(statements) >= 3
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE couches_featureversion, couches_feature")
        for statement in statements:
            cursor.execute("EXPLAIN " + statement.replace("%", "%%"), [])
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan on couches_featureversion" not in plan and "Gather" not in plan, plan
