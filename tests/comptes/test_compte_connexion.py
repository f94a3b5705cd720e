"""`/compte/connexion/` and `/compte/deconnexion/`."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import hashers
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from comptes.demo import ACCOUNTS, PASSWORD
from comptes.models import User
from tests import factories

pytestmark = pytest.mark.django_db
ADDRESS = "/compte/connexion/"


@pytest.fixture(autouse=True)
def fresh_counters() -> Iterator[None]:
    """Attempts of one test do not count in the next."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def limits_on(settings: Settings) -> None:
    """The limits of a real instance, whatever the environment of the tests."""
    settings.REPERES_LIMITS = True
    settings.ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "10/m/ip,5/5m/key"}


def sign_in(client: Client, email: str, password: str = factories.PASSWORD, **extra: Any) -> Any:
    return client.post(ADDRESS, {"login": email, "password": password}, **extra)


def test_the_mayor_signs_in_and_arrives_at_what_awaits_a_decision(client: Client, bruno: User) -> None:
    answer = sign_in(client, bruno.email)
    assert (answer.status_code, answer["Location"]) == (302, "/moderation/")
    assert client.get("/compte/").status_code == 200


def test_the_address_is_read_whatever_its_case(client: Client, bruno: User) -> None:
    assert sign_in(client, " Bruno@Reperes.DEMO").status_code == 302


def test_it_goes_where_one_was_going(client: Client, bruno: User) -> None:
    wanted = client.get("/compte/")
    assert wanted["Location"] == f"{ADDRESS}?next=/compte/"
    page = client.get(wanted["Location"])
    assert 'name="next" value="/compte/"' in page.content.decode()
    answer = client.post(ADDRESS, {"login": bruno.email, "password": PASSWORD, "next": "/compte/"})
    assert answer["Location"] == "/compte/"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://mechant.example/", "//mechant.example/", "javascript:alert(1)", "/\\mechant.example"],
)
def test_it_never_sends_to_another_site(elsewhere: str, client: Client, bruno: User) -> None:
    answer = client.post(ADDRESS, {"login": bruno.email, "password": PASSWORD, "next": elsewhere})
    assert answer["Location"] == "/moderation/"


def test_the_form_is_labelled_and_has_the_names_programs_expect(client: Client) -> None:
    page = client.get(ADDRESS).content.decode()
    assert 'name="login"' in page
    assert 'name="password"' in page
    assert "Adresse électronique" in page
    assert "placeholder" not in page


def test_the_demo_shows_its_accounts_and_a_real_instance_does_not(client: Client, settings: Settings) -> None:
    settings.REPERES_DEMO = True
    page = client.get(ADDRESS).content.decode()
    assert all(account.email in page for account in ACCOUNTS)
    assert PASSWORD in page
    settings.REPERES_DEMO = False
    page = client.get(ADDRESS).content.decode()
    assert PASSWORD not in page
    assert not any(account.email in page for account in ACCOUNTS)


def test_an_unknown_address_and_a_wrong_password_look_the_same(client: Client, bruno: User) -> None:
    unknown = sign_in(client, "personne@exemple.fr", "faux-mot-de-passe").content.decode()
    wrong = sign_in(client, bruno.email, "faux-mot-de-passe").content.decode()
    assert "Cette adresse et ce mot de passe ne vont pas ensemble." in wrong

    def strip(page: str, email: str) -> str:
        lines = page.replace(email, "X").splitlines()
        return "\n".join(line for line in lines if "csrfmiddlewaretoken" not in line)

    assert strip(unknown, "personne@exemple.fr") == strip(wrong, bruno.email)


def test_an_unknown_address_costs_the_same_work(client: Client, bruno: User) -> None:
    """Time tells nothing: as many passwords are hashed."""
    hasher = hashers.get_hasher()
    real = type(hasher).encode
    counts: list[int] = []
    for email in [bruno.email, "personne@exemple.fr"]:
        with mock.patch.object(type(hasher), "encode", autospec=True, side_effect=real) as encode:
            sign_in(client, email, "faux-mot-de-passe")
            counts.append(encode.call_count)
    assert counts[0] == counts[1] > 0


def test_a_closed_account_does_not_open(client: Client, bruno: User) -> None:
    User.objects.filter(pk=bruno.pk).update(is_active=False)
    sign_in(client, bruno.email)
    assert client.get("/compte/").status_code == 302


def test_an_account_without_password_cannot_be_opened_by_typing(client: Client) -> None:
    user = User.objects.create_user("invite@exemple.fr")
    for password in ["", "!", "None"]:
        assert sign_in(client, user.email, password).status_code == 200


def test_five_wrong_passwords_close_the_door_for_that_address(
    limits_on: None, client: Client, bruno: User, chloe: User
) -> None:
    for _ in range(5):
        sign_in(client, bruno.email, "faux-mot-de-passe")
    page = sign_in(client, bruno.email)
    assert page.status_code == 200
    assert "Trop d&#x27;essais" in page.content.decode()
    assert sign_in(client, chloe.email).status_code == 302, "another person is let in"


def test_the_counters_are_seen_by_every_process(settings: Settings) -> None:
    """A cache in the memory of each process would multiply the tries by the processes."""
    assert settings.CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"
    cache.set("essai", 1)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM comptes_cache WHERE cache_key LIKE %s", ["%essai"])
        assert cursor.fetchone()[0] == 1


def wrong_tries(client: Client, addresses: Iterator[dict[str, str]], tries: int = 12) -> list[bool]:
    """Fail with a new account each time, so that only the address of the client is counted."""
    return [
        "Trop d&#x27;essais"
        in sign_in(client, f"inconnu{number}@exemple.fr", "faux", **next(addresses)).content.decode()
        for number in range(tries)
    ]


def test_an_invented_forwarded_for_changes_nothing(
    limits_on: None, client: Client, settings: Settings
) -> None:
    settings.REPERES_PROXIES = 0
    invented = ({"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}"} for number in itertools.count(1))
    assert wrong_tries(client, invented) == [False] * 10 + [True] * 2


def test_behind_a_proxy_only_what_the_proxy_wrote_counts(
    limits_on: None, client: Client, settings: Settings
) -> None:
    settings.REPERES_PROXIES = 1
    invented = (
        {"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}, 203.0.113.7"} for number in itertools.count(1)
    )
    assert wrong_tries(client, invented) == [False] * 10 + [True] * 2
    neighbour = itertools.repeat({"HTTP_X_FORWARDED_FOR": "203.0.113.8"})
    assert wrong_tries(client, neighbour, tries=1) == [False]


def test_without_limits_nobody_waits(client: Client, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    nobody: Iterator[dict[str, str]] = itertools.repeat({})
    assert not any(wrong_tries(client, nobody, tries=15))


def test_signing_out_is_a_gesture_not_a_link(page_as: Callable[[User], Client], bruno: User) -> None:
    client = page_as(bruno)
    assert client.get("/compte/deconnexion/").status_code == 405
    assert client.get("/compte/").status_code == 200
    answer = client.post("/compte/deconnexion/")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/compte/").status_code == 302
    assert {name for name, cookie in client.cookies.items() if cookie.value} <= {"csrftoken"}


def test_the_form_is_refused_without_its_csrf_token(bruno: User) -> None:
    assert sign_in(Client(enforce_csrf_checks=True), bruno.email).status_code == 403


@pytest.mark.parametrize("name", ["account_signup", "account_email", "account_confirm_email"])
def test_nobody_signs_up_alone(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize("address", ["/compte/inscription/", "/compte/signup/", "/accounts/signup/"])
def test_the_usual_addresses_of_sign_up_lead_nowhere(address: str, client: Client) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "login", ["a\x00b@exemple.fr", "é" * 400 + "@x.fr", "' OR 1=1 --", "<script>@x.fr", ""]
)
def test_no_text_breaks_the_form(login: str, client: Client) -> None:
    assert sign_in(client, login, "x\x00y").status_code == 200
