"""POST contributions/apercu/: what a report would become; nothing is written, nobody's report is located."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from comptes.models import User
from comptes.roles import Role
from contributions.models import Contribution
from couches.models import Couche, FeatureVersion
from territoires.models import Commune, Epci
from tests import factories
from tests.contributions.factories import payload, published
from tests.contributions.test_signaler import ADDRESS, at_the_check, at_the_details, hidden

pytestmark = pytest.mark.django_db
PATH = "/api/v1/contributions/apercu/"


def ask(api: APIClient, body: Any, status: int = 200) -> dict[str, Any]:
    """Ask for a preview."""
    with CaptureQueriesContext(connection) as queries:
        answer = api.post(PATH, body, format="json")
    assert answer.status_code == status, answer.content
    assert not answer.cookies and "no-store" in answer["Cache-Control"]
    ours = [q["sql"].strip() for q in queries if "tokenbucket" not in q["sql"]]
    assert len(ours) <= 10
    assert not [text for text in ours if re.match(r"(INSERT|UPDATE|DELETE)", text)]
    told: dict[str, Any] = answer.json()
    return told


def rows(told: dict[str, Any]) -> dict[str, str]:
    """Return the public rows by label."""
    return {row["label"]: row["value"] for row in told["public"]}


def test_a_whole_report_says_where_it_goes_and_what_will_be_public(
    api: APIClient, aurillac: Commune, bruno: User
) -> None:
    told = ask(api, payload())
    assert told["commune"] == {"code": "15014", "nom": "Aurillac"} and told["near_border"] is False
    assert (told["answered_by"], told["duplicates"], told["pending"]) == ("commune", [], 0)
    assert told["errors"] == {}
    assert rows(told) == {
        "Sujet": "Réseau mobile : zones blanches",
        "Commune": "Aurillac",
        "Lieu": "44,9300000, 2,4400000, à 12 m près",
        **{label: value for label, value in rows(told).items() if "Orange" in value},
        "Constaté le": "4 mai 2026",
    }
    assert "amel" not in str(ask(api, payload(email="amel@exemple.fr")))
    assert not Contribution.objects.exists()


def test_what_it_shows_is_what_submit_stores(api: APIClient, aurillac: Commune) -> None:
    told = ask(api, payload())
    sent = api.post("/api/v1/contributions/", payload(), format="json").json()
    assert (sent["commune"], sent["near_border"]) == (told["commune"], told["near_border"])


def test_only_the_couche_is_required(api: APIClient, aurillac: Commune) -> None:
    told = ask(api, {"couche": "zones-blanches"})
    assert told["commune"] is None and told["near_border"] is None and told["answered_by"] == ""
    assert {"geometry", "observed_at", "attributes.operators"} <= set(told["errors"])
    assert not {"id", "secret"} & set(told["errors"]), "those are the device's to make"
    placed = ask(api, {"couche": "zones-blanches", "geometry": payload()["geometry"]})
    assert placed["commune"]["nom"] == "Aurillac" and "geometry" not in placed["errors"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "x"}, "id"),
        ({"secret": "court"}, "secret"),
        ({"operation": "voler"}, "operation"),
        ({"operation": "confirm"}, "feature"),
        ({"geometry": {"type": "Point", "coordinates": [-30, 40]}}, "geometry"),
        ({"geometry": {"type": "Point", "coordinates": ["a", None]}}, "geometry"),
        ({"geometry": []}, "geometry"),
        ({"attributes": {"operators": [{"operator": "Free"}], "inconnu": 1}}, "attributes.inconnu"),
        ({"attributes": "x"}, "attributes"),
        ({"observed_at": "hier"}, "observed_at"),
        ({"observed_at": "2999-01-01T00:00:00Z"}, "observed_at"),
        ({"accuracy_m": -1}, "accuracy_m"),
        ({"accuracy_m": 10**400}, "accuracy_m"),
        ({"email": "amel@"}, "email"),
        ({"position_source": "odeur"}, "position_source"),
    ],
)
def test_the_errors_are_those_submit_would_raise(
    changes: dict[str, Any], field: str, api: APIClient, aurillac: Commune
) -> None:
    body = payload(**changes)
    told = ask(api, body)
    refused = api.post("/api/v1/contributions/", body, format="json").json()["errors"]
    assert field in told["errors"] and told["errors"] == refused


def test_the_clerk_is_heard_at_her_desk_and_the_neighbour_told_no(
    api_as: Callable[[User], APIClient], claude: User, chloe: User
) -> None:
    assert "Connectez-vous" in ask(APIClient(), payload(channel="desk"))["errors"]["channel"][0]
    assert ask(api_as(claude), payload(channel="desk"))["errors"] == {}
    assert "mandats" in ask(api_as(chloe), payload(channel="desk"))["errors"]["channel"][0]


@pytest.mark.parametrize(
    "body",
    [[], "x", 3, None, {}, {"couche": "inconnue"}, {"couche": 3}, {"couche": "zones-blanches", "status": "x"},
     {"couche": "zones-blanches", "channel": "import"}, {"couche": "\x00"}, {"couche": ["a"]}],
)  # fmt: skip
def test_what_is_no_report_is_refused(body: Any, api: APIClient, aurillac: Commune) -> None:
    ask(api, body, status=422)


@pytest.mark.parametrize("raw", ["{", "", '{"couche": NaN}', "[" * 2000, '{"a":' * 30 + "1" + "}" * 30])
def test_unreadable_json_is_refused(raw: str, api: APIClient, aurillac: Commune) -> None:
    assert api.post(PATH, raw, content_type="application/json").status_code in {400, 422}


def test_hostile_texts_break_nothing(api: APIClient, aurillac: Commune) -> None:
    hostile = '{"couche": "zones-blanches", "attributes": {"\\ud800": 1, "operators": "\\ud800"}}'
    answer = api.post(PATH, hostile, content_type="application/json")
    assert answer.status_code == 200 and answer.json()["errors"]


def test_another_site_is_refused(api: APIClient, aurillac: Commune) -> None:
    headers = {"Origin": "https://ailleurs.exemple"}
    assert api.post(PATH, payload(), format="json", headers=headers).status_code == 403


def test_features_near_are_shown_whole_and_reports_only_counted(api: APIClient, aurillac: Commune) -> None:
    far, near = published(aurillac, lat=44.9306), published(aurillac, lat=44.9302)
    for lat in (44.9301, 44.9303):
        factories.ContributionFactory(
            commune=aurillac, couche=near.couche, geom=Point(2.44, lat, srid=4326),
            attributes={"kind": "cafe", "nom": "Canari"},
        )  # fmt: skip
    told = ask(api, payload(couche="services", attributes={"kind": "cafe", "nom": "Le Zinc"}))
    assert [one["id"] for one in told["duplicates"]] == [str(near.pk), str(far.pk)]
    assert {one["kind"] for one in told["duplicates"]} == {"feature"}
    assert told["duplicates"][0]["label"] == "Café des Amis" and told["duplicates"][0]["distance_m"] > 0
    assert told["pending"] == 2 and "Canari" not in str(told)


@pytest.mark.parametrize("operation", ["confirm", "update", "delete"])
def test_a_known_object_can_be_spoken_of(operation: str, api: APIClient, aurillac: Commune) -> None:
    cafe = published(aurillac)
    body = {
        "couche": "services", "operation": operation, "feature": str(cafe.pk), "geometry": None,
        "attributes": {"kind": "cafe", "nom": "Café du Centre"} if operation == "update" else {},
        "observed_at": "2026-05-04T10:30:00+02:00", "accuracy_m": 9,
    }  # fmt: skip
    told = ask(api, body)
    assert told["errors"] == {} and told["commune"]["nom"] == "Aurillac"
    assert told["duplicates"] == [], "nobody is their own duplicate"
    shown = rows(told)
    label = str(Contribution.Operation(operation).label)
    assert shown["Proposition"] == f"{label} « Café des Amis »"
    assert ("Café du Centre" in shown.values()) == (operation == "update")
    assert ("à 9 m près" in shown["Lieu"]) == (operation == "update"), "no precision of theirs is published"
    assert ("Constaté le" in shown) == (operation != "delete")


def test_a_correction_shows_what_the_town_hall_completed(api: APIClient, aurillac: Commune) -> None:
    couche = Couche.objects.get(slug="services")
    kept = next(
        (name, definition)
        for name, definition in couche.attribute_schema["properties"].items()
        if definition.get("x-complete") and definition["type"] == "string" and "x-format" not in definition
        and "enum" not in definition and "pattern" not in definition
    )  # fmt: skip
    cafe = published(aurillac, kind="cafe", nom="Café des Amis", **{kept[0]: "Gardé"})
    body = {
        "couche": "services", "operation": "update", "feature": str(cafe.pk),
        "attributes": {"kind": "cafe", "nom": "Café"},
    }  # fmt: skip
    assert rows(ask(api, body))[kept[1]["title"]] == "Gardé"


def test_a_move_to_another_commune_is_told(api: APIClient, aurillac: Commune, ytrac: Commune) -> None:
    cafe = published(aurillac)
    told = ask(api, {
        "couche": "services", "operation": "update", "feature": str(cafe.pk),
        "attributes": {"kind": "cafe", "nom": "Café"},
        "geometry": {"type": "Point", "coordinates": [2.34, 44.93]},
    })  # fmt: skip
    assert "Aurillac" in told["errors"]["geometry"][0] and told["commune"] is None


@pytest.mark.parametrize(
    ("territory", "level"),
    [("", ""), ("epci", "epci"), ("departement", "departement"), ("national", "france")],
)
def test_who_answers_is_the_nearest_level(
    territory: str, level: str, api: APIClient, aurillac: Commune, caba: Epci
) -> None:
    held: dict[str, Any] = {
        "": None, "epci": {"epci": caba}, "departement": {"departement": aurillac.departement},
        "national": {"national": True},
    }[territory]  # fmt: skip
    if held:
        factories.MembershipFactory(user=factories.UserFactory(), role=Role.MODERATOR, **held)
    assert ask(api, payload())["answered_by"] == level


def test_near_the_border_is_said(api: APIClient, aurillac: Commune, ytrac: Commune) -> None:
    there = {"type": "Point", "coordinates": [2.3905, 44.93]}
    assert ask(api, payload(geometry=there))["near_border"] is True


def definitions(page: str) -> list[tuple[str, str]]:
    """Return the (label, value) pairs of the check page."""
    block = page.split('<dl class="definitions">')[1].split("</dl>")[0]
    return re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", block)


def test_the_page_without_scripts_shows_the_very_same_rows(api: APIClient, aurillac: Commune) -> None:
    visitor = Client(headers={"sec-fetch-site": "same-origin"})
    details = at_the_details(visitor, accuracy_m="12,4", position_source="gps")
    draft = {**hidden(details, "observed_on"), "a-operators-20801-calls": "none", "observed_on": "2026-05-04"}
    page = visitor.post(ADDRESS, {**draft, "etape": "verifier"}).content.decode()
    told = ask(api, payload(accuracy_m=12.4))
    assert definitions(page) == [(row["label"], row["value"]) for row in told["public"]]


def test_the_page_tells_each_refusal_once_and_before_sending(aurillac: Commune) -> None:
    visitor = Client(headers={"sec-fetch-site": "same-origin"})
    draft = {
        **hidden(at_the_check(visitor)),
        "lon": "-30",
        "lat": "40",
        "observed_on": str(timezone.localdate()),
    }
    page = visitor.post(ADDRESS, {**draft, "a-operators-20801-calls": "none", "etape": "verifier"})
    assert page.content.decode().count("hors de France") == 1
    sent = visitor.post(ADDRESS, {**draft, "etape": "envoi"})
    assert sent.status_code == 422 and sent.content.decode().count("hors de France") == 1
    assert not FeatureVersion.objects.exists() and not Contribution.objects.exists()


def test_asking_again_and_again_is_slowed_and_says_when_to_come_back(api: APIClient, settings: Any) -> None:
    settings.LIMITS = {**settings.LIMITS, "preview": (1, 2)}
    answers = [api.post(PATH, {"couche": "zones-blanches"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0
