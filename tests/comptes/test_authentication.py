"""`Authorization: Bearer …`: what is believed, and what is refused without an error of ours."""

import contextlib
import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIClient, APIRequestFactory

from comptes.authentication import BearerAuthentication
from comptes.models import ApiToken, Membership, User
from comptes.permissions import can
from comptes.roles import Gesture
from territoires.models import Commune

pytestmark = pytest.mark.django_db
PROTECTED = "/api/v1/moderation/contributions/"


def who(header: str) -> User | None:
    request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=header)
    found = BearerAuthentication().authenticate(request)
    return found[0] if found else None


def test_a_token_acts_for_its_owner(bruno: User) -> None:
    _row, token = ApiToken.objects.create(bruno)
    assert who(f"Bearer {token}") == bruno
    assert who(f"bearer {token}") == bruno


def test_another_scheme_or_none_is_left_to_others(db: None) -> None:
    assert who("") is None
    assert who("Basic YTpi") is None


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer a b",
        "Bearer \xff\xfe",
        "Bearer a\x00b",
        "Bearer " + "0" * 63,
        "Bearer " + "g" * 64,
        "Bearer " + "a" * 100_000,
    ],
)
def test_what_is_not_a_token_is_refused_politely(header: str) -> None:
    with pytest.raises(AuthenticationFailed, match="recopiez-le en entier"):
        who(header)


def test_an_unknown_token_is_refused(bruno: User) -> None:
    with pytest.raises(AuthenticationFailed, match="créez-en un autre"):
        who("Bearer " + "a" * 64)


def test_an_expired_token_is_refused(bruno: User) -> None:
    row, token = ApiToken.objects.create(bruno)
    ApiToken.objects.filter(pk=row.pk).update(expiry=timezone.now() - dt.timedelta(seconds=1))
    with pytest.raises(AuthenticationFailed):
        who(f"Bearer {token}")


def test_the_token_of_a_closed_account_is_refused(bruno: User) -> None:
    _row, token = ApiToken.objects.create(bruno)
    User.objects.filter(pk=bruno.pk).update(is_active=False)
    with pytest.raises(AuthenticationFailed):
        who(f"Bearer {token}")


def test_a_token_outlives_the_mandate_and_opens_nothing(bruno: User, aurillac: Commune) -> None:
    _row, token = ApiToken.objects.create(bruno)
    Membership.objects.filter(user=bruno).update(ends=timezone.now())
    with pytest.raises(AuthenticationFailed, match="plus de mandat"):
        who(f"Bearer {token}")
    assert not any(can(bruno, gesture, aurillac) for gesture in Gesture)


def test_over_http_a_bad_token_is_401_in_french(api: APIClient) -> None:
    answer = api.get(PROTECTED, HTTP_AUTHORIZATION="Bearer \xff")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["Content-Type"] == "application/problem+json"
    assert "recopiez-le" in answer.json()["detail"]


def test_over_http_a_token_needs_no_csrf_token_and_sets_no_cookie(
    api_as: Callable[[User], APIClient], bruno: User
) -> None:
    answer = api_as(bruno).get(PROTECTED)
    assert answer.status_code == 200
    assert not answer.cookies


@hypothesis_settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rest=st.text(st.characters(max_codepoint=255), max_size=90))
def test_no_header_is_an_error_of_ours(rest: str, db: None) -> None:
    with contextlib.suppress(AuthenticationFailed):
        who(f"Bearer {rest}")
