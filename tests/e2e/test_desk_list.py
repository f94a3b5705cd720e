"""The mayor's queue in a browser: light, opened in place, and its map in step with the list."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from comptes.models import User
from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer
from tests.factories import PASSWORD
from tests.moderation.factories import report

CARDS = 20
DEAD_ZONE = {"operators": [{"operator": "20801", "calls": "none", "data": "none"}], "place": "outdoors"}


def test_the_queue_is_light_and_its_map_follows_the_list(
    live_server: HashedLiveServer,
    transactional_db: None,
    aurillac: Commune,
    bruno: User,
    page: Page,
    accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:
    for n in range(CARDS):
        for _ in range(3 if n % 4 == 0 else 1):
            report(aurillac, at=(2.41 + n * 0.003, 44.93), attributes=DEAD_ZONE)
    page.goto(f"{live_server.url}/compte/connexion/")
    page.get_by_label("Adresse électronique").fill(bruno.email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url(f"{live_server.url}/moderation/")

    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    weights: list[int] = []
    session.on("Network.loadingFinished", lambda event: weights.append(int(event["encodedDataLength"])))
    page.goto(f"{live_server.url}/moderation/", wait_until="networkidle")
    expect(page.locator("[data-carte]")).to_have_count(CARDS)
    assert sum(weights) <= 60_000 and len(weights) <= 12, weights
    assert page.evaluate("document.querySelectorAll('*').length") <= 500
    assert not page.evaluate("'L' in window")
    capture(page, "file-de-vingt")

    # A line opens in place: the page stays, the reader is on its title.
    third = page.locator("[data-carte]").nth(2)
    title = third.locator("h2").inner_text()
    third.get_by_role("link", name=title).click()
    expect(third.locator("h2")).to_be_focused()
    expect(third.get_by_role("button", name="Accepter")).to_be_visible()
    assert page.url == f"{live_server.url}/moderation/"

    page.get_by_text("Voir la carte").click()
    markers = page.locator(".repere")
    expect(markers).to_have_count(CARDS)
    expect(page.locator(".repere .forme--submitted")).to_have_count(CARDS)
    last = page.locator("[data-carte]").last
    last.locator("h2 a").focus()
    expect(page.locator(".repere--choisi")).to_have_count(1)
    page.locator(".repere--choisi").dispatch_event("click")
    expect(last.locator("h2 a")).to_be_focused()
    accessible(page)
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
