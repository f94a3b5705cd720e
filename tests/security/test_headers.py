"""Headers of every answer, whatever the page: none may forget one."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.http.response import HttpResponseBase
from django.test import Client

from comptes.models import User
from tests.security.routes import routes

pytestmark = pytest.mark.django_db
ROUTES = {route.name: route.path for route in routes()}
ERRORS = {
    "404": "/nulle-part/",
    "404 of the API": "/api/v1/nulle-part/",
    "405": "/compte/deconnexion/",
    "bad parameter": "/api/v1/communes/?lon=nan&lat=inf",
}

# A fixed list, the same for every official.
NOT_PERSONAL = {"api-reasons"}


def directives(answer: HttpResponseBase) -> dict[str, list[str]]:
    policy = answer["Content-Security-Policy"]
    return {name: sources for name, *sources in (part.split() for part in policy.split(";") if part.strip())}


def check_headers(answer: HttpResponseBase) -> None:
    """The scoring of the MDN Observatory, those parts that do not need TLS."""
    policy = directives(answer)
    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["base-uri"] == ["'none'"]
    assert policy["object-src"] == ["'none'"]
    assert policy["form-action"] == ["'self'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'"]
    text = answer["Content-Security-Policy"]
    assert "unsafe" not in text
    assert "*" not in text
    allowed = {"'none'", "'self'", "data:", "blob:", settings.TILE_HOST}
    assert {source for sources in policy.values() for source in sources} <= allowed
    assert "data:" not in policy["script-src"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    # The second is stricter: pages whose address is itself a secret.
    assert answer["Referrer-Policy"] in {"strict-origin-when-cross-origin", "same-origin"}
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    features = answer["Permissions-Policy"]
    for closed in ["microphone=()", "payment=()", "usb=()"]:
        assert closed in features
    for ours in ["geolocation=(self)", "camera=(self)"]:
        assert ours in features


@pytest.mark.parametrize("name", ROUTES)
def test_for_a_stranger(name: str, client: Client) -> None:
    answer = client.get(ROUTES[name])
    assert answer.status_code < 500
    check_headers(answer)


@pytest.mark.parametrize("name", ROUTES)
def test_for_an_official(name: str, page_as: Callable[[User], Client], bruno: User) -> None:
    answer = page_as(bruno).get(ROUTES[name])
    assert answer.status_code < 500
    check_headers(answer)


@pytest.mark.parametrize("error", ERRORS)
def test_for_an_error(error: str, client: Client) -> None:
    answer = client.get(ERRORS[error])
    assert 400 <= answer.status_code < 500
    check_headers(answer)


def test_for_a_form_refused_for_its_csrf_token() -> None:
    answer = Client(enforce_csrf_checks=True).post("/compte/connexion/", {"login": "a@b.fr"})
    assert answer.status_code == 403
    check_headers(answer)


def test_for_a_host_that_is_not_ours(client: Client) -> None:
    answer = client.get("/", HTTP_HOST="mechant.example")
    assert answer.status_code == 400
    assert "mechant" not in answer.content.decode()


@pytest.mark.parametrize("name", ROUTES)
def test_what_only_an_official_sees_is_kept_by_no_cache(
    name: str, client: Client, page_as: Callable[[User], Client], bruno: User
) -> None:
    """After signing out, neither the Back button nor a shared cache shows it."""
    if name in NOT_PERSONAL or client.get(ROUTES[name]).status_code == 200:
        return
    answer = page_as(bruno).get(ROUTES[name])
    if answer.status_code == 200:
        assert {"no-store", "private"} & set(answer.get("Cache-Control", "").replace(",", " ").split())
