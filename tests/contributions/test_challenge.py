"""Proof of work: for one commune, for twenty minutes, once; and never in the way of a retry."""

import base64
import datetime as dt
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from rest_framework.test import APIClient

from comptes.models import User
from contributions import challenge, limits
from contributions.models import Contribution, SpentChallenge, TokenBucket
from territoires.models import Commune
from tests.contributions.factories import emptied, payload, solved
from tests.contributions.test_api import problem
from tests.contributions.test_submission_concurrency import at_once
from tests.factories import CommuneFactory

ADDRESS = "/api/v1/contributions/"
ASK = "/api/v1/defi/"
HERE = {"action": "contribution", "lon": "2.44", "lat": "44.93"}
POSTS = 16


@pytest.fixture(autouse=True)
def easy(settings: Any) -> None:
    """A test is no phone."""
    settings.CHALLENGE_COST, settings.CHALLENGE_COUNTER = 1, 8


def ask(api: APIClient, **changes: str) -> dict[str, Any]:
    response = api.get(ASK, {**HERE, **changes})
    assert response.status_code == 200, response.content
    return response.json()["challenge"]


def proof(commune: str = "15014", **options: Any) -> dict[str, Any]:
    return solved(challenge.issue(commune=commune, **options))


# --- asking ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_challenge_says_where_and_until_when(api: APIClient, aurillac: Commune) -> None:
    response = api.get(ASK, HERE)
    body = response.json()
    parameters = body["challenge"]["parameters"]
    assert parameters["data"] == {"action": "contribution", "commune": "15014"}
    assert (parameters["algorithm"], parameters["cost"]) == ("PBKDF2/SHA-256", 1)
    now = dt.datetime.fromisoformat(body["now"])
    assert abs((timezone.now() - now).total_seconds()) < 60
    assert 1199 <= parameters["expiresAt"] - now.timestamp() + 1 <= 1202
    assert "no-store" in response["Cache-Control"] and not response.cookies


@pytest.mark.django_db
def test_a_place_outside_all_communes_gets_one_for_none(api: APIClient, aurillac: Commune) -> None:
    assert ask(api, lon="-3.7", lat="40.4")["parameters"]["data"]["commune"] == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes", [{"lon": "nan"}, {"lat": "91"}, {"lon": ""}, {"action": ""}, {"action": "voter"}], ids=str
)
def test_a_bad_question_names_its_field(api: APIClient, aurillac: Commune, changes: dict[str, str]) -> None:
    body = problem(api.get(ASK, {**HERE, **changes}), 422)
    assert set(body["errors"]) == ({"action"} if "action" in changes else {"geometry"})
    problem(api.get(ASK), 422)


@pytest.mark.django_db
def test_without_limits_no_work_is_asked(api: APIClient, aurillac: Commune, settings: Any) -> None:
    settings.REPERES_LIMITS = False
    assert ask(api) is None
    problem(api.get(ASK, {**HERE, "lon": "x"}), 422)
    assert api.post(ADDRESS, payload(challenge={"faux": 1}, workshop="FAUX-1")).status_code == 201


@pytest.mark.django_db
def test_who_asks_too_often_is_slowed(api: APIClient, aurillac: Commune) -> None:
    emptied(limits.of_address("challenge", "127.0.0.1"))
    response = api.get(ASK, HERE)
    assert problem(response, 429)["type"].endswith("trop-d-envois")
    assert int(response["Retry-After"]) >= 1


@pytest.mark.django_db
@pytest.mark.parametrize("whose", [limits.of_commune("15014"), None], ids=["commune", "address"])
def test_the_work_grows_when_a_bucket_is_more_than_half_empty(
    api: APIClient, aurillac: Commune, settings: Any, whose: limits.Take | None
) -> None:
    """And never beyond two and a half times: a phone must not be asked for more than two seconds."""
    settings.CHALLENGE_COUNTER = 100
    take = whose or limits.of_address("address", "127.0.0.1")
    quiet = [solved(ask(api))["solution"]["counter"] for _ in range(10)]
    emptied(take)
    storm = [solved(ask(api))["solution"]["counter"] for _ in range(10)]
    assert all(50 <= counter <= 100 for counter in quiet)
    assert all(124 <= counter <= 250 for counter in storm)
    TokenBucket.objects.filter(key=take.key).update(tokens=take.burst * 0.6)
    assert solved(ask(api))["solution"]["counter"] <= 100


# --- sending ---------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("as_text", [True, False])
def test_a_solution_lets_a_report_in_once(api: APIClient, aurillac: Commune, as_text: bool) -> None:
    answer: Any = solved(ask(api))
    if as_text:
        answer = base64.b64encode(json.dumps(answer).encode()).decode()
    assert api.post(ADDRESS, payload(challenge=answer)).status_code == 201
    response = api.post(ADDRESS, payload(challenge=answer))
    assert problem(response, 429)["type"].endswith("defi-perime")
    assert response["Retry-After"] == "1"
    assert Contribution.objects.count() == SpentChallenge.objects.count() == 1


@pytest.mark.django_db
def test_a_lost_answer_is_asked_again_with_the_same_or_another_proof(
    api: APIClient, aurillac: Commune
) -> None:
    document = payload(challenge=proof())
    first = api.post(ADDRESS, document)
    for again in [document, {**document, "challenge": proof()}, {**document, "challenge": None}]:
        assert api.post(ADDRESS, again).content == first.content
    assert api.post(ADDRESS, {**document, "challenge": {"faux": 1}, "workshop": "FAUX-1"}).status_code == 200
    assert SpentChallenge.objects.count() == 1


@pytest.mark.django_db
def test_an_expired_or_foreign_solution_asks_for_another_one(
    api: APIClient, aurillac: Commune, ytrac: Commune
) -> None:
    past = timezone.now() - challenge.LIFETIME - dt.timedelta(seconds=2)
    for answer in [proof(now=past), proof("15267"), proof("")]:
        response = api.post(ADDRESS, payload(challenge=answer))
        assert problem(response, 429)["type"].endswith("defi-perime")
        assert response["Retry-After"] == "1"
    assert not Contribution.objects.exists() and not SpentChallenge.objects.exists()


def tampered(path: str, value: Any) -> dict[str, Any]:
    answer = proof()
    *parents, last = path.split(".")
    place: Any = answer
    for name in parents:
        place = place[name]
    place[last] = value
    return answer


@pytest.mark.django_db
@pytest.mark.parametrize(
    "forge",
    [
        lambda: "",
        lambda: "é",
        lambda: "AAAA",
        lambda: base64.b64encode(b"[" * 9000).decode(),
        lambda: 3,
        lambda: [],
        lambda: {},
        lambda: {"challenge": None, "solution": None},
        lambda: {"challenge": {"parameters": 3}, "solution": {}},
        lambda: tampered("challenge.signature", None),
        lambda: tampered("challenge.signature", "0" * 64),
        lambda: tampered("challenge.parameters.cost", 0),
        lambda: tampered("challenge.parameters.keySignature", None),
        lambda: tampered("challenge.parameters.data", {"action": "contribution", "commune": "75056"}),
        lambda: tampered("challenge.parameters.data", {"__proto__": 1}),
        lambda: tampered("challenge.parameters.data", "\ud800"),
        lambda: tampered("challenge.parameters.expiresAt", 99_999_999_999),
        lambda: tampered("challenge.parameters.expiresAt", "jamais"),
        lambda: tampered("solution.derivedKey", "00" * 32),
        lambda: tampered("solution.derivedKey", None),
        lambda: tampered("solution.derivedKey", "zz"),
    ],
)  # fmt: skip
def test_a_forged_solution_is_refused_by_name(
    api: APIClient, aurillac: Commune, forge: Callable[[], Any]
) -> None:
    body = json.dumps(payload(challenge=forge())).encode("utf-8", "surrogatepass")
    said = problem(api.generic("POST", ADDRESS, body, content_type="application/json"), 422)
    assert set(said["errors"]) == {"challenge"}
    assert not Contribution.objects.exists() and not TokenBucket.objects.exists()


@pytest.mark.django_db
def test_a_report_refused_does_not_burn_the_proof(api: APIClient, aurillac: Commune) -> None:
    answer = proof()
    problem(api.post(ADDRESS, payload(challenge=answer, accuracy_m=-1)), 422)
    emptied(limits.of_commune("15014"))
    problem(api.post(ADDRESS, payload(challenge=answer)), 429)
    TokenBucket.objects.all().delete()
    assert api.post(ADDRESS, payload(challenge=answer)).status_code == 201


@pytest.mark.django_db
def test_a_key_replaced_is_honoured_until_it_is_forgotten(settings: Any) -> None:
    answer, settings.SECRET_KEY_FALLBACKS = proof(), [settings.SECRET_KEY]
    settings.SECRET_KEY = "the new key, drawn at random this morning"
    assert challenge.read(answer, commune="15014").nonce
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(ValidationError):
        challenge.read(answer, commune="15014")


@pytest.mark.django_db
def test_the_server_hardly_works_and_the_secret_number_is_not_told(settings: Any) -> None:
    """What the challenge shows of the key is half of it: the other half proves the search."""
    asked = challenge.issue(commune="15014")
    answer = solved(asked)
    assert answer["solution"]["derivedKey"].startswith(asked["parameters"]["keyPrefix"])
    assert len(asked["parameters"]["keyPrefix"]) == 32
    guess = {**answer, "solution": {"counter": 0, "derivedKey": asked["parameters"]["keyPrefix"] + "0" * 32}}
    with pytest.raises(ValidationError):
        challenge.read(guess, commune="15014")


@pytest.mark.django_db
def test_an_official_brings_none(
    api_as: Callable[[User], APIClient], aurillac: Commune, claude: User
) -> None:
    emptied(limits.of_address("bare", "127.0.0.1"), limits.of_commune("15014"))
    assert api_as(claude).post(ADDRESS, payload(channel="desk")).status_code == 201
    emptied(limits.of_official(claude.pk))
    problem(api_as(claude).post(ADDRESS, payload(channel="desk")), 429)


@pytest.mark.django_db
def test_expired_proofs_are_forgotten_a_day_later() -> None:
    now = timezone.now()
    for days in (0, 2):
        SpentChallenge.objects.create(nonce=uuid.uuid4().hex, expires_at=now - dt.timedelta(days=days))
    assert challenge.forget_expired() == 1
    assert SpentChallenge.objects.count() == 1


# --- at once -----------------------------------------------------------------------------------------


@pytest.fixture
def home(committed: None) -> None:
    """Aurillac, committed."""
    CommuneFactory()


def sixteen_with(answer: dict[str, Any]) -> list[int]:
    def post() -> int:
        return APIClient().post(ADDRESS, payload(challenge=answer)).status_code

    return sorted(at_once([post] * POSTS))


@pytest.mark.usefixtures("home")
def test_of_sixteen_posts_with_one_solution_exactly_one_passes() -> None:
    for _ in range(3):
        assert sixteen_with(proof()) == [201] + [429] * (POSTS - 1)
    assert Contribution.objects.count() == SpentChallenge.objects.count() == 3


@pytest.mark.usefixtures("home")
def test_looked_up_then_written_several_would_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the guard of a cache, get then set, lets the same harness through."""

    def naive(found: challenge.Proof) -> None:
        if SpentChallenge.objects.filter(nonce=found.nonce).exists():
            raise challenge.StaleChallenge
        SpentChallenge.objects.get_or_create(nonce=found.nonce, defaults={"expires_at": found.expires_at})

    monkeypatch.setattr(challenge, "spend", naive)
    for _ in range(20):
        TokenBucket.objects.all().delete()
        if sixteen_with(proof()).count(201) > 1:
            return
    pytest.fail("the harness shows no race: the test above proves nothing")


@pytest.mark.usefixtures("home")
def test_of_one_report_sent_sixteen_times_at_once_no_copy_is_told_to_wait() -> None:
    """Each answer is the receipt, whoever spent the proof."""
    document = payload(challenge=proof())
    answers = at_once([lambda: APIClient().post(ADDRESS, document)] * POSTS)
    assert sorted(answer.status_code for answer in answers) == [200] * (POSTS - 1) + [201]
    assert len({answer.content for answer in answers}) == 1
