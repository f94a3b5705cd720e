"""Hostile words in every field of every form and body: refused in French or taken, never an error of ours."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.urls import reverse

from comptes.models import User
from tests.security.browsing import client_of
from tests.security.matrix import FORM, JSON, ROUTES, Route

pytestmark = pytest.mark.django_db

WORDS = [
    "",
    "a\x00b",
    "\ud800",
    "\u202etxt",
    "1e999",
    "NaN",
    "-1",
    "9" * 40,
    "é" * 5000,
    "2026-02-30",
    "<script>",
    "../x",
]
SHAPES: list[Any] = [None, True, -1, 1e308, [], {}, [[]], {"type": "Point", "coordinates": ["a", None]}]
# Signing out ends the test's own session; allauth's own forms take our words elsewhere.
LEFT_OUT = {"account_logout"}
WRITING = sorted(
    name for name, route in ROUTES.items() if set(route.allowed) - {"GET"} and name not in LEFT_OUT
)


def bodies(route: Route, world: dict[str, Any]) -> Iterator[Any]:
    """Yield the route's own body with one field at a time made hostile."""
    body = route.body(world)
    if not isinstance(body, dict):
        return
    for field in body:
        for word in WORDS:
            yield body | {field: word}
        if route.content_type == JSON:
            for shape in SHAPES:
                yield body | {field: shape}


def test_no_word_makes_an_error(people: dict[str, User | None], world: dict[str, Any]) -> None:
    """As the mayor, who gets furthest; each request rolled back. One world for all: it is what costs."""
    client = client_of(people["mayor"])
    signed_in = client.cookies.copy()
    tried = 0
    for name in WRITING:
        route = ROUTES[name]
        url, headers = reverse(name, args=route.args(world)), dict(route.headers(world))
        method = min(set(route.allowed) - {"GET"})
        for body in bodies(route, world):
            sid, client.cookies = transaction.savepoint(), signed_in.copy()
            json_body = route.content_type == JSON
            data = json.dumps(body) if json_body else urlencode(body, doseq=True, errors="surrogatepass")
            answer = client.generic(method, url, data=data, content_type=route.content_type, headers=headers)
            transaction.savepoint_rollback(sid)
            assert answer.status_code < 500, (name, body, answer.status_code)
            tried += 1
    assert tried > 1_000


def test_every_form_of_the_matrix_is_tried() -> None:
    """The net has no hole: a route that writes is either tried, or named above."""
    assert {ROUTES[name].content_type for name in WRITING} >= {FORM, JSON}
    assert len(WRITING) > 60
