"""The JSON door, as outside programs use it."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from comptes.models import User
from contributions import photos
from contributions.models import Contribution, Photo
from moderation.workflow import apply
from territoires.models import Commune
from tests.contributions.factories import CAFE, DEAD_ZONE, payload, published
from tests.contributions.test_photos import BAD, TATTOOED
from tests.factories import SECRET, ContributionFactory

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/contributions/"
PROBLEM = "application/problem+json"


def problem(response: Any, status: int) -> dict[str, Any]:
    """Check that an answer is a problem document, without cookie, and return it."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == PROBLEM and not response.cookies
    body = response.json()
    assert body["status"] == status and body["detail"]
    return body


def test_a_report_gets_a_receipt(api: APIClient, aurillac: Commune) -> None:
    document = payload()
    response = api.post(ADDRESS, document)
    assert response.status_code == 201 and not response.cookies
    assert "no-store" in response["Cache-Control"]
    body = response.json()
    assert set(body) == {"id", "status", "commune", "near_border", "received_at", "duplicates", "suivi"}
    assert (body["id"], body["status"]) == (document["id"], "SUBMITTED")
    assert body["commune"] == {"code": "15014", "nom": "Aurillac"}
    assert body["suivi"].endswith(f"/suivi/#{document['id']}.{SECRET}")


def test_the_same_again_is_200_and_the_same_body_even_after_the_decision(api: APIClient, bruno: User) -> None:
    document = payload()
    first = api.post(ADDRESS, document)
    apply(contribution_id=uuid.UUID(document["id"]), action="accept", actor="official", by=bruno, version=1)
    assert Contribution.objects.get().status == "ACCEPTED"
    again = api.post(ADDRESS, document)
    assert (again.status_code, again.json()) == (200, first.json())


def test_another_content_or_another_author_is_409(api: APIClient, aurillac: Commune) -> None:
    document = payload()
    api.post(ADDRESS, document)
    other = problem(api.post(ADDRESS, {**document, "accuracy_m": 3}), 409)
    stranger = problem(api.post(ADDRESS, {**document, "secret": "y" * 30}), 409)
    assert other == stranger


def test_published_neighbours_come_with_the_receipt(api: APIClient, aurillac: Commune) -> None:
    cafe = published(aurillac)
    body = api.post(ADDRESS, payload(couche="services", attributes=CAFE)).json()
    assert body["duplicates"] == [
        {
            "kind": "feature",
            "id": str(cafe.pk),
            "number": cafe.number,
            "label": "Café des Amis",
            "distance_m": 0.0,
            "observed_on": "2026-05-01",
        }
    ]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 422),
        (b'{"accuracy_m": 1e999}', "application/json", 400),
        (b'{"accuracy_m": NaN}', "application/json", 400),
        (b"[" * 5000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"accuracy_m": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b'"' + b"x" * 70_000 + b'"', "application/json", 413),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"{}", "application/json", 422),
        (b"a=1", "application/x-www-form-urlencoded", 415),
        (b"<a/>", "text/xml", 415),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_cannot_be_read_says_why(
    api: APIClient, aurillac: Commune, body: bytes, content_type: str, status: int
) -> None:
    problem(api.generic("POST", ADDRESS, body, content_type=content_type), status)


def test_refusals_name_the_field(api: APIClient, aurillac: Commune) -> None:
    body = problem(api.post(ADDRESS, payload(attributes={"inconnu": 1}, email="a@")), 422)
    assert {"attributes.inconnu", "email"} <= set(body["errors"])


def test_the_import_channel_is_the_commands(api: APIClient, aurillac: Commune) -> None:
    assert "channel" in problem(api.post(ADDRESS, payload(channel="import")), 422)["errors"]


def test_what_only_the_code_writes_cannot_be_sent(api: APIClient, aurillac: Commune) -> None:
    for field in Contribution._meta.get_fields():
        if field.name not in payload():
            problem(api.post(ADDRESS, payload(**{field.name: "ACCEPTED"})), 422)
    assert not Contribution.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://ailleurs.exemple"},
        {"origin": "null"},
        {"origin": "http://testserver", "sec-fetch-site": "cross-site"},
    ],
    ids=str,
)
def test_another_site_cannot_make_a_browser_send(aurillac: Commune, headers: dict[str, str]) -> None:
    problem(APIClient().post(ADDRESS, payload(), headers=headers), 403)
    assert not Contribution.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://testserver", "sec-fetch-site": "same-origin"},
        {"origin": "http://127.0.0.1:8000"},
        {"sec-fetch-site": "none"},
    ],
    ids=str,
)
def test_a_program_and_our_own_pages_may_send(aurillac: Commune, headers: dict[str, str]) -> None:
    assert APIClient().post(ADDRESS, payload(), headers=headers).status_code == 201


def test_a_trusted_origin_may_send(aurillac: Commune, settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://partenaire.exemple"]
    headers = {"origin": "https://partenaire.exemple", "sec-fetch-site": "cross-site"}
    assert APIClient().post(ADDRESS, payload(), headers=headers).status_code == 201


# --- desk ------------------------------------------------------------------------------------------


def test_a_clerk_enters_at_the_desk(
    api_as: Callable[[User], APIClient], aurillac: Commune, claude: User
) -> None:
    assert api_as(claude).post(ADDRESS, payload(channel="desk")).status_code == 201
    assert Contribution.objects.get().entered_by == claude


def test_the_neighbouring_mayor_is_refused_at_the_desk(
    api_as: Callable[[User], APIClient], aurillac: Commune, chloe: User
) -> None:
    problem(api_as(chloe).post(ADDRESS, payload(channel="desk")), 403)


def test_an_anonymous_desk_is_asked_to_sign_in_first(api: APIClient, aurillac: Commune) -> None:
    """A clerk's phone keeps what 401 refused and sends it again; 422 would make it give up."""
    body = problem(api.post(ADDRESS, payload(channel="desk", attributes={"inconnu": 1})), 401)
    assert body["type"] == "urn:reperes:probleme:connexion-requise"
    assert not Contribution.objects.exists()


# --- reading -----------------------------------------------------------------------------------------


def test_the_author_reads_their_own(api: APIClient, aurillac: Commune) -> None:
    row = ContributionFactory(commune=aurillac, attributes=DEAD_ZONE)
    response = api.get(f"{ADDRESS}{row.pk}/", headers={"x-suivi": SECRET})
    body = response.json()
    assert (body["status"], body["status_label"], body["version"]) == ("SUBMITTED", "En attente", 1)
    assert body["geometry"] == {"type": "Point", "coordinates": [2.44, 44.93]}
    assert body["attributes"] == DEAD_ZONE and body["photos"] == []
    assert SECRET not in response.content.decode() and "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("secret", ["", "x" * 30, "é", SECRET + "x"], ids=ascii)
def test_without_the_secret_there_is_nothing(api: APIClient, aurillac: Commune, secret: str) -> None:
    row = ContributionFactory(commune=aurillac)
    wrong = problem(api.get(f"{ADDRESS}{row.pk}/", headers={"x-suivi": secret}), 404)
    unknown = problem(api.get(f"{ADDRESS}{uuid.uuid4()}/", headers={"x-suivi": secret}), 404)
    assert wrong == unknown == problem(api.get(f"{ADDRESS}{row.pk}/"), 404)


def test_an_official_reads_within_their_territory_only(
    api_as: Callable[[User], APIClient],
    bruno: User,
    chloe: User,
    driss: User,
    sophie: User,
    aurillac: Commune,
) -> None:
    row = ContributionFactory(commune=aurillac)
    said = {who: api_as(who).get(f"{ADDRESS}{row.pk}/").status_code for who in [bruno, chloe, driss, sophie]}
    assert said == {bruno: 200, chloe: 404, driss: 200, sophie: 404}


# --- photos ------------------------------------------------------------------------------------------


def put(client: APIClient, row: Contribution, raw: bytes, n: int = 1, **changes: Any) -> Any:
    headers = {"x-suivi": SECRET, **changes.pop("headers", {})}
    media = changes.pop("content_type", "image/jpeg")
    return client.generic("PUT", f"{ADDRESS}{row.pk}/photos/{n}", raw, content_type=media, headers=headers)


def test_a_photo_is_joined_once(api: APIClient, aurillac: Commune) -> None:
    row, raw = ContributionFactory(commune=aurillac), TATTOOED["jpeg-exif-gps"]
    first, again = put(api, row, raw), put(api, row, raw)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() and first.json()["n"] == 1
    problem(put(api, row, TATTOOED["png-text"], content_type="image/png"), 409)
    seen = api.get(f"{ADDRESS}{row.pk}/", headers={"x-suivi": SECRET}).json()["photos"]
    assert seen == [first.json()]


def test_a_strangers_photo_is_not_even_read(api: APIClient, aurillac: Commune) -> None:
    row = ContributionFactory(commune=aurillac)
    problem(put(api, row, BAD["svg"], headers={"x-suivi": "z" * 30}), 404)
    problem(put(api, row, TATTOOED["jpeg-comment"], headers={"sec-fetch-site": "cross-site"}), 403)
    assert not Photo.objects.exists()


@pytest.mark.parametrize(
    ("raw", "kind", "n", "status"),
    [
        (BAD["svg"], "image/jpeg", 1, 422),
        (BAD["gif"], "image/png", 1, 422),
        (BAD["65535-squared"], "image/png", 1, 422),
        (b"", "image/jpeg", 1, 422),
        (TATTOOED["jpeg-comment"], "image/jpeg", 4, 422),
        (TATTOOED["jpeg-comment"], "image/jpeg", 0, 422),
        (TATTOOED["jpeg-comment"], "image/gif", 1, 415),
        (TATTOOED["jpeg-comment"], "application/json", 1, 415),
        (b"\xff" * (12 * 1024 * 1024 + 1), "image/jpeg", 1, 413),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_photo_is_refused(
    api: APIClient, aurillac: Commune, raw: bytes, kind: str, n: int, status: int
) -> None:
    row = ContributionFactory(commune=aurillac)
    problem(put(api, row, raw, n, content_type=kind), status)
    assert not Photo.objects.exists()


def test_no_photo_after_the_decision(api: APIClient, aurillac: Commune) -> None:
    row = ContributionFactory(commune=aurillac, status="ACCEPTED")
    assert "déjà décidé" in problem(put(api, row, TATTOOED["jpeg-comment"]), 409)["detail"]


def test_when_all_decoders_are_busy_the_photo_is_asked_again_later(
    api: APIClient, aurillac: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ContributionFactory(commune=aurillac)
    monkeypatch.setattr(photos, "WORKER_SECONDS", 0)
    assert photos._decoders.acquire(timeout=5)
    try:
        response = put(api, row, TATTOOED["jpeg-comment"])
    finally:
        photos._decoders.release()
    problem(response, 503)
    assert int(response["Retry-After"]) > 0
