"""An analyst looks at a couche: filters, map and list together, then the page of an object."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from couches import places
from couches.models import Couche, Feature
from couches.publication import Change, publish
from territoires.models import Commune
from tests.couches.factories import create
from tests.e2e.conftest import HashedLiveServer, Watch
from tests.frontend.factories import publish_services

MARKERS = ".carte .repere"
LINES = "[data-liste] > li"
KB = 1024


@pytest.fixture
def site(live_server: HashedLiveServer, transactional_db: None, aurillac: Commune, watch: Watch) -> str:
    """Aurillac with twelve cafés and a wifi spot; the second café was renamed since."""
    publish_services(aurillac, *[f"Café {n}" for n in range(12)])
    wifi = create(attributes={"kind": "wifi_public", "nom": "Wifi de la gare"})
    second = Feature.objects.order_by("number")[1]
    renamed = Change(
        "update",
        second.pk,
        geom=second.versions.get().geom,
        attributes={"kind": "cafe", "nom": "Café du Pont"},
        commune_id="15014",
        last_observed_on=wifi.last_observed_on,
    )
    publish(couche=Couche.objects.get(slug="services"), changes=[wifi, renamed], by=None)
    return live_server.url


@pytest.fixture
def couche(site: str, page: Page) -> Page:
    """The page of the couche, its map drawn."""
    page.goto(f"{site}/couches/services/")
    expect(page.locator(MARKERS)).to_have_count(13)
    return page


def object_page(site: str, title: str) -> str:
    [number] = Feature.objects.filter(versions__attributes__nom=title).values_list("number", flat=True)
    return f"{site}/couches/services/objets/{number}/"


def test_filters_change_the_map_the_list_and_the_address_together(couche: Page) -> None:
    couche.get_by_label("Quel service ?").select_option(label="Wifi public")
    couche.get_by_role("button", name="Filtrer").click()
    expect(couche.locator(MARKERS)).to_have_count(1)
    expect(couche.locator(LINES)).to_have_count(1)
    expect(couche.locator("[data-compte]")).to_have_text("1 objet.")
    assert couche.url.endswith("?kind=wifi_public")
    couche.go_back()
    expect(couche.locator(MARKERS)).to_have_count(13)
    expect(couche.locator("[data-compte]")).to_contain_text("13 objets.")
    couche.get_by_label("Commune", exact=True).fill("nulle part")
    couche.get_by_role("button", name="Filtrer").click()
    expect(couche.get_by_role("alert")).to_contain_text("Aucune commune ne s'appelle « nulle part ».")


def test_the_list_follows_the_map(couche: Page) -> None:
    region = couche.get_by_role("region", name="Carte : Services de proximité")
    region.focus()
    for _press in range(4):
        couche.keyboard.press("+")
    expect(couche.locator("[data-compte]")).to_contain_text("dans cette vue")
    shown = couche.locator(LINES).count()
    assert shown < 13
    assert couche.locator(MARKERS).count() >= shown


def test_a_line_lights_its_marker_and_a_marker_its_line(couche: Page) -> None:
    couche.locator(LINES).filter(has_text="Wifi de la gare").get_by_role("link").focus()
    expect(couche.locator(".repere--choisi")).to_have_attribute("title", "Wifi de la gare")
    couche.locator(f'{MARKERS}[title="Wifi de la gare"]').dispatch_event("click")
    expect(couche.locator(".couche-liste__choisi")).to_contain_text("Wifi de la gare")
    bubble = couche.locator(".leaflet-popup-content")
    expect(bubble).to_contain_text("Wifi public · Aurillac · 20 novembre 2026")
    bubble.get_by_role("link", name="Wifi de la gare").click()
    expect(couche.get_by_role("heading", level=1)).to_have_text("Wifi de la gare")


def test_the_keyboard_alone_goes_from_the_filters_to_an_object(couche: Page) -> None:
    couche.get_by_label("Commune", exact=True).focus()
    couche.keyboard.type("Aurillac")
    couche.keyboard.press("Enter")
    expect(couche.get_by_label("Territoire", exact=True).locator("option:checked").first).to_have_text(
        "Aurillac"
    )
    couche.get_by_role("link", name="Passer la carte, voir la liste").focus()
    couche.keyboard.press("Enter")
    couche.keyboard.press("Tab")
    name = couche.evaluate("document.activeElement.textContent")
    assert couche.evaluate("document.activeElement.closest('[data-liste]') !== null")
    couche.keyboard.press("Enter")
    expect(couche.get_by_role("heading", level=1)).to_have_text(name)


def test_many_objects_are_counts_that_open(site: str, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MAX_OBJECTS", 5)
    page.goto(f"{site}/couches/services/")
    counts = page.locator(".repere__compte")
    expect(counts.first).to_be_visible()
    assert sum(int(text) for text in counts.all_inner_texts()) == 13
    zoomed = page.expect_response(lambda answer: "points.json" in answer.url)
    with zoomed:
        page.locator(".repere:has(.repere__compte)").first.dispatch_event("click")
    expect(page.locator("[data-compte]")).to_contain_text("dans cette vue")


def test_a_server_that_is_lost_leaves_the_list(couche: Page, watch: Watch) -> None:
    watch.expect("points.json")
    watch.expect("ERR_FAILED")
    couche.route("**/points.json*", lambda route: route.abort())
    couche.get_by_role("button", name="Zoomer", exact=True).click()
    expect(couche.locator("[data-compte]")).to_contain_text("La liste et les filtres marchent toujours")
    expect(couche.locator(LINES)).to_have_count(10)


@pytest.mark.parametrize("night", [False, True], ids=["jour", "nuit"])
def test_axe_finds_nothing(
    couche: Page,
    site: str,
    accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
    night: bool,
) -> None:
    couche.emulate_media(color_scheme="dark" if night else "light")
    capture(couche, "couche")
    accessible(couche)
    couche.goto(f"{site}/couches/services/?kind=chateau&lieu=nulle+part")
    accessible(couche)
    couche.goto(object_page(site, "Café du Pont"))
    couche.get_by_text("Voir la carte").click()
    expect(couche.locator(MARKERS)).to_have_count(1)
    capture(couche, "objet")
    accessible(couche)


def test_nothing_scrolls_sideways_at_320_px(couche: Page, site: str) -> None:
    couche.set_viewport_size({"width": 320, "height": 640})
    for path in (f"{site}/couches/services/", object_page(site, "Café du Pont")):
        couche.goto(path)
        assert couche.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_without_scripts_the_list_and_the_filters_remain(site: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(f"{site}/couches/services/")
    assert not page.locator("[data-carte]").is_visible()
    page.get_by_label("Quel service ?").select_option(label="Wifi public")
    page.get_by_role("button", name="Filtrer").click()
    page.get_by_role("link", name="Wifi de la gare").click()
    assert page.locator("h1").inner_text() == "Wifi de la gare"
    page.get_by_role("link", name="La carte de la couche").click()
    page.get_by_role("link", name="Suivants").click()
    page.get_by_role("link", name="Début de la liste").click()
    context.close()


def test_the_page_stays_light(site: str, page: Page, watch: Watch) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    weights: list[int] = []
    session.on("Network.loadingFinished", lambda event: weights.append(int(event["encodedDataLength"])))
    page.goto(f"{site}/couches/services/", wait_until="networkidle")
    expect(page.locator(MARKERS)).to_have_count(13)
    ours = [url for url in watch.requests if urlsplit(url).hostname == urlsplit(site).hostname]
    assert len(ours) <= 20, ours
    assert sum(weights) <= 300 * KB, sum(weights)
