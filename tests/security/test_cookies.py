"""Cookies: none for a stranger, few and closed for an official."""

import pytest
from django.test import Client

from comptes.models import User
from tests import factories
from tests.security.routes import routes

pytestmark = pytest.mark.django_db
ROUTES = {route.name: route.path for route in routes()}
# A form that changes something for one person carries a CSRF token, hence a cookie.
WITH_CSRF_TOKEN = {"account_login", "account_reset_password"}


@pytest.mark.parametrize("name", [name for name in ROUTES if name not in WITH_CSRF_TOKEN])
def test_a_stranger_gets_none(name: str, client: Client) -> None:
    answer = client.get(ROUTES[name])
    assert answer.status_code < 500
    assert not answer.cookies
    assert not client.cookies


@pytest.mark.parametrize("name", sorted(WITH_CSRF_TOKEN))
def test_the_sign_in_pages_set_the_csrf_cookie_and_no_session(name: str, client: Client) -> None:
    assert set(client.get(ROUTES[name]).cookies) == {"csrftoken"}


def test_a_refused_sign_in_opens_no_session(client: Client) -> None:
    client.post("/compte/connexion/", {"login": "a@exemple.fr", "password": "faux"})
    assert "sessionid" not in client.cookies


def test_the_session_is_closed_to_scripts_and_to_other_sites(client: Client, bruno: User) -> None:
    client.post("/compte/connexion/", {"login": bruno.email, "password": factories.PASSWORD})
    session = client.cookies["sessionid"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert session["domain"] == ""
    assert client.cookies["csrftoken"]["samesite"] == "Lax"


def test_signing_in_changes_the_session_and_signing_out_ends_it(client: Client, bruno: User) -> None:
    client.post("/compte/connexion/", {"login": bruno.email, "password": factories.PASSWORD})
    stolen = client.cookies["sessionid"].value
    client.post("/compte/deconnexion/")
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert thief.get("/compte/").status_code == 302


def test_another_site_cannot_use_an_open_session(bruno: User) -> None:
    """A page elsewhere may send the form, with the cookies of an old browser; not the CSRF token."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(bruno, backend="django.contrib.auth.backends.ModelBackend")
    for path in ["/compte/jetons/", "/compte/deconnexion/", "/compte/mot-de-passe/changer/"]:
        assert client.post(path, {"name": "x"}, HTTP_ORIGIN="https://mechant.example").status_code == 403
    answer = client.post("/api/v1/moderation/decisions/", {}, content_type="application/json")
    assert answer.status_code == 403
