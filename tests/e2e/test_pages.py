"""Every public page, in a browser: readable by all, without script, at 320 px, by keyboard."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer, Watch
from tests.frontend.factories import publish_dead_zone, publish_services

PAGES = {
    "accueil": "/",
    "communes": "/communes/",
    "communes-trouvees": "/communes/?q=a",
    "communes-absentes": "/communes/?q=nulle+part",
    "commune": "/communes/15014/",
    "commune-vide": "/communes/15267/",
    "aide": "/aide/",
    "accessibilite": "/accessibilite/",
    "donnees-personnelles": "/donnees-personnelles/",
    "api": "/api/v1/docs/",
    "introuvable": "/rien-ici/",
}
every_page = pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())


@dataclass(frozen=True)
class Village:
    """A site with two communes and a few published places."""

    url: str


@pytest.fixture
def village(
    live_server: HashedLiveServer, transactional_db: None, aurillac: Commune, ytrac: Commune, watch: Watch
) -> Village:
    """Aurillac with two cafés and a dead zone; Ytrac with nothing yet."""
    publish_services(aurillac, "Café Le Relais", "Épicerie-buvette de Boudieu")
    publish_dead_zone(aurillac, observations=14, distinct_observers=9)
    # The page of an address that does not exist is read here too.
    watch.expect("status of 404")
    return Village(url=live_server.url)


@every_page
def test_axe_finds_nothing(
    village: Village,
    page: Page,
    width: int,
    path: str,
    accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:
    page.goto(village.url + path)
    capture(page, next(name for name, address in PAGES.items() if address == path))
    accessible(page)


@every_page
def test_axe_finds_nothing_at_night(
    village: Village,
    page: Page,
    path: str,
    legible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(village.url + path)
    capture(page, "nuit-" + next(name for name, address in PAGES.items() if address == path))
    legible(page)


def test_nothing_scrolls_sideways_at_320_px(village: Village, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    for path in PAGES.values():
        page.goto(village.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_text_may_be_twice_as_large(village: Village, page: Page) -> None:
    page.set_viewport_size({"width": 640, "height": 800})
    for path in PAGES.values():
        page.goto(village.url + path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, path


def test_one_heading_one_main_and_a_language(village: Village, page: Page) -> None:
    for path in PAGES.values():
        page.goto(village.url + path)
        assert page.locator("h1").count() == 1, path
        assert page.locator("main").count() == 1, path
        assert page.locator("html").get_attribute("lang") == "fr", path
        assert "Repères" in page.title(), path


def test_the_keyboard_skips_to_the_content_then_walks_in_order(village: Village, page: Page) -> None:
    for path in PAGES.values():
        page.goto(village.url + path)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Aller au contenu", path
        assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0, path
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "contenu", path
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main, footer') !== null"), path
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", path


def test_targets_are_large_enough_for_a_thumb(village: Village, page: Page) -> None:
    for path in PAGES.values():
        page.goto(village.url + path)
        small = page.evaluate(
            """() => [...document.querySelectorAll("a[href], button, input, select, summary")]
                .filter(e => e.checkVisibility() && !e.matches(".evitement"))
                .filter(e => !e.closest("p, h3, li:not(nav li, .liens li)"))
                .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect().height])
                .filter(([, height]) => height < 44)"""
        )
        assert small == [], path


def test_every_page_says_the_same_without_javascript(village: Village, browser: Browser, page: Page) -> None:
    context = browser.new_context(java_script_enabled=False)
    bare = context.new_page()
    for path in PAGES.values():
        bare.goto(village.url + path)
        page.goto(village.url + path)
        assert _essential(bare) == _essential(page), path
    context.close()


def _essential(page: Page) -> tuple[list[str], list[str | None]]:
    headings = page.locator("h1, h2, h3").all_inner_texts()
    return headings, [link.get_attribute("href") for link in page.locator("main a[href]").all()]


def test_a_visitor_receives_no_cookie(village: Village, page: Page) -> None:
    for path in PAGES.values():
        page.goto(village.url + path)
    assert page.context.cookies() == []


def test_the_home_page_is_light(village: Village, page: Page) -> None:
    weights: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
    page.goto(village.url + "/", wait_until="networkidle")
    assert len(weights) <= 15
    assert sum(weights) <= 80_000
    assert page.evaluate("document.querySelectorAll('*').length") <= 400


def test_from_the_home_page_a_resident_finds_the_commune_by_name(village: Village, page: Page) -> None:
    page.goto(village.url + "/")
    page.get_by_label("Nom, code postal ou code INSEE").fill("ytrac")
    page.get_by_role("button", name="Chercher").click()
    assert page.url == f"{village.url}/communes/15267/"
    assert page.locator("h1").inner_text() == "Ytrac"


def test_around_me_leads_to_the_commune_of_the_device(village: Village, page: Page) -> None:
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": 2.44, "latitude": 44.93})
    page.goto(village.url + "/")
    page.get_by_role("button", name="Autour de moi").click()
    page.wait_for_url("**/communes/15014/")


def test_a_refused_position_is_said_and_the_search_remains(village: Village, page: Page) -> None:
    page.context.clear_permissions()
    page.goto(village.url + "/")
    page.get_by_role("button", name="Autour de moi").click()
    page.get_by_text("L'accès à la position est refusé").wait_for()
    assert page.get_by_label("Nom, code postal ou code INSEE").is_visible()


def test_a_commune_page_prints_its_lists_without_the_furniture(village: Village, page: Page) -> None:
    page.emulate_media(media="print")
    page.goto(village.url + "/communes/15014/")
    assert page.get_by_role("heading", name="Café Le Relais").is_visible()
    assert not page.locator(".entete__liens").is_visible()
    assert not page.get_by_role("link", name="Signaler à Aurillac").is_visible()


def test_the_home_page_shows_its_two_doors_and_what_is_new_without_scrolling(
    village: Village, page: Page, illustrate: Callable[[Page, str], None]
) -> None:
    page.set_viewport_size({"width": 1280, "height": 880})
    page.goto(village.url + "/")
    for name in ("Signaler un lieu", "Chercher"):
        box = page.get_by_role("link" if name == "Signaler un lieu" else "button", name=name).bounding_box()
        assert box and box["y"] + box["height"] <= 880
    assert page.get_by_role("heading", name="Publié récemment").bounding_box()["y"] < 880  # type: ignore[index]
    illustrate(page, "accueil")
