"""Refusals and faults: a page for people, a problem document for programs, in French."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from config.urls import handler400, handler403, handler404, handler500  # noqa: F401  # read by Django
from config.urls import urlpatterns as real


def _raise(error: Exception) -> Any:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


FAULTS = {
    "400": SuspiciousOperation("champ de trop"),
    "403": PermissionDenied("Votre mandat est terminé."),
    "500": RuntimeError("panne"),
}
urlpatterns = [
    *real,
    *(path(f"faute/{code}/", _raise(error)) for code, error in FAULTS.items()),
    *(path(f"api/v1/faute/{code}/", _raise(error)) for code, error in FAULTS.items()),
]


@pytest.fixture
def visitor() -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (400, "illisible"),
        (403, "Votre mandat est terminé."),
        (404, "Cherchez votre commune"),
        (500, "une panne"),
    ],
)
def test_people_get_a_page_that_says_what_to_do(visitor: Client, db: None, code: int, words: str) -> None:
    page = visitor.get(f"/faute/{code}/")
    assert page.status_code == code
    text = page.content.decode()
    assert words in text and 'lang="fr"' in text and 'href="/"' in text
    assert not page.cookies


@pytest.mark.parametrize("code", [400, 403, 404, 500])
def test_programs_get_a_problem_document(visitor: Client, db: None, code: int) -> None:
    answer = visitor.get(f"/api/v1/faute/{code}/")
    assert answer.status_code == code
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == code and answer.json()["detail"]


def test_a_fault_says_nothing_of_its_cause(visitor: Client, db: None) -> None:
    for address in ("/faute/500/", "/api/v1/faute/500/"):
        assert "RuntimeError" not in visitor.get(address).content.decode()


def test_the_fault_page_needs_no_database(visitor: Client) -> None:
    assert visitor.get("/faute/500/").status_code == 500


def test_a_form_from_elsewhere_is_refused_in_words(db: None) -> None:
    page = Client(enforce_csrf_checks=True).post("/compte/connexion/", {"login": "x", "password": "y"})
    assert page.status_code == 403
    assert "rechargez la page" in page.content.decode()
