"""The versions of a couche in a browser: readable by all, at 320 px, by keyboard; the map of what changed."""

from collections.abc import Callable

import pytest
from django.contrib.gis.geos import Point
from playwright.sync_api import Page

from couches.publication import Change, publish, revert
from territoires.models import Commune
from tests.couches.factories import CAFE, create, services
from tests.e2e.conftest import HashedLiveServer

PAGES = {
    "versions": "",
    "version": "2/",
    "differences": "2/depuis/1/",
    "differences-vides": "3/depuis/1/",
}


@pytest.fixture
def history(live_server: HashedLiveServer, transactional_db: None, aurillac: Commune, ytrac: Commune) -> str:
    """Three versions: one café moved and renamed, one withdrawn, three added; then all undone."""
    one, two = create(), create()
    publish(couche=services(), changes=[one, two], by=None, note="Premier envoi")
    long_text = {**CAFE, "nom": "Café de la Place", "comment": "Ouvert le dimanche " * 8}
    moved = Change("update", one.feature_id, Point(2.36, 44.92, srid=4326), long_text, "15267")
    added = [create(geom=Point(2.42 + n / 100, 44.91 + n / 100, srid=4326)) for n in range(3)]
    publish(couche=services(), changes=[moved, Change("delete", two.feature_id), *added], by=None)
    revert(couche=services(), number=1, by=None)
    return f"{live_server.url}/couches/services/versions/"


def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    history: str, page: Page, accessible: Callable[[Page], None], capture: Callable[[Page, str], None]
) -> None:
    for name, path in PAGES.items():
        for width in (1280, 360, 320):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(history + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} at {width}"
            capture(page, f"couche-{name}")
        accessible(page)


def test_the_map_draws_what_is_published_and_its_moves(
    history: str, page: Page, accessible: Callable[[Page], None], capture: Callable[[Page, str], None]
) -> None:
    """Four shapes: three added, one changed with a line to where it was; nothing of the withdrawn."""
    page.goto(f"{history}2/depuis/1/")
    summary = page.get_by_text("Voir la carte des changements de cette page")
    summary.focus()
    page.keyboard.press("Enter")
    page.locator(".carte .repere").first.wait_for()
    assert page.locator(".carte .forme--published").count() == 3
    assert page.locator(".carte .forme--returned").count() == 1
    assert page.locator(".carte .forme--withdrawn").count() == 0
    assert page.locator(".carte path.carte__contour").count() == 1
    accessible(page)
    capture(page, "couche-differences-carte")


def test_two_versions_are_compared_by_keyboard(history: str, page: Page) -> None:
    page.goto(history)
    page.get_by_label("De la version").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/versions/2/depuis/1/")
    assert page.get_by_text("3 ajoutés, 1 modifiés, 1 retirés.").is_visible()
