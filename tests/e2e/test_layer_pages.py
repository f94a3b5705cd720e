"""The pages of published layers, in a browser: readable by all, at 320 px, by keyboard, with a thumb."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from couches.models import Feature
from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer, Watch
from tests.frontend.factories import publish_dead_zone, publish_services


@pytest.fixture
def addresses(
    live_server: HashedLiveServer, transactional_db: None, aurillac: Commune, watch: Watch
) -> dict[str, str]:
    """Each page by the name of its picture, on two published couches."""
    publish_services(aurillac, "Café Le Relais", "Épicerie-buvette de Boudieu")
    publish_dead_zone(aurillac, observations=14, distinct_observers=9)
    feature = Feature.objects.get(couche__slug="zones-blanches")
    paths = {
        "couche": "/couches/zones-blanches/",
        "objet": f"/couches/zones-blanches/objets/{feature.number}/",
        "national": "/exports/services/1/national/",
        "schema": "/schemas/zones-blanches/",
        "fichier-attendu": "/exports/services/1/?format=gpkg",
        "export-refuse": "/exports/services/1/?format=papyrus",
        "ogc": "/ogc/?f=html",
        "ogc-conformite": "/ogc/conformance?f=html",
        "ogc-api": "/ogc/api?f=html",
        "ogc-collections": "/ogc/collections?f=html",
        "ogc-collection": "/ogc/collections/services?f=html",
        "ogc-champs": "/ogc/collections/services/queryables?f=html",
        "ogc-objets": "/ogc/collections/services/items?f=html&limit=1",
        "ogc-objet": f"/ogc/collections/zones-blanches/items/{feature.pk}?f=html",
        "wfs": "/wfs/",
        "ogc-refuse": "/ogc/collections/services/items?f=html&filter=((",
    }
    # Refusals are read here too.
    for status in ("400", "422"):
        watch.expect(f"status of {status}")
    return {name: live_server.url + path for name, path in paths.items()}


def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    addresses: dict[str, str],
    page: Page,
    accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:
    for name, address in addresses.items():
        for width in (1280, 360, 320):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"
            if width != 320:
                capture(page, f"donnees-{name}")
        accessible(page)


def test_the_keyboard_walks_and_a_thumb_fits(addresses: dict[str, str], page: Page) -> None:
    for name, address in addresses.items():
        page.goto(address)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Aller au contenu", name
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main, footer') !== null"), name
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", name
        small = page.evaluate(
            """() => [...document.querySelectorAll("main :is(button, input, select, summary)")]
                .filter(e => e.checkVisibility())
                .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect().height])
                .filter(([, height]) => height < 44)"""
        )
        assert small == [], name
