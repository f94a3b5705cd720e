"""`GET /api/v1/guichet/`, and the reports a signed-in page may then enter for people."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from comptes.models import Membership, User
from comptes.roles import Role
from contributions.models import Contribution
from territoires.models import Commune
from tests import factories
from tests.contributions.factories import payload
from tests.contributions.test_api import ADDRESS, PROBLEM

pytestmark = pytest.mark.django_db
DOOR = "/api/v1/guichet/"
AURILLAC = {"code": "15014", "nom": "Aurillac"}
YTRAC = {"code": "15267", "nom": "Ytrac"}


@pytest.fixture
def browser_of() -> Callable[[User], APIClient]:
    """A browser signed in by a session, whose server checks CSRF tokens."""

    def sign_in(user: User) -> APIClient:
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def enter(client: APIClient, token: str, **changes: Any) -> Any:
    """Send a report at the desk as our page does."""
    headers = {"x-csrftoken": token, "origin": "http://testserver", "sec-fetch-site": "same-origin"}
    return client.post(ADDRESS, payload(channel="desk", **changes), headers=headers)


def code_of(response: Any) -> str:
    """The last word of a problem document's type."""
    assert response["Content-Type"] == PROBLEM
    return str(response.json()["type"].rpartition(":")[2])


def test_a_stranger_is_told_to_sign_in_and_is_sent_nowhere(api: APIClient) -> None:
    response = api.get(DOOR)
    assert response.status_code == 401 and not response.cookies
    assert code_of(response) == "connexion-requise"
    assert "no-store" in response["Cache-Control"]


def test_the_clerk_reads_where_they_may_enter(
    browser_of: Callable[[User], APIClient], claude: User, ytrac: Commune
) -> None:
    response = browser_of(claude).get(DOOR)
    body = response.json()
    assert response.status_code == 200 and "no-store" in response["Cache-Control"]
    assert body.pop("csrf") and "csrftoken" in response.cookies
    assert body == {"person": "Claude", "communes": [AURILLAC], "more": False, "everywhere": False}


def test_a_person_without_a_name_is_called_by_their_address(
    browser_of: Callable[[User], APIClient], claude: User
) -> None:
    User.objects.filter(pk=claude.pk).update(display_name="")
    assert browser_of(claude).get(DOOR).json()["person"] == "claude@reperes.demo"


def test_the_referent_enters_in_every_commune_of_the_epci_and_the_steward_nowhere(
    browser_of: Callable[[User], APIClient], driss: User, sophie: User, aurillac: Commune, ytrac: Commune
) -> None:
    assert browser_of(driss).get(DOOR).json()["communes"] == [AURILLAC, YTRAC]
    steward = browser_of(sophie).get(DOOR).json()
    assert (steward["communes"], steward["everywhere"]) == ([], False)


def test_a_national_mandate_says_everywhere_and_lists_two_hundred_at_most(
    browser_of: Callable[[User], APIClient],
    aurillac: Commune,
    ytrac: Commune,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("contributions.api_desk.MAX_COMMUNES", 1)
    person = factories.UserFactory()
    factories.MembershipFactory(user=person, role=Role.MODERATOR, national=True)
    body = browser_of(person).get(DOOR).json()
    assert (body["communes"], body["more"], body["everywhere"]) == ([AURILLAC], True, True)


def test_the_number_of_queries_does_not_follow_the_number_of_communes(
    browser_of: Callable[[User], APIClient],
    driss: User,
    aurillac: Commune,
    ytrac: Commune,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = browser_of(driss)
    with django_assert_max_num_queries(5):
        client.get(DOOR)


def test_with_the_session_and_the_token_a_report_enters(
    browser_of: Callable[[User], APIClient], claude: User
) -> None:
    client = browser_of(claude)
    assert enter(client, client.get(DOOR).json()["csrf"]).status_code == 201
    row = Contribution.objects.get()
    assert (row.channel, row.entered_by) == ("desk", claude)


@pytest.mark.parametrize("token", ["", "x", "a" * 64])
def test_a_stale_token_is_told_from_the_other_refusals_and_another_one_passes(
    browser_of: Callable[[User], APIClient], claude: User, token: str
) -> None:
    client = browser_of(claude)
    client.get(DOOR)
    refused = enter(client, token)
    assert (refused.status_code, code_of(refused)) == (403, "jeton-perime")
    assert not Contribution.objects.exists()
    assert enter(client, client.get(DOOR).json()["csrf"]).status_code == 201


def test_an_expired_session_is_asked_to_sign_in(
    browser_of: Callable[[User], APIClient], claude: User
) -> None:
    client = browser_of(claude)
    token = client.get(DOOR).json()["csrf"]
    Session.objects.all().update(expire_date=timezone.now() - dt.timedelta(minutes=1))
    refused = enter(client, token)
    assert (refused.status_code, code_of(refused)) == (401, "connexion-requise")
    assert client.get(DOOR).status_code == 401
    assert not Contribution.objects.exists()


def test_what_was_received_before_the_session_ended_is_acknowledged_again(
    browser_of: Callable[[User], APIClient], api: APIClient, claude: User
) -> None:
    """The answer was lost, then the session: the phone must learn that its report is in."""
    client = browser_of(claude)
    document = payload(channel="desk")
    token = client.get(DOOR).json()["csrf"]
    first = client.post(ADDRESS, document, headers={"x-csrftoken": token})
    again = api.post(ADDRESS, document)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_the_neighbouring_mayor_is_refused(
    browser_of: Callable[[User], APIClient], chloe: User, aurillac: Commune
) -> None:
    client = browser_of(chloe)
    refused = enter(client, client.get(DOOR).json()["csrf"])
    assert refused.status_code == 403 and code_of(refused) != "jeton-perime"
    assert "mandats" in refused.json()["detail"]


def test_a_former_official_is_refused_the_next_minute(
    browser_of: Callable[[User], APIClient], claude: User
) -> None:
    client = browser_of(claude)
    token = client.get(DOOR).json()["csrf"]
    Membership.objects.filter(user=claude).update(ends=timezone.now())
    assert enter(client, token).status_code == 403
    assert client.get(DOOR).json()["communes"] == []
    assert not Contribution.objects.exists()
