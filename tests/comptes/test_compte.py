"""`/compte/` and the tokens it creates and revokes."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from comptes.models import ApiToken, Membership, User
from comptes.roles import Role
from territoires.models import Commune
from tests import factories

pytestmark = pytest.mark.django_db
CREATE = "/compte/jetons/"


def test_it_says_who_i_am_and_each_mandate_with_its_period(
    page_as: Callable[[User], Client], bruno: User, ytrac: Commune
) -> None:
    now = timezone.now()
    factories.MembershipFactory(
        user=bruno, role=Role.CLERK, commune=ytrac, starts=now - dt.timedelta(days=9), ends=now
    )
    factories.MembershipFactory(
        user=bruno, role=Role.STEWARD, national=True, starts=now + dt.timedelta(days=9)
    )
    page = page_as(bruno).get("/compte/").content.decode()
    for words in ["Bruno", "bruno@reperes.demo", "Aurillac", "Ytrac", "Toute la France"]:
        assert words in page
    for state in ["en cours", "terminé", "à venir"]:
        assert state in page


def test_a_stranger_is_led_to_the_sign_in(client: Client) -> None:
    for answer in [client.get("/compte/"), client.post(CREATE, {"name": "x"})]:
        assert answer.status_code == 302
        assert answer["Location"].startswith("/compte/connexion/")


def test_the_page_is_never_kept_by_a_cache(page_as: Callable[[User], Client], bruno: User) -> None:
    assert "no-store" in page_as(bruno).get("/compte/")["Cache-Control"]


def test_the_page_s_queries_do_not_grow_with_mandates_and_tokens(
    page_as: Callable[[User], Client],
    bruno: User,
    ytrac: Commune,
    django_assert_num_queries: Callable[..., object],
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = page_as(bruno)
    with CaptureQueriesContext(connection) as before:
        client.get("/compte/")
    for number in range(5):
        ApiToken.objects.create(bruno, name=str(number))
        factories.MembershipFactory(user=bruno, commune=ytrac, role=Role.CLERK)
    with CaptureQueriesContext(connection) as after:
        client.get("/compte/")
    assert len(after) == len(before)


def test_a_token_is_shown_once_and_opens_the_api(
    page_as: Callable[[User], Client], bruno: User, client: Client
) -> None:
    session = page_as(bruno)
    answer = session.post(CREATE, {"name": "QGIS du bureau"})
    found = re.search(r"<code>([0-9a-f]{64})</code>", answer.content.decode())
    assert found
    assert "no-store" in answer["Cache-Control"]
    token = found[1]
    later = session.get("/compte/").content.decode()
    assert "QGIS du bureau" in later
    assert token not in later
    assert not ApiToken.objects.filter(digest=token).exists(), "only its digest is kept"


def test_a_revoked_token_opens_nothing(page_as: Callable[[User], Client], bruno: User) -> None:
    row, _token = ApiToken.objects.create(bruno, name="QGIS")
    answer = page_as(bruno).post(f"/compte/jetons/{row.digest}/revoquer/")
    assert answer["Location"] == "/compte/"
    assert not ApiToken.objects.exists()


def test_the_token_of_somebody_else_does_not_exist_for_me(
    page_as: Callable[[User], Client], bruno: User, chloe: User
) -> None:
    row, _token = ApiToken.objects.create(chloe, name="QGIS")
    assert page_as(bruno).post(f"/compte/jetons/{row.digest}/revoquer/").status_code == 404
    assert page_as(bruno).get(f"/compte/jetons/{row.digest}/revoquer/").status_code == 405
    assert ApiToken.objects.filter(user=chloe).exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
def test_a_bad_name_is_refused_and_says_why(
    name: str, page_as: Callable[[User], Client], bruno: User
) -> None:
    answer = page_as(bruno).post(CREATE, {"name": name})
    assert answer.status_code == 422
    assert "erreur" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_two_tokens_do_not_share_a_name(page_as: Callable[[User], Client], bruno: User) -> None:
    client = page_as(bruno)
    client.post(CREATE, {"name": "QGIS"})
    answer = client.post(CREATE, {"name": " QGIS "})
    assert answer.status_code == 422
    assert "porte déjà ce nom" in answer.content.decode()


def test_the_number_of_tokens_is_bounded(page_as: Callable[[User], Client], bruno: User) -> None:
    limit = int(str(settings.REST_KNOX["TOKEN_LIMIT_PER_USER"]))
    for number in range(limit):
        ApiToken.objects.create(bruno, name=str(number))
    answer = page_as(bruno).post(CREATE, {"name": "un de trop"})
    assert answer.status_code == 422
    assert ApiToken.objects.count() == limit


def test_a_hostile_name_is_shown_as_text(page_as: Callable[[User], Client], bruno: User) -> None:
    User.objects.filter(pk=bruno.pk).update(display_name="<img src=x onerror=alert(1)>")
    client = page_as(User.objects.get(pk=bruno.pk))
    client.post(CREATE, {"name": "<script>alert(1)</script>"})
    page = client.get("/compte/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_mandate_revoked_mid_session_opens_nothing_more(
    page_as: Callable[[User], Client], bruno: User
) -> None:
    client = page_as(bruno)
    assert "en cours" in client.get("/compte/").content.decode()
    Membership.objects.filter(user=bruno).update(ends=timezone.now())
    assert "en cours" not in client.get("/compte/").content.decode()


def test_a_closed_account_loses_its_open_session(page_as: Callable[[User], Client], bruno: User) -> None:
    client = page_as(bruno)
    User.objects.filter(pk=bruno.pk).update(is_active=False)
    assert client.get("/compte/").status_code == 302
