"""POST …/decisions/ and the batch: If-Match, roles, reasons, per-item outcomes."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from comptes.models import User
from contributions.models import Contribution
from moderation.models import Decision
from territoires.models import Commune
from tests.moderation.factories import decide, report

ApiAs = Callable[[User], APIClient]


def url(row: Contribution) -> str:
    """Return where a report is decided."""
    return f"/api/v1/moderation/contributions/{row.pk}/decisions/"


def post(client: APIClient, row: Contribution, body: Any, etag: str | None = '"1"') -> Any:
    """POST a decision, with If-Match unless None."""
    # Escaped by hand: a hostile program may send what the test client refuses to encode.
    raw = json.dumps(body)
    words: Any = {"HTTP_IF_MATCH": etag} if etag is not None else {}
    return client.post(url(row), raw, content_type="application/json", **words)


def test_the_mayor_accepts(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    """201, the new ETag, the journal's line."""
    row = report(aurillac)
    answer = post(api_as(bruno), row, {"action": "accept"})
    assert answer.status_code == 201 and answer["ETag"] == '"2"'
    assert answer.json()["status"] == "ACCEPTED" and answer.json()["by"] == "Bruno"
    row.refresh_from_db()
    assert row.status == "ACCEPTED"


def test_who_may_not(
    aurillac: Commune, claude: User, chloe: User, sophie: User, api: APIClient, api_as: ApiAs
) -> None:
    """Nobody: 401. Clerk: 403. Another territory, or none: 404. Nothing is written."""
    row = report(aurillac)
    assert post(api, row, {"action": "accept"}).status_code == 401
    assert post(api_as(claude), row, {"action": "accept"}).status_code == 403
    for user in (chloe, sophie):
        assert post(api_as(user), row, {"action": "accept"}).status_code == 404
    assert not Decision.objects.exists()


@pytest.mark.parametrize("etag", [None, "", "*", "1", '"un"', '"1', '"-1"', '"1", "2"', '"11111111111"'])
def test_without_a_version_nothing_is_decided(
    etag: str | None, aurillac: Commune, bruno: User, api_as: ApiAs
) -> None:
    """428 says which header to add."""
    answer = post(api_as(bruno), report(aurillac), {"action": "accept"}, etag)
    assert answer.status_code == 428 and "If-Match" in answer.json()["detail"]


def test_a_weakened_etag_is_read_too(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    """A compressing proxy writes W/ before it."""
    assert post(api_as(bruno), report(aurillac), {"action": "accept"}, 'W/"1"').status_code == 201


def test_the_second_learns_who_came_first(aurillac: Commune, bruno: User, driss: User, api_as: ApiAs) -> None:
    """412, with the name, the hour and the outcome."""
    row = report(aurillac)
    decide(row, "accept", driss)
    answer = post(api_as(bruno), row, {"action": "reject", "reason_code": "hors-sujet"})
    assert answer.status_code == 412
    assert "Driss a déjà décidé à" in answer.json()["detail"] and "acceptée" in answer.json()["detail"]


def test_a_closed_gesture_is_a_conflict(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    """409 says the state."""
    answer = post(api_as(bruno), report(aurillac), {"action": "reopen", "reason_code": "element-nouveau"})
    assert answer.status_code == 409 and "En attente" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "reject"}, "reason_code"),
        ({"action": "reject", "reason_code": "parce-que"}, "reason_code"),
        ({"action": "reject", "reason_code": "autre"}, "reason"),
        ({"action": "merge"}, "into"),
        ({"action": "merge", "into": str(uuid.uuid4())}, "into"),
        ({"action": "merge", "into": "là-bas"}, "into"),
        ({"action": "publish"}, "action"),
        ({"action": "\ud800"}, "action"),
        ({"action": "merge", "into": "\ud800"}, "into"),
        ({"action": "accept", "reason_code": "\ud800"}, "reason_code"),
        ({"action": "withdraw"}, "action"),
        ({"action": ["accept"]}, "action"),
        ({}, "action"),
        ({"action": "accept", "reason": "x" * 1001}, "reason"),
        ({"action": "accept", "reason": "a\x00b"}, "reason"),
        ({"action": "accept", "note": "\ud800"}, "note"),
        ({"action": "accept", "reason": {"a": 1}}, "reason"),
        ([], "non_field_errors"),
        ("accept", "non_field_errors"),
    ],
)
def test_a_bad_decision_names_the_field(
    body: Any, field: str, aurillac: Commune, bruno: User, api_as: ApiAs
) -> None:
    """422, nothing written."""
    answer = post(api_as(bruno), report(aurillac), body)
    assert answer.status_code in {400, 422}, answer.content
    if answer.status_code == 422:
        assert field in answer.json()["errors"]
    assert not Decision.objects.exists()


def test_the_reason_is_public_and_the_note_is_not(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    """`reason` reaches the author; a reason in one's own words needs no code."""
    body = {"action": "reject", "reason": "Ce puits est au voisin.", "note": "vu avec M. Roux"}
    answer = post(api_as(bruno), report(aurillac), body)
    assert answer.status_code == 201, answer.content
    decision = Decision.objects.get()
    assert (decision.public_reason, decision.reason) == ("Ce puits est au voisin.", "vu avec M. Roux")
    assert decision.reason_code == "autre" and answer.json()["reason"] == "Ce puits est au voisin."


def test_what_only_the_code_writes_is_ignored(
    aurillac: Commune, bruno: User, driss: User, api_as: ApiAs
) -> None:
    """Status, author, version and instant are facts."""
    row = report(aurillac)
    body = {"action": "accept", "status": "PUBLISHED", "by": driss.pk, "version": 9, "actor": "publication"}
    assert post(api_as(bruno), row, body).status_code == 201
    decision = Decision.objects.get()
    assert (decision.by, decision.to_status, decision.version, decision.actor) == (
        bruno,
        "ACCEPTED",
        2,
        "official",
    )


def test_a_session_needs_the_csrf_token(aurillac: Commune, bruno: User) -> None:
    """Another site cannot make a signed-in mayor decide."""
    row = report(aurillac)
    client = Client(enforce_csrf_checks=True)
    client.force_login(bruno, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(
        url(row), '{"action": "accept"}', content_type="application/json", headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 403
    assert not Decision.objects.exists()


BATCH = "/api/v1/moderation/decisions/"


def items(*rows: Contribution, **words: Any) -> list[dict[str, Any]]:
    """Return one line per report."""
    return [{"id": str(row.pk), "version": 1, "action": "accept", **words} for row in rows]


def test_each_for_itself(aurillac: Commune, ytrac: Commune, bruno: User, api_as: ApiAs) -> None:
    """One stale, one elsewhere, one fine: three outcomes in the order asked."""
    stale, there, fine = report(aurillac), report(ytrac, at=(2.34, 44.93)), report(aurillac)
    decide(stale, "accept", bruno)
    body = {"mode": "each", "decisions": items(stale, there, fine)}
    answer = api_as(bruno).post(BATCH, body, format="json")
    assert answer.status_code == 200 and answer.json()["applied"] == 1
    assert [one["code"] for one in answer.json()["results"]] == [412, 404, 201]
    assert [one["status"] for one in answer.json()["results"]] == [None, None, "ACCEPTED"]
    assert "Bruno" in answer.json()["results"][0]["detail"]


def test_all_or_nothing(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    """One refusal undoes the others, and each says why."""
    fine, stale = report(aurillac), report(aurillac)
    decide(stale, "accept", bruno)
    client = api_as(bruno)
    answer = client.post(BATCH, {"mode": "all", "decisions": items(fine, stale)}, format="json")
    assert answer.status_code == 409 and answer.json()["applied"] == 0
    assert [one["code"] for one in answer.json()["results"]] == [424, 412]
    fine.refresh_from_db()
    assert fine.status == "SUBMITTED" and fine.decisions.count() == 0
    other = report(aurillac)
    answer = client.post(BATCH, {"mode": "all", "decisions": items(other, fine)}, format="json")
    assert answer.status_code == 200 and answer.json()["applied"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {}, {"mode": "each"}, {"mode": "each", "decisions": []}, {"mode": "perhaps", "decisions": [{}]},
        {"mode": "each", "decisions": [{"id": "x", "version": 1, "action": "accept"}]},
        {"mode": "each", "decisions": {"a": 1}},
        {"mode": "each", "decisions": [{"id": str(uuid.uuid4()), "version": 2**40, "action": "accept"}]},
        {"mode": "each", "decisions": items(Contribution(pk=uuid.uuid4())) * 101},
    ],
)  # fmt: skip
def test_a_bad_batch_is_refused_whole(body: Any, bruno: User, api_as: ApiAs) -> None:
    """422, nothing decided."""
    assert api_as(bruno).post(BATCH, body, format="json").status_code == 422


def test_nobody_is_decided_twice_in_one_batch(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    """The same id twice is a mistake."""
    row = report(aurillac)
    answer = api_as(bruno).post(BATCH, {"mode": "each", "decisions": items(row, row)}, format="json")
    assert answer.status_code == 422 and "decisions" in answer.json()["errors"]


def test_a_batch_without_a_name(api: APIClient, db: None) -> None:
    """401."""
    assert api.post(BATCH, {}, format="json").status_code == 401
