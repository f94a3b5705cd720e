"""The pages of the journeys: report, follow, decide, download, sign in. Same rules as the others."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from comptes.models import User
from contributions.models import Contribution
from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer, Watch
from tests.factories import PASSWORD, ContributionFactory
from tests.frontend.factories import publish_dead_zone, publish_services

Check = Callable[[Page], None]
Camera = Callable[[Page, str], None]

# A private window, an old browser: where reports cannot be kept, the forms do the work.
NOTHING_KEPT = "Object.defineProperty(window, 'indexedDB', { value: undefined })"
REPORT = {
    "operators": [{"operator": "20801", "calls": "none", "sms": "poor", "data": "none"}],
    "place": "outdoors",
}


@pytest.fixture
def site(live_server: HashedLiveServer, transactional_db: None, aurillac: Commune, bruno: User) -> str:
    """Aurillac with something published, two reports waiting and a mayor."""
    publish_services(aurillac, "Café Le Relais")
    publish_dead_zone(aurillac)
    for _ in range(2):
        ContributionFactory(commune=aurillac, attributes=REPORT)
    return live_server.url


@pytest.fixture
def sign_in(site: str, page: Page) -> Callable[[str], None]:
    """Return a gesture: sign in by the form."""

    def gesture(email: str) -> None:
        page.goto(f"{site}/compte/connexion/")
        page.get_by_label("Adresse électronique").fill(email)
        page.get_by_label("Mot de passe").fill(PASSWORD)
        page.get_by_role("button", name="Entrer").click()
        page.wait_for_url(f"{site}/moderation/")

    return gesture


@pytest.fixture
def plain(page: Page) -> Page:
    """A browser that keeps nothing: the report's page stays as the server drew it, with its map."""
    page.add_init_script(NOTHING_KEPT)
    return page


def _fits(page: Page) -> None:
    size = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, page.url
    assert page.locator("h1").count() == 1
    if size:
        page.set_viewport_size(size)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("signaler", "/signaler/"),
        ("signaler-ou", "/signaler/?couche=zones-blanches"),
        ("signaler-lieu-connu", "/signaler/?couche=services&commune=15014"),
        ("suivi", "/suivi/"),
        ("connexion", "/compte/connexion/"),
        ("mot-de-passe", "/compte/mot-de-passe/oublie/"),
        ("couches", "/couches/"),
        ("couche", "/couches/zones-blanches/"),
        ("couche-sans-version", "/couches/batiments-publics/"),
    ],
)
def test_open_pages_pass_axe_and_fit(
    site: str, page: Page, width: int, name: str, path: str, accessible: Check, capture: Camera
) -> None:
    page.goto(site + path)
    if path.startswith("/signaler/"):
        page.locator("html[data-pret]").wait_for()
    capture(page, name)
    accessible(page)
    _fits(page)


def test_each_plain_step_of_a_report_passes_axe_and_fits(
    site: str, plain: Page, watch: Watch, width: int, accessible: Check, capture: Camera
) -> None:
    page = plain
    watch.expect("status of 422")

    def look(name: str) -> None:
        capture(page, name)
        accessible(page)
        _fits(page)

    page.goto(f"{site}/signaler/?couche=zones-blanches")
    page.get_by_role("button", name="Continuer").click()
    look("simple-ou-erreur")
    page.get_by_label("Latitude").fill("44,93")
    page.get_by_label("Longitude").fill("2,45")
    page.get_by_role("button", name="Continuer").click()
    look("simple-precisez")
    page.get_by_role("button", name="Continuer").click()
    look("simple-precisez-erreur")
    page.locator("summary", has_text="Orange").first.click()
    page.get_by_label("Impossible").first.check()
    page.get_by_role("button", name="Continuer").click()
    look("simple-verifier")
    page.get_by_role("button", name="Envoyer à la mairie").click()
    page.get_by_role("heading", level=1).wait_for()
    look("simple-recu")
    assert Contribution.objects.filter(channel="web", attributes__has_key="operators").count() == 3


def test_a_report_is_sent_without_any_script(site: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/signaler/")
    page.get_by_role("link", name="Réseau mobile : zones blanches").click()
    page.get_by_label("Latitude").fill("44,93")
    page.get_by_label("Longitude").fill("2,45")
    page.get_by_role("button", name="Continuer").click()
    page.locator("summary", has_text="Orange").first.click()
    page.get_by_label("Impossible").first.check()
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Envoyer à la mairie").click()
    page.get_by_role("link", name="Suivre la réponse").wait_for()
    assert context.cookies() == []
    context.close()
    assert Contribution.objects.filter(channel="web", attributes__operators__0__calls="none").count() == 3


def test_the_map_moved_by_keyboard_fills_the_fields(site: str, plain: Page) -> None:
    page = plain
    page.goto(f"{site}/signaler/?couche=zones-blanches&commune=15014")
    page.get_by_role("region", name="Carte").focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Placer ici").click()
    page.get_by_text("Lieu placé").wait_for()
    assert float(page.get_by_label("Longitude").input_value()) > 2.44
    assert abs(float(page.get_by_label("Latitude").input_value()) - 44.93) < 0.02
    assert page.locator("#id_position_source").input_value() == "map"


def test_the_device_position_fills_the_fields_with_its_accuracy(site: str, plain: Page) -> None:
    page = plain
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": 2.4412, "latitude": 44.9301, "accuracy": 18})
    page.goto(f"{site}/signaler/?couche=zones-blanches")
    page.get_by_role("button", name="Ma position").click()
    page.get_by_text("Position trouvée, à 18 m près.").wait_for()
    assert page.get_by_label("Longitude").input_value() == "2.4412"
    assert page.locator("#id_accuracy_m").input_value() == "18"
    assert page.locator("#id_position_source").input_value() == "gps"


def test_typed_coordinates_move_the_map(site: str, plain: Page) -> None:
    page = plain
    page.goto(f"{site}/signaler/?couche=zones-blanches")
    page.get_by_label("Latitude").fill("44,9262")
    page.get_by_label("Longitude").press_sequentially("2,4397")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Placer ici").click()
    assert abs(float(page.get_by_label("Longitude").input_value()) - 2.4397) < 1e-4


def test_the_mayor_pages_pass_axe_and_fit(
    site: str, page: Page, width: int, sign_in: Callable[[str], None], accessible: Check, capture: Camera
) -> None:
    sign_in("bruno@reperes.demo")
    capture(page, "file")
    accessible(page)
    _fits(page)
    page.goto(f"{site}/compte/")
    capture(page, "compte")
    accessible(page)
    _fits(page)
    waiting = Contribution.objects.pending().first()
    assert waiting is not None
    page.goto(f"{site}/moderation/{waiting.pk}/")
    page.get_by_text("Voir la carte").click()
    page.get_by_role("region", name="Carte du signalement").wait_for()
    capture(page, "signalement")
    accessible(page)
    _fits(page)


def test_the_workshop_pages_pass_axe_and_fit(
    site: str, page: Page, width: int, sign_in: Callable[[str], None], accessible: Check, capture: Camera
) -> None:
    sign_in("bruno@reperes.demo")
    page.get_by_text("Au guichet").click()
    page.get_by_role("link", name="Ouvrir un code d'atelier").click()
    page.get_by_role("textbox", name="Atelier").fill("Classe de CM2")
    page.get_by_role("button", name="Obtenir un code").click()
    page.get_by_role("heading", name="Votre code d'atelier").wait_for()
    capture(page, "atelier")
    accessible(page)
    _fits(page)
    page.get_by_role("link", name="C'est noté").click()
    page.get_by_role("heading", name="Classe de CM2").wait_for()
    capture(page, "ateliers")
    accessible(page)
    _fits(page)


def test_the_steward_page_passes_axe_and_fits(
    site: str,
    page: Page,
    width: int,
    sophie: User,
    sign_in: Callable[[str], None],
    accessible: Check,
    capture: Camera,
) -> None:
    sign_in("sophie@reperes.demo")
    page.goto(f"{site}/moderation/publication/")
    capture(page, "publication")
    accessible(page)
    _fits(page)
