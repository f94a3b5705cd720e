"""One row of the matrix: how to ask for a route, and who gets what."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from tests.factories import SECRET

PEOPLE = ("anonymous", "author", "neighbour", "clerk", "mayor", "epci", "steward", "former")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
EVERYBODY = "200 200 200 200 200 200 200 200"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

World = dict[str, Any]


@dataclass(frozen=True)
class Route:
    """One route: its address arguments, its bodies, and who gets what."""

    args: Callable[[World], list[Any]] = lambda world: []
    body: Callable[[World], Any] = lambda world: {}
    content_type: str = JSON
    headers: Callable[[World], dict[str, str]] = lambda world: {}
    query: str = ""
    allowed: dict[str, str] = field(default_factory=dict)

    def cells(self, method: str) -> dict[str, str]:
        """Return {person: expected status or "-"} for one method."""
        row = self.allowed.get(method)
        values = row.split() if row else ["-"] * len(PEOPLE)
        return dict(zip(PEOPLE, values, strict=True))

    def request(
        self, name: str, method: str, person: str, world: World
    ) -> tuple[str, dict[str, str], str | bytes, str]:
        """Return (url, headers, body, content type); the author alone holds the secret."""
        url = reverse(name, args=self.args(world)) + (self.query if method == "GET" else "")
        headers = dict(self.headers(world))
        if person == "author":
            headers["X-Suivi"] = SECRET
        data: str | bytes = b""
        if method in {"POST", "PUT", "PATCH"}:
            body = self.body(world)
            if isinstance(body, dict):
                held = SECRET if person == "author" else "un-autre-secret-tout-a-fait-faux"
                body = {
                    key: value.replace("{secret}", held) if isinstance(value, str) else value
                    for key, value in body.items()
                }
            if isinstance(body, bytes):
                data = body
            elif self.content_type == JSON:
                data = json.dumps(body)
            else:
                data = urlencode(body, doseq=True)
        return url, headers, data, self.content_type


def public(**more: Any) -> Route:
    """A page or answer that is the same for everybody, read only."""
    return Route(allowed={"GET": EVERYBODY}, **more)


def _waiting(world: World) -> list[Any]:
    return [world["waiting"].pk]


def _decision(world: World) -> dict[str, Any]:
    return {"action": "accept"}


def _new_report(world: World) -> dict[str, Any]:
    return {
        "id": "7b0f6f5e-6d0e-4c7b-9a55-0d4c7ad2b111",
        "secret": SECRET,
        "couche": "zones-blanches",
        "operation": "create",
        "feature": None,
        "geometry": {"type": "Point", "coordinates": [2.44, 44.93]},
        "attributes": {"operators": [{"operator": "20801", "calls": "none"}]},
        "observed_at": "2026-11-01T10:00:00+01:00",
        "accuracy_m": 12.5,
        "position_source": "gps",
        "channel": "web",
        "email": None,
        "challenge": None,
    }


COUCHE = ["zones-blanches"]
# Anonymous people are sent to sign in; officials out of scope do not learn that the object exists.
SIGNED_IN = "302 302 200 200 200 200 200 200"
SIGNED_IN_NONE = "302 302 404 404 404 404 404 404"
ALL_ELSEWHERE = "302 302 302 302 302 302 302 302"
NOWHERE = "404 404 404 404 404 404 404 404"
IN_SCOPE = "302 302 404 200 200 200 404 404"
# The sandbox is each one's own: a real report is in nobody's; an ended mandate opens none.
LEARNERS = "302 302 200 200 200 200 200 403"
NOBODY_S = "302 302 404 404 404 404 404 404"
