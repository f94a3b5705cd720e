"""`/compte/mot-de-passe/…`: forgotten, chosen again, changed."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from comptes.models import Notification, User
from comptes.notifications import send_due
from tests import factories
from tests.comptes.conftest import PostOffice

pytestmark = pytest.mark.django_db
FORGOTTEN = "/compte/mot-de-passe/oublie/"
NEW = "cheval-agrafe-batterie-juste"


@pytest.fixture(autouse=True)
def fresh_counters() -> Iterator[None]:
    """Attempts of one test do not count in the next."""
    cache.clear()
    yield
    cache.clear()


def link_received(office: PostOffice) -> str:
    body = office.letters[-1].get_payload(decode=True).decode()  # type: ignore[union-attr]
    found = re.search(r"^http://127\.0\.0\.1:8000(/\S+)", body, re.MULTILINE)
    assert found, body
    return found[1]


def test_a_forgotten_password_is_chosen_again_by_letter(
    client: Client, bruno: User, post_office: PostOffice
) -> None:
    answer = client.post(FORGOTTEN, {"email": bruno.email})
    assert answer["Location"] == "/compte/mot-de-passe/envoye/"
    assert client.get(answer["Location"]).status_code == 200
    assert send_due() == 1
    page = client.get(link_received(post_office), follow=True)
    form_address = page.redirect_chain[-1][0]
    assert "set-password" in form_address, "the key leaves the address bar"
    done = client.post(form_address, {"password1": NEW, "password2": NEW}, follow=True)
    assert "Votre mot de passe a changé" in done.content.decode()
    bruno.refresh_from_db()
    assert bruno.check_password(NEW)


def test_the_link_serves_once(client: Client, bruno: User, post_office: PostOffice) -> None:
    client.post(FORGOTTEN, {"email": bruno.email})
    send_due()
    link = link_received(post_office)
    form_address = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form_address, {"password1": NEW, "password2": NEW})
    again = Client().get(link)
    assert "Ce lien a déjà servi" in again.content.decode()


def test_reading_the_link_changes_nothing(client: Client, bruno: User, post_office: PostOffice) -> None:
    """Mail scanners open links."""
    client.post(FORGOTTEN, {"email": bruno.email})
    send_due()
    for _ in range(2):
        Client().get(link_received(post_office), follow=True)
    bruno.refresh_from_db()
    assert bruno.check_password(factories.PASSWORD)


@pytest.mark.parametrize("who", ["unknown", "closed"])
def test_nobody_learns_who_has_an_account(
    who: str, client: Client, bruno: User, post_office: PostOffice
) -> None:
    if who == "closed":
        User.objects.filter(pk=bruno.pk).update(is_active=False)
    email = "personne@exemple.fr" if who == "unknown" else bruno.email
    answer = client.post(FORGOTTEN, {"email": email})
    assert answer["Location"] == "/compte/mot-de-passe/envoye/"
    send_due()
    assert not post_office.letters


def test_an_address_gets_three_letters_a_day(client: Client, bruno: User, settings: Settings) -> None:
    settings.REPERES_LIMITS = True
    settings.ACCOUNT_RATE_LIMITS = False
    for _ in range(20):
        assert client.post(FORGOTTEN, {"email": bruno.email}).status_code == 302
    assert Notification.objects.filter(template="mot-de-passe").count() == 3


def test_the_link_never_names_the_host_of_whoever_asks(
    client: Client, bruno: User, post_office: PostOffice
) -> None:
    client.post(FORGOTTEN, {"email": bruno.email}, HTTP_HOST="localhost")
    send_due()
    link_received(post_office)


@pytest.mark.parametrize(
    "link", ["1-abc", "zzzzzzzzzzzzz-set-password", "1-x-y", "0-set-password", "1-" + "a" * 80]
)
def test_an_invented_link_opens_nothing(link: str, client: Client) -> None:
    answer = client.get(f"/compte/mot-de-passe/nouveau/{link}/")
    assert answer.status_code == 200
    assert "Ce lien a déjà servi" in answer.content.decode()
    assert not answer.cookies


@pytest.mark.parametrize("weak", ["court", "motdepasse12", "password1234"])
def test_a_weak_password_is_refused_with_its_reason(
    weak: str, page_as: Callable[[User], Client], bruno: User
) -> None:
    answer = page_as(bruno).post(
        "/compte/mot-de-passe/changer/",
        {"oldpassword": factories.PASSWORD, "password1": weak, "password2": weak},
    )
    accepted = answer.status_code == 302
    assert accepted is (weak == "motdepasse12"), "Django's list of common passwords is English"


def test_changing_the_password_closes_the_other_sessions_and_keeps_this_one(
    page_as: Callable[[User], Client], bruno: User
) -> None:
    here, elsewhere = page_as(bruno), page_as(bruno)
    answer = here.post(
        "/compte/mot-de-passe/changer/",
        {"oldpassword": factories.PASSWORD, "password1": NEW, "password2": NEW},
    )
    assert answer["Location"] == "/compte/"
    assert here.get("/compte/").status_code == 200
    assert elsewhere.get("/compte/").status_code == 302


def test_the_old_password_is_asked(page_as: Callable[[User], Client], bruno: User) -> None:
    answer = page_as(bruno).post(
        "/compte/mot-de-passe/changer/", {"oldpassword": "faux", "password1": NEW, "password2": NEW}
    )
    assert answer.status_code == 200
    bruno.refresh_from_db()
    assert not bruno.check_password(NEW)


def test_who_has_no_password_yet_chooses_one(page_as: Callable[[User], Client]) -> None:
    invited = User.objects.create_user("invitee@exemple.fr")
    client = page_as(invited)
    assert client.get("/compte/mot-de-passe/changer/")["Location"] == "/compte/mot-de-passe/choisir/"
    assert client.get("/compte/mot-de-passe/choisir/").status_code == 200
    client.post("/compte/mot-de-passe/choisir/", {"password1": NEW, "password2": NEW})
    invited.refresh_from_db()
    assert invited.check_password(NEW)
