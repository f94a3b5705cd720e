"""The desk in a browser: a week's queue cleared by key and by finger, a cut line, a colleague."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bench.desk_walk import CARD, Walk, clear_by_keyboard, clear_by_touch
from comptes.models import User
from contributions.models import Contribution
from moderation.gestures import Item, take
from moderation.models import Decision
from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer, Watch
from tests.moderation.factories import report

REPORTS, GROUPS = 60, 12
# Degrees of latitude: 0.004° is 440 m, beyond any group; 0.0003° is 33 m.
FAR, NEAR = 0.004, 0.0003


def seed(commune: Commune) -> None:
    """Sixty dead zones: twelve groups of three that tell the same thing, twenty-four alone."""
    for rank in range(GROUPS + REPORTS - 3 * GROUPS):
        lon, lat = 2.40 + FAR * 2 * (rank % 6), 44.90 + FAR * (rank // 6)
        for member in range(3 if rank < GROUPS else 1):
            report(commune, at=(lon, lat + NEAR * member))


@pytest.fixture
def sign_in(live_server: HashedLiveServer) -> Callable[[BrowserContext, User], None]:
    """Return a gesture: give a browser somebody's open session."""

    def gesture(context: BrowserContext, user: User) -> None:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])

    return gesture


@pytest.fixture
def desk(
    live_server: HashedLiveServer,
    transactional_db: None,
    aurillac: Commune,
    bruno: User,
    sign_in: Callable[[BrowserContext, User], None],
    context: BrowserContext,
    watch: Watch,
) -> str:
    """The address of the queue, Bruno signed in."""
    sign_in(context, bruno)
    return f"{live_server.url}/moderation/"


def check_cleared(walk: Walk) -> None:
    """All decided, once each; at most one gesture and a half per report."""
    assert not Contribution.objects.filter(status="SUBMITTED").exists()
    assert Decision.objects.count() == REPORTS == Contribution.objects.count()
    assert walk.reports == REPORTS
    assert walk.cards == REPORTS - 2 * GROUPS, "each group is one card"
    assert (
        Contribution.objects.filter(pk__in=walk.refused, status="REJECTED").count() == len(walk.refused) > 0
    )
    print(f"{walk.gestures} gestures for {REPORTS} reports: {walk.gestures / REPORTS:.2f} each")  # noqa: T201
    assert walk.gestures <= 1.5 * REPORTS


def test_sixty_reports_by_keyboard(desk: str, page: Page, aurillac: Commune) -> None:
    seed(aurillac)
    page.set_viewport_size({"width": 1280, "height": 800})
    walk = clear_by_keyboard(page, desk)
    expect(page.get_by_text("Rien n'attend votre décision.")).to_be_visible()
    check_cleared(walk)


@pytest.fixture
def touch(
    browser: Browser,
    browser_context_args: dict[str, Any],
    desk: str,
    bruno: User,
    sign_in: Callable[[BrowserContext, User], None],
) -> Iterator[Page]:
    """A phone of 360 px with nothing but a finger."""
    context = browser.new_context(**browser_context_args | {"has_touch": True, "is_mobile": True})
    sign_in(context, bruno)
    yield context.new_page()
    context.close()


def test_sixty_reports_by_touch(desk: str, touch: Page, aurillac: Commune) -> None:
    seed(aurillac)
    walk = clear_by_touch(touch, desk)
    expect(touch.get_by_text("Rien n'attend votre décision.")).to_be_visible()
    check_cleared(walk)


def test_a_colleague_came_first_and_it_is_said_kindly(
    desk: str, page: Page, aurillac: Commune, driss: User, watch: Watch
) -> None:
    """Who, when, what; the choice was not applied, and nothing blocks the rest."""
    first, _second = report(aurillac, at=(2.40, 44.9)), report(aurillac, at=(2.42, 44.92))
    watch.expect("status of 412")
    page.goto(desk)
    take(gesture=uuid.uuid4(), by=driss, action=Decision.Action.ACCEPT, items=[Item(first.pk, 1)])
    page.keyboard.press("r")
    page.keyboard.press("1")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Driss a déjà décidé")
    expect(told).to_contain_text("acceptée. Votre choix n'a pas été appliqué.")
    expect(page.locator(CARD)).to_have_count(1)
    told.get_by_role("button", name="J'ai lu").click()
    expect(told).to_have_count(0)


def test_what_was_decided_without_network_is_sent_later_and_once(
    desk: str, page: Page, context: BrowserContext, aurillac: Commune, watch: Watch
) -> None:
    """Three clicks on a dead line, the page closed: the next visit sends them, each once."""
    for rank in range(4):
        report(aurillac, at=(2.40 + 0.02 * rank, 44.9))
    watch.expect("ERR_INTERNET_DISCONNECTED")
    page.goto(desk)
    # Opened beforehand, the next cards are there to be decided.
    for _ in range(3):
        page.keyboard.press("j")
        page.wait_for_function("() => document.querySelector('[data-courante][data-ouverte]') !== null")
    context.set_offline(True)
    for _ in range(3):
        page.keyboard.press("v")
    expect(page.get_by_text("3 décisions sont gardées sur cet appareil.")).to_be_visible()
    assert not Decision.objects.exists()
    page.close()
    context.set_offline(False)
    again = context.new_page()
    again.goto(desk)
    expect(again.locator("[data-reste]")).to_have_text("1")
    assert Decision.objects.count() == 3


def test_a_decision_is_taken_back_by_key(desk: str, page: Page, aurillac: Commune) -> None:
    """« u » within the half minute: the card is back, the report waits again."""
    row = report(aurillac)
    report(aurillac, at=(2.42, 44.92))
    page.goto(desk)
    page.keyboard.press("v")
    expect(page.locator(CARD)).to_have_count(1)
    page.keyboard.press("u")
    expect(page.get_by_text("C'est annulé")).to_be_visible()
    expect(page.locator(CARD)).to_have_count(2)
    row.refresh_from_db()
    assert (row.status, row.version) == ("SUBMITTED", 3)


def test_letters_decide_only_for_who_wants_them(desk: str, page: Page, aurillac: Commune) -> None:
    """RGAA 12.10: turned off in the help, on this device, until turned on again."""
    report(aurillac)
    page.goto(desk)
    page.keyboard.press("?")
    page.get_by_label("Utiliser ces touches").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("v")
    page.keyboard.press("?")
    expect(page.locator(CARD)).to_have_count(1)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not Decision.objects.exists()
    page.get_by_role("button", name="Au clavier").click()
    page.get_by_label("Utiliser ces touches").check()
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    expect(page.get_by_text("Rien n'attend votre décision.")).to_be_visible()
    assert Decision.objects.count() == 1


def test_a_decision_on_a_report_s_own_page_waits_for_the_network(
    desk: str, page: Page, context: BrowserContext, aurillac: Commune, watch: Watch
) -> None:
    """Kept, said, sent when the line returns; then back to the queue."""
    row = report(aurillac)
    watch.expect("ERR_INTERNET_DISCONNECTED")
    page.goto(f"{desk}{row.pk}/")
    context.set_offline(True)
    page.get_by_role("button", name="Accepter", exact=True).click()
    expect(page.get_by_text("1 décision est gardée sur cet appareil.")).to_be_visible()
    context.set_offline(False)
    page.wait_for_url(desk)
    row.refresh_from_db()
    assert row.status == "ACCEPTED" and Decision.objects.count() == 1


def test_the_desk_is_accessible_in_each_state(
    desk: str, page: Page, width: int, aurillac: Commune, accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:  # fmt: skip
    """Queue with groups, a reason list open, after a decision, help, one report's page, empty."""
    for rank in range(3):
        report(aurillac, at=(2.40, 44.90 + NEAR * rank))
    row = report(aurillac, at=(2.42, 44.92), near_border=True)
    page.goto(desk)
    capture(page, "desk-queue")
    accessible(page)
    page.keyboard.press("r")
    capture(page, "desk-reasons")
    accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    expect(page.locator(CARD)).to_have_count(1)
    capture(page, "desk-decided")
    accessible(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    capture(page, "desk-help")
    accessible(page)
    page.keyboard.press("Escape")
    page.goto(f"{desk}{row.pk}/")
    page.keyboard.press("r")
    page.get_by_role("radio", name="Hors sujet").check()
    expect(page.locator("form[data-geste=reject] [data-apercu] q")).to_have_text(
        "Ce signalement ne concerne pas ce que cette carte recense."
    )
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    capture(page, "desk-card")
    accessible(page)
