"""/moderation/pauses/: choosing a place three ways, seeing what residents will read, opening, ending."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.test import Client
from django.utils import timezone

from comptes.models import User
from contributions import pauses
from contributions.models import Pause
from contributions.pause_form import PauseForm
from contributions.zones import circle
from tests.contributions.test_pauses import opened
from tests.contributions.test_signaler import hidden
from tests.factories import ContributionFactory

pytestmark = pytest.mark.django_db
PAGE = "/moderation/pauses/"
CONTOUR = "44,92 2,43\n44,92 2,44\n44,93 2,44\n44,93 2,43"


def asked(**changes: Any) -> dict[str, Any]:
    """What Bruno fills in: a circle of 300 m, for a week."""
    return {
        "extent": "cercle", "lat": "44,93", "lon": "2,44", "radius": "300", "mode": "refuse",
        "reason_code": "propos-repetes", "message": "Appelez la mairie.", "couche": "", "starts_on": "",
        "ends_on": f"{timezone.localdate() + dt.timedelta(days=7):%Y-%m-%d}", "commune": "15014",
        "vertices": "", "etape": "apercu", **changes,
    }  # fmt: skip


@pytest.fixture
def mayor(page_as: Callable[[User], Client], bruno: User) -> Client:
    return page_as(bruno)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, "Environ 28 ha : Aurillac"),
        ({"extent": "commune"}, "Toute la commune : Aurillac"),
        ({"extent": "contour", "vertices": CONTOUR}, "Environ 88 ha : Aurillac"),
    ],
)
def test_the_three_ways_show_what_residents_will_read_then_open(
    mayor: Client, changes: dict[str, str], place: str
) -> None:
    ContributionFactory(geom=Point(2.44, 44.93, srid=4326))
    preview = mayor.post(PAGE, asked(**changes))
    text = preview.content.decode()
    assert preview.status_code == 200 and place in text and "no-store" in preview["Cache-Control"]
    assert f"{timezone.localdate() + dt.timedelta(days=7):%Y} inclus" in text
    assert "suspendus ici" in text and "Appelez la mairie." in text and "1 signalement sans compte" in text
    assert not Pause.objects.exists()
    sent = {**hidden(preview), "etape": "ouvrir"}
    assert mayor.post(PAGE, sent).status_code == 302
    row = Pause.objects.get()
    assert (row.mode, row.codes_insee, row.couche) == ("refuse", ["15014"], None)
    last = timezone.localtime(row.ends)
    assert (last.hour, last.date()) == (0, timezone.localdate() + dt.timedelta(days=8)), "the day is included"
    listed = mayor.get(PAGE).content.decode()
    assert place in listed and "Terminer maintenant" in listed and "Bruno" in listed


def test_from_the_preview_one_may_come_back_with_all_that_was_entered(mayor: Client) -> None:
    preview = mayor.post(PAGE, asked(extent="contour", vertices=CONTOUR, couche="services"))
    page = mayor.post(PAGE, {**hidden(preview), "etape": "modifier"})
    text = page.content.decode()
    assert page.status_code == 200 and "44,92 2,43" in text and 'value="contour"' in text
    assert '<option value="services" selected>' in text and 'id="erreurs"' not in text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"lat": "ici"}, "latitude"),
        ({"lat": ""}, "latitude"),
        ({"radius": "20"}, "Rayon"),
        ({"radius": "9e9"}, "Rayon"),
        ({"extent": "contour", "vertices": "44,92 2,43"}, "trois sommets"),
        ({"extent": "contour", "vertices": "44,92 2,43\n44,93 2,44\n44,93 2,43\n44,92 2,44"}, "se croise"),
        ({"extent": "contour", "vertices": json.dumps({"type": "Point"})}, "Polygon"),
        ({"extent": "commune", "commune": "15267"}, "Commune"),
        ({"extent": "commune", "commune": ""}, "Choisissez une commune"),
        ({"lon": "2,34"}, "Ytrac"),
        ({"extent": "planete"}, "Où ?"),
        ({"mode": "x"}, "sans compte"),
        ({"reason_code": "x"}, "Motif"),
        ({"message": ""}, "liront"),
        ({"message": "x" * 301}, "liront"),
        ({"couche": "inconnue"}, "Sujet"),
        ({"ends_on": "2020-01-01"}, "plus tardive"),
        ({"ends_on": "9999-12-31"}, "Jusqu"),
        ({"ends_on": "hier"}, "Jusqu"),
        ({"starts_on": "0001-01-01"}, "plus tard"),
        ({"ends_on": "0001-01-01"}, "plus tardive"),
        ({"starts_on": "9999-12-31", "ends_on": "9999-12-31"}, "plus proche"),
    ],
)
def test_each_mistake_is_said_at_its_field_and_nothing_is_lost(
    mayor: Client, ytrac: Any, changes: dict[str, str], told: str
) -> None:
    for step in ("apercu", "ouvrir"):
        page = mayor.post(PAGE, asked(**{**changes, "etape": step}))
        text = page.content.decode()
        assert page.status_code == 422 and told in text and 'id="erreurs"' in text
        assert "message" in changes or "Appelez la mairie." in text
    assert not Pause.objects.exists()


def test_half_a_million_vertices_are_a_refusal_like_another(mayor: Client) -> None:
    page = mayor.post(PAGE, asked(extent="contour", vertices="44,92 2,43\n" * 100_000))
    assert page.status_code == 422


@pytest.mark.parametrize(
    "name", ["message", "lat", "vertices", "extent", "commune", "ends_on", "etape", "couche"]
)
@pytest.mark.parametrize("raw", ["\x00", "a\x00b", "\U000e0001", "1e999", "' OR 1=1 --"])
def test_hostile_texts_break_nothing(mayor: Client, name: str, raw: str) -> None:
    extent = "contour" if name == "vertices" else "cercle"
    assert mayor.post(PAGE, asked(**{"extent": extent, name: raw})).status_code in {200, 422}


def test_a_circle_begins_around_a_report_of_ones_own_land_only(
    mayor: Client, page_as: Callable[[User], Client], chloe: User
) -> None:
    report = ContributionFactory(geom=Point(2.4412, 44.9312, srid=4326))
    address = f"{PAGE}?signalement={report.pk}"
    assert 'value="44.9312"' in mayor.get(address).content.decode()
    assert "44.9312" not in page_as(chloe).get(address).content.decode()
    assert mayor.get(f"{PAGE}?signalement=x").status_code == 200


def test_it_is_ended_by_a_click_and_listed_as_past(mayor: Client, bruno: User) -> None:
    row = opened(bruno)
    assert mayor.post(f"{PAGE}{row.pk}/fin/").status_code == 302
    assert mayor.post(f"{PAGE}{row.pk}/fin/").status_code == 302
    assert Pause.objects.get().ended_by == bruno
    text = mayor.get(PAGE).content.decode()
    assert "terminée par" in text and "Terminer maintenant" not in text
    assert mayor.post(f"{PAGE}{10**18}/fin/").status_code == 404
    assert mayor.post(f"{PAGE}{10**30}/fin/").status_code == 404


def test_a_pause_that_goes_beyond_ones_land_is_seen_and_left_alone(
    mayor: Client, driss: User, ytrac: Any
) -> None:
    row = opened(driss, zone=circle(Point(2.39, 44.93, srid=4326), 800))
    text = mayor.get(PAGE).content.decode()
    assert "Aurillac, Ytrac" in text and "Terminer maintenant" not in text
    assert mayor.post(f"{PAGE}{row.pk}/fin/").status_code == 404


def test_the_list_costs_the_same_with_two_pauses_and_with_twenty(
    mayor: Client, bruno: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(18):
        opened(bruno)
    pauses.end_pause(by=bruno, pk=Pause.objects.first().pk)  # type: ignore[union-attr]  # there are eighteen
    with django_assert_max_num_queries(12):
        mayor.get(PAGE)


def test_the_form_names_every_field_of_the_page() -> None:
    """What the preview carries along is all of the form: a field forgotten would be lost."""
    assert set(PauseForm(communes=[]).fields) == set(asked()) - {"etape"}
