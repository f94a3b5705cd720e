"""« À décider »: what is asked of me now, and not what waits for a date, or for another level."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from comptes.models import User
from comptes.roles import Role
from contributions.models import Contribution
from territoires.models import Commune
from tests import factories
from tests.moderation.factories import moderator, report

URL = "/api/v1/moderation/contributions/"
Seen = Callable[[User, str], set[Any]]


@pytest.fixture
def seen(api_as: Callable[[User], APIClient]) -> Seen:
    """Return a reading: the ids somebody finds under a filter."""

    def read(user: User, query: str) -> set[Any]:
        answer = api_as(user).get(f"{URL}?{query}")
        assert answer.status_code == 200, answer.content
        return {row["id"] for row in answer.json()["results"]}

    return read


def ids(*rows: Contribution) -> set[str]:
    """Return the ids as the API writes them."""
    return {str(row.pk) for row in rows}


def test_held_reports_come_back_on_their_day(aurillac: Commune, bruno: User, seen: Seen) -> None:
    today = timezone.localdate()
    held = report(aurillac, held_until=today + dt.timedelta(days=5))
    back, plain = report(aurillac, held_until=today), report(aurillac)
    assert seen(bruno, "status=a-decider") == ids(back, plain)
    assert seen(bruno, "status=mis-en-attente") == ids(held)
    with time_machine.travel(timezone.now() + dt.timedelta(days=5), tick=True):
        assert seen(bruno, "status=a-decider") == ids(back, plain, held)
        assert seen(bruno, "status=mis-en-attente") == set()


def test_what_was_handed_upwards_leaves_the_mayor_s_desk(
    aurillac: Commune, bruno: User, claude: User, driss: User, seen: Seen
) -> None:
    """Mayor and clerk find it under « transmis »; the EPCI decides, and sees the communes' own too."""
    here, epci = report(aurillac), report(aurillac, level="epci")
    appealed = report(aurillac, level="epci", appealed_at=timezone.now())
    for user in (bruno, claude):
        assert seen(user, "status=a-decider") == ids(here)
        assert seen(user, "status=transmis") == ids(epci, appealed)
    assert seen(driss, "status=a-decider") == ids(here, epci, appealed)


def test_what_was_handed_to_the_departement_leaves_the_epci_s(
    aurillac: Commune, bruno: User, driss: User, seen: Seen
) -> None:
    there = report(aurillac, level="departement")
    emile = moderator("emile@cantal.demo", departement=aurillac.departement)
    france = moderator("france@reperes.demo", national=True)
    assert seen(bruno, "status=a-decider") == seen(driss, "status=a-decider") == set()
    assert seen(driss, "status=transmis") == ids(there)
    assert seen(emile, "status=a-decider") == seen(france, "status=a-decider") == ids(there)


def test_two_mandates_are_weighed_where_they_hold(aurillac: Commune, ytrac: Commune, seen: Seen) -> None:
    """Mayor of Aurillac and referent of another EPCI: what Aurillac handed up is not theirs."""
    elsewhere = factories.EpciFactory(siren="200000001", nom="Ailleurs")
    both = moderator("deux@reperes.demo", commune=aurillac)
    factories.MembershipFactory(user=both, role=Role.MODERATOR, epci=elsewhere)
    handed = report(aurillac, level="epci")
    assert seen(both, "status=a-decider") == set()
    assert seen(both, "status=transmis") == ids(handed)


def test_a_report_handed_to_the_neighbour_is_the_neighbour_s(
    aurillac: Commune, ytrac: Commune, bruno: User, chloe: User, seen: Seen
) -> None:
    handed = report(aurillac, handed_to=ytrac)
    for status in ("a-decider", "tous"):
        assert seen(bruno, f"status={status}") == set()
        assert seen(chloe, f"status={status}") == ids(handed)


def test_decided_reports_await_nobody(aurillac: Commune, bruno: User, seen: Seen) -> None:
    report(aurillac, status="RETURNED")
    assert seen(bruno, "status=a-decider") == set()


def test_the_page_shows_what_awaits_me_and_says_why_the_rest_waits(
    aurillac: Commune, bruno: User, page_as: Callable[[User], Client]
) -> None:
    today = timezone.localdate()
    report(aurillac, held_until=today + dt.timedelta(days=3))
    report(aurillac, level="epci", appealed_at=timezone.now())
    client = page_as(bruno)
    page = client.get("/moderation/").content.decode()
    assert "Rien n&#x27;attend votre décision." in page or "Rien n'attend votre décision." in page
    assert "1 signalement mis en attente" in page and "1 signalement transmis à un autre niveau" in page
    assert "En attente jusqu" in client.get("/moderation/?status=mis-en-attente").content.decode()
    assert "Recours" in client.get("/moderation/?status=transmis").content.decode()
