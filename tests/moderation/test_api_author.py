"""GET suivi/, POST retrait/ and reponse/: the secret opens, nothing else does; no cookie."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from comptes.models import User
from contributions.models import Contribution
from territoires.models import Commune
from tests.factories import SECRET
from tests.moderation.factories import DEAD_ZONE, about, decide, published, report


def ask(api: APIClient, row: Contribution, verb: str, body: Any = None, secret: str = SECRET) -> Any:
    """Call one of the author's verbs."""
    path = f"/api/v1/contributions/{row.pk}/{verb}/"
    words: Any = {"HTTP_X_SUIVI": secret}
    answer = api.get(path, **words) if verb == "suivi" else api.post(path, body or {}, format="json", **words)
    assert not answer.cookies
    return answer


def test_the_story(aurillac: Commune, bruno: User, api: APIClient) -> None:
    """Shapes in order, public reasons, what can be done now; no name, no internal note."""
    row = report(aurillac)
    decide(row, "return", bruno, public_reason="De quel côté ?", reason="à rappeler mardi")
    answer = ask(api, row, "suivi")
    body = answer.json()
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store"
    assert [(step["status"], step["who"]) for step in body["steps"]] == [
        ("SUBMITTED", "auteur"),
        ("RETURNED", "mairie"),
    ]
    assert body["steps"][1]["public_reason"] == "De quel côté ?"
    assert body["may_answer"] and body["may_withdraw"]
    assert "Bruno" not in answer.content.decode() and "mardi" not in answer.content.decode()


def test_the_story_to_the_end(aurillac: Commune, bruno: User, api: APIClient) -> None:
    """Published by the publication."""
    row = published(aurillac, bruno)
    body = ask(api, row, "suivi").json()
    assert [step["who"] for step in body["steps"]] == ["auteur", "mairie", "publication"]
    assert not body["may_answer"] and not body["may_withdraw"]


@pytest.mark.parametrize("verb", ["suivi", "retrait", "reponse"])
@pytest.mark.parametrize(
    "secret", ["", "court", "x" * 27, "é" * 27, "s3cret-s3cret-s3cret-s3cre\x00", "a" * 129]
)
def test_a_wrong_secret_finds_nothing(verb: str, secret: str, aurillac: Commune, api: APIClient) -> None:
    """404, the same as for an unknown report."""
    row = report(aurillac)
    assert ask(api, row, verb, {"message": "x"}, secret=secret).status_code == 404
    row.refresh_from_db()
    assert row.status == "SUBMITTED"


def test_withdrawing_twice_is_once(aurillac: Commune, api: APIClient) -> None:
    """A lost answer can be asked for again."""
    row = report(aurillac)
    for _ in range(2):
        answer = ask(api, row, "retrait")
        assert answer.status_code == 200 and answer.json()["status"] == "WITHDRAWN"
    assert row.decisions.count() == 1


def test_too_late_to_withdraw(aurillac: Commune, bruno: User, api: APIClient) -> None:
    """409 with the state."""
    row = report(aurillac)
    decide(row, "accept", bruno)
    answer = ask(api, row, "retrait")
    assert answer.status_code == 409 and "Acceptée" in answer.json()["detail"]


def test_an_answer_puts_it_back_in_the_queue(aurillac: Commune, bruno: User, api: APIClient) -> None:
    """Answers replaced, place moved, message kept for the officials."""
    row = report(aurillac)
    decide(row, "return", bruno)
    body = {
        "attributes": DEAD_ZONE | {"place": "vehicle"},
        "geometry": {"type": "Point", "coordinates": [2.441, 44.931]},
        "message": "C'est dans le virage.",
    }
    answer = ask(api, row, "reponse", body)
    assert answer.status_code == 200, answer.content
    row.refresh_from_db()
    assert (row.status, row.version, row.attributes["place"]) == ("SUBMITTED", 3, "vehicle")
    assert row.geom.coords == (2.441, 44.931) and row.accuracy_m is None
    assert row.decisions.latest("version").reason == "C'est dans le virage."
    assert answer.json()["steps"][-1]["public_reason"] == "C'est dans le virage."


def test_only_what_is_given_changes(aurillac: Commune, bruno: User, api: APIClient) -> None:
    """A message alone is an answer."""
    row = report(aurillac)
    decide(row, "return", bruno)
    assert ask(api, row, "reponse", {"message": "Oui, le matin."}).status_code == 200
    row.refresh_from_db()
    assert row.attributes == DEAD_ZONE and row.accuracy_m == 12.0


def test_a_confirmation_answers_without_the_required_questions(
    aurillac: Commune, bruno: User, api: APIClient
) -> None:
    """It stands where the object is: its place is not the author's to move."""
    row = about(published(aurillac, bruno), "confirm", attributes={})
    decide(row, "return", bruno)
    moved = {"geometry": {"type": "Point", "coordinates": [2.441, 44.931]}}
    assert ask(api, row, "reponse", moved).status_code == 422
    assert ask(api, row, "reponse", {"attributes": {"comment": "Toujours là."}}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": "  "}, "message"),
        ({"message": 12}, "message"),
        ({"message": "x" * 1001}, "message"),
        ({"message": "a\x00"}, "message"),
        ({"attributes": {"inconnu": 1}}, "attributes.inconnu"),
        ({"attributes": []}, "attributes"),
        ({"attributes": {}}, "attributes.operators"),
        ({"geometry": {"type": "Point", "coordinates": [2.34, 44.93]}}, "geometry"),
        ({"geometry": {"type": "Point", "coordinates": [-30, 40]}}, "geometry"),
        ({"geometry": "ici"}, "geometry"),
    ],
)
def test_a_bad_answer_names_the_field(
    body: Any, field: str, aurillac: Commune, ytrac: Commune, bruno: User, api: APIClient
) -> None:
    """422; the report still waits for its author, unchanged."""
    row = report(aurillac)
    decide(row, "return", bruno)
    answer = ask(api, row, "reponse", body)
    assert answer.status_code == 422 and field in answer.json()["errors"], answer.content
    row.refresh_from_db()
    assert (row.status, row.version, row.attributes) == ("RETURNED", 2, DEAD_ZONE)


def test_a_list_is_not_an_answer(aurillac: Commune, bruno: User, api: APIClient) -> None:
    """422."""
    row = report(aurillac)
    decide(row, "return", bruno)
    path = f"/api/v1/contributions/{row.pk}/reponse/"
    assert api.post(path, [], format="json", HTTP_X_SUIVI=SECRET).status_code == 422


def test_nobody_asked(aurillac: Commune, api: APIClient) -> None:
    """409: it does not wait for an answer."""
    assert ask(api, report(aurillac), "reponse", {"message": "Bonjour"}).status_code == 409


@pytest.mark.parametrize("verb", ["retrait", "reponse"])
def test_another_site_s_page_is_refused(verb: str, aurillac: Commune, api: APIClient) -> None:
    """Origin says where it comes from."""
    row = report(aurillac)
    answer = api.post(
        f"/api/v1/contributions/{row.pk}/{verb}/", {}, format="json",
        HTTP_X_SUIVI=SECRET, HTTP_ORIGIN="https://ailleurs.exemple",
    )  # fmt: skip
    assert answer.status_code == 403
    row.refresh_from_db()
    assert row.status == "SUBMITTED"
