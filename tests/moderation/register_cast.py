"""Decisions old enough to be in the register, and the doors that show it."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import time_machine
from django.test import Client
from django.utils import timezone

from comptes.models import User
from moderation.models import Decision
from tests.moderation.factories import decide, report

PAGE, FEED, JSON = (
    "/communes/15014/decisions/",
    "/communes/15014/decisions.atom",
    "/api/v1/communes/15014/decisions/",
)


@contextmanager
def days_ago(days: float) -> Iterator[None]:
    """Do something that many days ago."""
    with time_machine.travel(timezone.now() - dt.timedelta(days=days)):
        yield


def decided(commune: Any, action: str, by: User, *, days: float = 1, **wanted: Any) -> Decision:
    """Return a decision on a fresh report, taken `days` ago."""
    fields = {name: wanted.pop(name) for name in ("email", "at", "couche", "received_at") if name in wanted}
    with days_ago(days):
        return decide(report(commune, **fields), action, by, **wanted)


def everywhere(client: Client) -> dict[str, str]:
    """Return what each public door of Aurillac's register says."""
    told = {}
    for door in (PAGE, FEED, JSON):
        answer = client.get(door)
        assert answer.status_code == 200 and not answer.cookies, door
        told[door] = answer.content.decode()
    return told


def results(client: Client, query: str = "") -> list[dict[str, Any]]:
    """Return the lines of the JSON door."""
    lines: list[dict[str, Any]] = client.get(JSON + query).json()["results"]
    return lines
