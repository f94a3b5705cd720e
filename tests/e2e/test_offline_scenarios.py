"""Two hundred bad days of a phone, written by chance from a seed: nothing lost, nothing doubled.

A day is one or two reports and up to four misfortunes; then the network heals. What chance
decides is in `_day`, so that a seed tells the same day again.
"""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Route

from contributions.models import Contribution, Photo
from tests.e2e.device import OPERATORS, PLACE, Phone, Saved
from tests.e2e.faults import DEFI, PHOTO, TEXT, FaultyNetwork

BATCHES, DAYS = 10, 20
ANSWERS = [
    "drop_before",
    "drop_after",
    "500",
    "502",
    "503",
    "429",
    "portal",
    "filter",
    "redirect",
    "half",
    "torn",
    "empty",
]
KILLED, TWO_TABS = LAST = ["tab killed", "second tab"]
GESTURES = ["offline", "server dead", *LAST]
WEEK = 7


@dataclass
class Day:
    """What happens: how many photos each report has, how old it is, and the misfortunes in order."""

    photos: list[int]
    age_days: int
    misfortunes: list[tuple[str, str]] = field(default_factory=list)
    restart: bool = False


def _day(seed: int) -> Day:
    chance = random.Random(seed)  # a scenario, not a secret
    reports = chance.choice([1, 1, 2])
    day = Day([chance.choice([0, 0, 0, 0, 0, 1]) for _ in range(reports)], chance.choice([0, 0, 0, WEEK]))
    requests = ["", DEFI, TEXT, TEXT, *([PHOTO] * 2 if any(day.photos) else [])]
    for _ in range(chance.randint(1, 4)):
        what = chance.choice(ANSWERS) if chance.random() < 0.7 else chance.choice(GESTURES)
        where = chance.choice(["slow", "slow_after"]) if what == KILLED else chance.choice(requests)
        day.misfortunes.append((what, where))
    # Those after which nothing may be left to send come last.
    day.misfortunes.sort(key=lambda one: LAST.index(one[0]) if one[0] in LAST else -1)
    day.restart = seed % DAYS == 7
    return day


class Life:
    """A phone with a profile on disk, a network, and the memory of what was entrusted to them."""

    def __init__(self, switch_on: Callable[[], Phone], network: FaultyNetwork) -> None:
        """Unpack the phone and open the page once."""
        self._switch_on = switch_on
        self.network = network
        self.phone = switch_on()
        self.page = self.phone.prepare()
        self.saved: list[Saved] = []

    def live(self, seed: int) -> None:
        """Live one day, and heal at its end: the queue is empty again."""
        day = _day(seed)
        # Switched off before anything could leave.
        self.network.is_up = not day.restart
        for rank, photos in enumerate(day.photos):
            place = {**PLACE, "lon": round(2.41 + seed % 100 / 2000, 6), "lat": round(44.91 + rank / 100, 6)}
            attributes = {
                "operators": [{"operator": OPERATORS[seed % 4], "calls": "none"}],
                "place": "outdoors",
            }
            one = self.phone.save(
                self.page, photos=photos, days=day.age_days, place=place, attributes=attributes
            )
            self.saved.append(one)
        if day.restart:
            self.restart()
        self.phone.ask_for_sync(self.page)
        for what, where in day.misfortunes:
            if self.phone.waiting(self.page):
                self.suffer(what, where)
        self.network.heal()
        self.phone.context.set_offline(False)
        self.phone.drain(self.page)

    def suffer(self, what: str, where: str) -> None:
        """Let one misfortune happen while the phone sends."""
        gestures = {
            "offline": self._lose_the_network,
            TWO_TABS: self._send_from_two_tabs,
            "server dead": self._lose_the_server,
        }
        if what == KILLED:
            self._kill_the_tab(where)
        elif what in gestures:
            gestures[what]()
        else:
            self.network.plan(what, on=where)
            self.phone.send(self.page)

    def restart(self) -> None:
        """Switch the phone off and on; the page opens without the server."""
        self.phone.close()
        self.phone = self._switch_on()
        self.page = self.phone.open()
        self.network.is_up = True

    def _kill_the_tab(self, when: str) -> None:
        """Close it while a request is on its way, or while its answer is."""
        self.network.plan(when)
        self.phone.start_sending(self.page)
        # Nothing to hold when the worker sent it all meanwhile.
        self.network.await_holding(2)
        self.page.close()
        self.network.heal()
        self.page = self.phone.open()

    def _lose_the_network(self) -> None:
        self.phone.context.set_offline(True)
        self.phone.send(self.page)
        self.phone.context.set_offline(False)

    def _lose_the_server(self) -> None:
        self.network.is_up = False
        self.phone.send(self.page)
        self.network.is_up = True

    def _send_from_two_tabs(self) -> None:
        other = self.phone.open()
        self.phone.start_sending(other)
        self.phone.send(self.page)
        other.close()


def breaches(saved: list[Saved]) -> list[str]:
    """Compare what phones said they kept with the database: lost, doubled, altered, from nowhere."""
    found = []
    rows = {str(one.pk): one for one in Contribution.objects.all()}
    for one in saved:
        row = rows.pop(one.id, None)
        if row is None:
            found.append(f"lost: {one.id}")
            continue
        if row.attributes != one.attributes:
            found.append(f"altered: {one.id}")
        kept = Photo.objects.filter(contribution=row).order_by("rank").values_list("source_sha256", flat=True)
        if list(kept) != [hashlib.sha256(photo).hexdigest() for photo in one.photos]:
            found.append(f"photos: {one.id}")
    return [*found, *(f"doubled or from nowhere: {pk}" for pk in rows)]


@pytest.fixture(autouse=True)
def unlimited(settings: Any) -> None:
    """Two hundred days in two minutes, from one address."""
    settings.REPERES_LIMITS = False


@pytest.fixture
def life(switch_on: Callable[[], Phone], network: FaultyNetwork) -> Life:
    """A phone whose memory is on disk: it can be switched off."""
    return Life(switch_on, network)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_twenty_bad_days_lose_nothing_and_double_nothing(life: Life, batch: int) -> None:
    for seed in range(batch * DAYS, (batch + 1) * DAYS):
        try:
            life.live(seed)
        except Exception as error:
            error.add_note(f"seed {seed}: {_day(seed)}, seen {life.network.seen[-8:]}")
            raise
    # Most misfortunes did happen.
    assert sum(bool(one.fault) for one in life.network.seen) > DAYS
    assert life.phone.waiting(life.page) == []
    assert breaches(life.saved) == []


def test_the_days_are_varied_enough() -> None:
    days = [_day(seed) for seed in range(BATCHES * DAYS)]
    met = {what for day in days for what, _where in day.misfortunes}
    assert met == {*ANSWERS, *GESTURES}
    assert sum(day.age_days == WEEK for day in days) > 20
    assert sum(sum(day.photos) for day in days) > 30
    assert sum(day.restart for day in days) == BATCHES


def test_a_queue_that_changed_its_ids_would_be_caught(life: Life) -> None:
    """Negative control: the answer is lost after the commit, and the retry has another id."""

    def rename(route: Route) -> None:
        document = route.request.post_data_json
        fresh = {**document, "id": document["id"][:-4] + f"{len(life.network.seen):04x}"}
        route.continue_(post_data=fresh)

    life.phone.context.route("**/api/v1/contributions/", rename)
    saved = life.phone.save(life.page)
    life.network.plan("drop_after", on=TEXT)
    for _ in range(2):
        life.phone.send(life.page)
    found = breaches([saved])
    assert sum(one.startswith("doubled") for one in found) == 2
    assert f"lost: {saved.id}" in found
    # The phone itself never took another's id for its own.
    assert [row["id"] for row in life.phone.waiting(life.page)] == [saved.id]
    life.phone.context.unroute("**/api/v1/contributions/")


def test_a_queue_that_believed_anybody_would_be_caught(life: Life) -> None:
    """Negative control: something between answers in the server's place, id included, and keeps nothing."""

    def flatter(route: Route) -> None:
        report_id = route.request.post_data_json["id"]
        receipt = {
            "id": report_id,
            "status": "SUBMITTED",
            "commune": {"code": "15014", "nom": "Aurillac"},
            "received_at": "2026-05-04T10:30:00Z",
        }
        route.fulfill(status=201, json=receipt)

    life.phone.context.route("**/api/v1/contributions/", flatter)
    saved = life.phone.save(life.page)
    assert life.phone.send(life.page)["sent"] == 1
    assert breaches([saved]) == [f"lost: {saved.id}"]
    life.phone.context.unroute("**/api/v1/contributions/")
