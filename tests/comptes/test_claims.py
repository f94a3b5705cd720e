"""The first access of a commune: a code by real SMTP, typed back; and a town hall that says no."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
import time_machine
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from comptes.invitations import invite
from comptes.models import Claim, Membership, TownHallAddress, User
from comptes.notifications import send_due
from comptes.permissions import can
from comptes.roles import Gesture, Role
from comptes.town_halls import set_address
from territoires.models import Commune
from tests import factories
from tests.comptes.conftest import PostOffice

pytestmark = pytest.mark.django_db
PASSWORD = "quatre mots sans rapport"
ASK = "/equipe/revendiquer/15014/code/"
WHO = {"name": "Hélène Vidal, maire", "email": "helene@exemple.fr", "password": PASSWORD}


@pytest.fixture
def town_hall(aurillac: Commune) -> TownHallAddress:
    """Aurillac's official address."""
    return set_address(commune=aurillac, email="Mairie@Aurillac.fr")


def ask(client: Client) -> str:
    """Ask for a code; return the path of the page where it is typed."""
    answer = client.post(ASK)
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def code_in(post_office: PostOffice) -> str:
    send_due()
    letter = post_office.letters[-1]
    assert letter["To"] == "mairie@aurillac.fr"
    return re.search(r"^ +([A-Z0-9]{4} [A-Z0-9]{4})\s*$", letter.get_content(), re.MULTILINE)[1]


def test_the_whole_way_by_real_mail(
    client: Client, post_office: PostOffice, town_hall: TownHallAddress, aurillac: Commune
) -> None:
    page = client.get("/equipe/revendiquer/?q=aurillac", follow=True).content.decode()
    assert "m…@aurillac.fr" in page and "mairie@aurillac.fr" not in page
    path = ask(client)
    code = code_in(post_office)
    assert path in post_office.letters[-1].get_content(), "the letter says where to type it"
    assert client.get(path).status_code == 200
    assert client.post(path, {**WHO, "code": code.lower()}).status_code == 200
    assert not client.cookies, "nobody is signed in by a code: the sign-in page does"
    helene = User.objects.get(email=WHO["email"])
    assert can(helene, Gesture.DECIDE, aurillac) and can(helene, Gesture.GRANT_ROLES, aurillac)
    assert client.login(email=WHO["email"], password=PASSWORD)
    send_due()
    told = post_office.letters[-1]
    assert told["To"] == "mairie@aurillac.fr" and "helene@exemple.fr" in told.get_content()
    assert client.post(path, {**WHO, "code": code}).status_code == 410, "once"


def test_the_town_hall_says_that_it_was_not_them(
    client: Client, page_as: Callable[[User], Client], post_office: PostOffice, town_hall: TownHallAddress,
    aurillac: Commune,
) -> None:  # fmt: skip
    client.post(ask(client), {**WHO, "code": code_in(post_office)})
    thief = User.objects.get(email=WHO["email"])
    session = page_as(thief)
    invite(by=thief, email="complice@exemple.fr", role=Role.MODERATOR, territory=aurillac)
    send_due()
    letters = {letter["To"]: letter.get_content() for letter in post_office.letters}
    client.post(
        "/" + re.search(r"https?://[^/]+/(invitation/\S+)", letters["complice@exemple.fr"])[1],
        {"name": "Complice", "password": PASSWORD},
    )
    link = "/" + re.search(r"https?://[^/]+/(equipe/contester/\S+)", letters["mairie@aurillac.fr"])[1]
    for _scanner in range(2):
        assert client.get(link).status_code == 200
    assert can(thief, Gesture.DECIDE, aurillac), "a scanner that opens the link changes nothing"
    assert client.post(link).status_code == 200
    assert not Membership.objects.live().filter(commune=aurillac).exists(), "nor whom they invited"
    assert session.get("/moderation/").status_code == 403
    assert client.post(link).status_code == client.get(link).status_code == 410
    assert client.post(ASK).status_code == 302, "the town hall starts again"


def test_a_wrong_code_costs_a_try_and_a_weak_password_none(
    client: Client, post_office: PostOffice, town_hall: TownHallAddress
) -> None:
    path = ask(client)
    code = code_in(post_office)
    assert client.post(path, {**WHO, "code": code, "password": "court"}).status_code == 422
    assert Claim.objects.get().tries == 0
    for left in (4, 3, 2, 1):
        answer = client.post(path, {**WHO, "code": "AAAABBBB"})
        assert answer.status_code == 422 and f"Essais restants : {left}" in answer.content.decode()
    assert client.post(path, {**WHO, "code": "AAAABBBB"}).status_code == 410
    assert client.post(path, {**WHO, "code": code}).status_code == 410, "the good one comes too late"
    assert not User.objects.filter(email=WHO["email"]).exists()


def test_a_code_is_for_one_claim_and_for_seven_days(
    client: Client, post_office: PostOffice, town_hall: TownHallAddress
) -> None:
    first = ask(client)
    code = code_in(post_office)
    second = ask(client)
    assert client.post(second, {**WHO, "code": code}).status_code == 422
    with time_machine.travel(timezone.now() + dt.timedelta(days=7, minutes=1)):
        assert client.post(first, {**WHO, "code": code}).status_code == 410
    assert not User.objects.exists()


def test_the_code_is_kept_as_a_digest(
    client: Client, post_office: PostOffice, town_hall: TownHallAddress
) -> None:
    ask(client)
    code = code_in(post_office)
    row = Claim.objects.get()
    assert code.replace(" ", "") not in row.code_hash and len(row.code_hash) == 64


def test_three_codes_a_day_for_a_commune_whoever_asks(
    client: Client, town_hall: TownHallAddress, settings: object
) -> None:
    django_settings.ACCOUNT_RATE_LIMITS  # noqa: B018  # the limit by address is another test's
    for number in range(3):
        assert client.post(ASK, REMOTE_ADDR=f"192.0.2.{number}").status_code == 302
    answer = client.post(ASK, REMOTE_ADDR="192.0.2.9")
    assert answer.status_code == 409 and "Trois codes" in answer.content.decode()
    with time_machine.travel(timezone.now() + dt.timedelta(days=1, minutes=1)):
        assert client.post(ASK, REMOTE_ADDR="192.0.2.9").status_code == 302


def test_three_codes_a_day_for_an_address_whatever_the_commune(
    client: Client, town_hall: TownHallAddress, ytrac: Commune
) -> None:
    set_address(commune=ytrac, email="mairie@ytrac.fr")
    for _number in range(3):
        client.post(ASK)
    assert client.post("/equipe/revendiquer/15267/code/").status_code == 429
    assert not Claim.objects.filter(commune=ytrac).exists()


def test_another_site_cannot_make_a_visitor_ask(client: Client, town_hall: TownHallAddress) -> None:
    assert client.post(ASK, headers={"origin": "https://mechant.example"}).status_code == 403
    assert not Claim.objects.exists()


def test_when_somebody_decides_already_they_are_asked(
    client: Client, post_office: PostOffice, town_hall: TownHallAddress, bruno: User
) -> None:
    assert client.post(ASK).status_code == 409
    words = {"name": "Paul Serre, accueil", "email": "paul@exemple.fr", "words": "Bonjour"}
    answer = client.post("/equipe/revendiquer/15014/demande/", words)
    assert answer.status_code == 200 and "transmise" in answer.content.decode()
    send_due()
    assert post_office.letters[-1]["To"] == bruno.email
    assert "paul@exemple.fr" in post_office.letters[-1].get_content()
    assert not Claim.objects.exists()


def test_a_mandate_given_meanwhile_stops_the_claim(
    client: Client, post_office: PostOffice, town_hall: TownHallAddress, aurillac: Commune
) -> None:
    path = ask(client)
    code = code_in(post_office)
    factories.MembershipFactory(commune=aurillac)
    assert client.post(path, {**WHO, "code": code}).status_code == 410
    assert not User.objects.filter(email=WHO["email"]).exists()


def test_the_epci_s_people_do_not_stop_a_commune(
    client: Client, town_hall: TownHallAddress, driss: User
) -> None:
    assert client.post(ASK).status_code == 302


def test_without_a_known_address_the_page_says_whom_to_ask(
    client: Client, aurillac: Commune, driss: User
) -> None:
    page = client.get("/equipe/revendiquer/15014/").content.decode()
    assert "CA Aurillac Agglomération répond" in page and "exploitant" in page
    assert client.post(ASK).status_code == 409


def test_an_existing_account_answers_to_its_own_password(
    client: Client, post_office: PostOffice, town_hall: TownHallAddress, chloe: User, aurillac: Commune
) -> None:
    path = ask(client)
    words = {**WHO, "email": chloe.email, "code": code_in(post_office)}
    assert client.post(path, words).status_code == 422
    assert not can(chloe, Gesture.DECIDE, aurillac)
    assert client.post(path, {**words, "password": factories.PASSWORD}).status_code == 200
    assert can(chloe, Gesture.DECIDE, aurillac)


def test_who_is_signed_in_types_the_code_alone(
    page_as: Callable[[User], Client], post_office: PostOffice, town_hall: TownHallAddress, chloe: User,
    aurillac: Commune,
) -> None:  # fmt: skip
    session = page_as(chloe)
    path = ask(session)
    assert session.post(path, {"code": code_in(post_office)}).status_code == 200
    assert can(chloe, Gesture.GRANT_ROLES, aurillac)
