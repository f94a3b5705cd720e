"""The service worker, real: the page opens without network, and what waits leaves by itself."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.templatetags.static import static
from playwright.sync_api import Browser, BrowserType, Page

from comptes.models import User
from contributions.models import Contribution
from contributions.worker import precached_urls
from couches.models import Couche
from tests.e2e.conftest import CHROMIUM_FULL
from tests.e2e.device import CONTROLLED, DRAWN, Phone
from tests.e2e.faults import DEFI, PHOTO, TEXT, FaultyNetwork
from tests.factories import PASSWORD

# Every address of every cache, paths only for our own.
CACHED = """
async () => {
  const kept = {};
  for (const name of await caches.keys()) {
    const requests = await (await caches.open(name)).keys();
    kept[name] = requests.map(({ url }) => url.replace(location.origin, ""));
  }
  return kept;
}
"""
BROKEN_IMAGES = (
    "() => [...document.images].filter((one) => !one.complete || !one.naturalWidth).map((one) => one.src)"
)
UPDATE = "async () => { await (await navigator.serviceWorker.getRegistration('/signaler/')).update(); }"
A_VERSION_WAITS = """
async () => {
  const registration = await navigator.serviceWorker.getRegistration("/signaler/");
  while (!registration.waiting) {
    const worker = registration.installing;
    const [one, name] = worker ? [worker, "statechange"] : [registration, "updatefound"];
    await new Promise((resolve) => one.addEventListener(name, resolve, { once: true }));
  }
}
"""
NO_BACKGROUND_SYNC = (
    "delete globalThis.SyncManager; delete globalThis.ServiceWorkerRegistration?.prototype.sync;"
)
COUNTS = """
async () => {
  const wait = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const db = await wait(indexedDB.open("reperes"));
  const counts = {};
  for (const name of db.objectStoreNames) counts[name] = await wait(db.transaction(name).objectStore(name).count());
  return counts;
}
"""
# The tiles of these tests are 32 px wide.
A_TILE_IS_SEEN = """
() => [...document.querySelectorAll("img.leaflet-tile")].some((one) => one.complete && one.naturalWidth === 32)
"""
SEEN_AGAIN = "() => document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture(scope="module")
def browser(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    """The browser proper: its shell without windows wakes no worker when the network returns."""
    whole = browser_type.launch(**browser_type_launch_args | {"executable_path": CHROMIUM_FULL})
    yield whole
    whole.close()


@pytest.fixture(autouse=True)
def unlimited(settings: Any) -> None:
    """The whole suite sends from one address; the proof of work has its own tests below."""
    settings.REPERES_LIMITS = False


@pytest.fixture
def sign_in() -> Callable[[Phone, User], Page]:
    """Return a gesture: sign in by the form, in a new tab."""

    def gesture(phone: Phone, person: User) -> Page:
        page = phone.open("/compte/connexion/")
        page.get_by_label("Adresse électronique").fill(person.email)
        page.get_by_label("Mot de passe").fill(PASSWORD)
        page.get_by_role("button", name="Entrer").click()
        page.wait_for_url("**/moderation/")
        return page

    return gesture


@pytest.fixture
def renamed_couche() -> Iterator[Callable[[str], None]]:
    """Return a gesture: what the operator changes reaches `/sw.js`; put back afterwards."""
    couche = Couche.objects.get(slug="zones-blanches")

    def gesture(title: str) -> None:
        Couche.objects.filter(pk=couche.pk).update(title=title)

    yield gesture
    gesture(couche.title)


def _shell_caches(page: Page) -> list[str]:
    return [name for name in page.evaluate(CACHED) if name.startswith("shell-")]


def test_the_first_visit_keeps_the_shell_and_is_controlled(phone: Phone) -> None:
    page = phone.prepare()
    kept = page.evaluate(CACHED)
    (shell,) = kept
    assert shell.startswith("shell-")
    assert sorted(kept[shell]) == sorted(precached_urls())


def test_every_precached_address_answers_by_itself(phone: Phone, network: FaultyNetwork) -> None:
    for url in precached_urls():
        answer = phone.context.request.get(network.url + url, max_redirects=0)
        assert answer.status == 200, url


@pytest.mark.parametrize(
    "address", ["/signaler/", "/signaler/?commune=15014&inconnu=1", "/signaler/?couche=zones-blanches#ou"]
)
def test_the_report_page_opens_without_network(phone: Phone, address: str) -> None:
    phone.prepare()
    phone.context.set_offline(True)
    page = phone.open(address)
    page.reload()
    page.get_by_role("heading", level=1).wait_for()
    assert page.locator("h1").count() == 1
    assert page.evaluate(BROKEN_IMAGES) == []


def test_a_known_place_opens_the_same_page_without_network(phone: Phone) -> None:
    phone.prepare()
    phone.context.set_offline(True)
    page = phone.open("/signaler/?feature=0b3d2c1e-0000-4000-8000-000000000000")
    page.get_by_role("heading", level=1).wait_for()


def test_every_screen_and_the_map_open_without_network(phone: Phone) -> None:
    page = phone.prepare()
    phone.save(page, state="draft")
    phone.context.set_offline(True)
    page.reload()
    page.wait_for_function(DRAWN)
    for screen in ("ou", "precisez", "photo", "quand", "verifier", "envois", "preparer", "guichet"):
        page.evaluate("(screen) => { location.hash = screen; }", screen)
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_function("() => document.title.includes('Signaler')")
        assert page.get_by_text("Cet écran n'a pas pu s'ouvrir").count() == 0, screen
    page.evaluate("() => { location.hash = 'ou'; }")
    page.get_by_role("button", name="La carte").click()
    page.get_by_role("region", name="Carte").wait_for()
    assert page.evaluate("() => window.L.version").startswith("1.9")
    # Tiles never came; what is ours is all there.
    assert [one for one in page.evaluate(BROKEN_IMAGES) if django_settings.TILE_HOST not in one] == []
    for icon in ("marque.svg", "marque-192.png"):
        width = page.evaluate(
            "async (src) => { const i = new Image(); i.src = src; await i.decode(); return i.naturalWidth; }",
            static(f"icones/{icon}"),
        )
        assert width > 0, icon


def test_the_shell_is_the_same_for_a_stranger_and_a_mayor(
    phone: Phone, new_phone: Callable[[], Phone], network: FaultyNetwork, bruno: User, sign_in: Any
) -> None:
    sign_in(phone, bruno)
    stranger = new_phone()
    assert {one["name"] for one in phone.context.cookies()} >= {"sessionid"}
    for path in ("/signaler/", "/sw.js", "/signaler/formulaires.json"):
        mine = phone.context.request.get(network.url + path)
        theirs = stranger.context.request.get(network.url + path)
        assert mine.body() == theirs.body(), path
        assert "set-cookie" not in theirs.headers, path
        for word in ("csrfmiddlewaretoken", bruno.display_name, bruno.email, "nonce="):
            assert word not in mine.text(), (path, word)
    assert stranger.context.cookies() == []


def test_a_report_leaves_with_no_page_open(phone: Phone, network: FaultyNetwork) -> None:
    page = phone.prepare()
    phone.context.set_offline(True)
    saved = phone.save(page, photos=1)
    phone.ask_for_sync(page)
    page.close()
    phone.context.set_offline(False)
    network.await_stored(saved.id)
    assert Contribution.objects.get(pk=saved.id).channel == "offline"
    assert network.count(TEXT) == 1


def test_the_worker_goes_on_after_a_tab_closed_in_the_middle(phone: Phone, network: FaultyNetwork) -> None:
    page = phone.prepare()
    saved = phone.save(page, photos=1)
    network.plan("slow", on=TEXT)
    phone.start_sending(page)
    assert network.await_holding()
    # Online, the browser calls the worker at once: it finds the tab at work, and waits.
    phone.ask_for_sync(page)
    page.close()
    network.heal()
    network.await_seen(lambda seen: any(one.call == PHOTO and one.status == 201 for one in seen))
    assert Contribution.objects.get(pk=saved.id).photos.count() == 1


@pytest.mark.parametrize("trigger", ["online", "load", "visible", "other page"])
def test_without_background_sync_the_page_sends(phone: Phone, network: FaultyNetwork, trigger: str) -> None:
    phone.context.add_init_script(NO_BACKGROUND_SYNC)
    page = phone.prepare()
    assert page.evaluate("() => 'SyncManager' in globalThis") is False
    phone.context.set_offline(True)
    saved = phone.save(page)
    phone.ask_for_sync(page)
    assert phone.send(page)["left"] == 1
    if trigger != "online":
        # Nothing listens any more; the network is back long before the person is.
        page.close()
    if trigger == "visible":
        network.is_up = False
        phone.context.set_offline(False)
        page = phone.open()
        network.await_seen(lambda seen: any(one.call == DEFI and one.status == 0 for one in seen))
        network.heal()
        page.evaluate(SEEN_AGAIN)
    phone.context.set_offline(False)
    if trigger == "load":
        phone.open()
    if trigger == "other page":
        phone.open("/communes/15014/")
    network.await_stored(saved.id)
    assert Contribution.objects.filter(pk=saved.id).count() == 1
    assert network.count(TEXT) == 1


def test_a_server_that_is_dead_while_the_phone_says_online_loses_nothing(
    phone: Phone, network: FaultyNetwork
) -> None:
    phone.prepare()
    network.is_up = False
    page = phone.open()
    assert page.evaluate("() => navigator.onLine") is True
    saved = phone.save(page)
    phone.ask_for_sync(page)
    network.await_seen(lambda seen: any(one.call == DEFI for one in seen))
    phone.send(page)
    (row,) = phone.waiting(page)
    assert (row["id"], row["held"]) == (saved.id, "network")
    network.heal()
    page.evaluate(SEEN_AGAIN)
    network.await_stored(saved.id)
    phone.await_empty(page)


def test_a_new_version_waits_for_the_draft_then_takes_over(
    phone: Phone, renamed_couche: Callable[[str], None]
) -> None:
    page = phone.prepare()
    saved = phone.save(page, state="draft")
    (old,) = _shell_caches(page)
    renamed_couche("Zones sans réseau")
    page.evaluate(UPDATE)
    page.evaluate(A_VERSION_WAITS)
    for _ in range(2):
        page.reload()
        page.evaluate(A_VERSION_WAITS)
        assert old in _shell_caches(page)
        (draft,) = phone.queue(page)
        assert (draft["id"], draft["state"], draft["attributes"]) == (saved.id, "draft", saved.attributes)
    page.get_by_role("button", name="Supprimer").click()
    page.get_by_text("Un signalement commencé").wait_for(state="detached")
    page.reload()
    page.get_by_role("link", name="Zones sans réseau").wait_for()
    (new,) = _shell_caches(page)
    assert new != old


def test_a_new_version_loses_nothing_of_what_waits(
    phone: Phone, network: FaultyNetwork, renamed_couche: Callable[[str], None]
) -> None:
    page = phone.prepare()
    network.plan("503")
    saved = phone.save(page, photos=1)
    assert phone.send(page)["left"] == 1
    renamed_couche("Zones sans réseau")
    page.evaluate(UPDATE)
    page.evaluate(A_VERSION_WAITS)
    page.reload()
    page.get_by_role("link", name="Zones sans réseau").wait_for()
    (row,) = phone.waiting(page)
    assert (row["id"], len(row["kept_photos"])) == (saved.id, 1)
    phone.drain(page)
    assert Contribution.objects.get(pk=saved.id).photos.count() == 1


def test_the_desk_whose_session_expired_keeps_its_queue(
    phone: Phone, network: FaultyNetwork, claude: User, sign_in: Any
) -> None:
    page = sign_in(phone, claude)
    page.close()
    page = phone.prepare()
    saved = phone.save(page, desk=True, other=True)
    phone.context.clear_cookies()
    assert phone.send(page)["left"] == 1
    (row,) = phone.waiting(page)
    assert (row["state"], row["held"]) == ("waiting", "signin")
    assert network.count(TEXT) == 0
    page.close()
    # Any page of the site sends what waits, the one after the sign-in included.
    page = sign_in(phone, claude)
    network.await_stored(saved.id)
    stored = Contribution.objects.get(pk=saved.id)
    assert (stored.channel, stored.entered_by) == ("desk", claude)


def test_erasing_the_device_empties_everything(phone: Phone, network: FaultyNetwork) -> None:
    page = phone.prepare()
    phone.save(page, photos=2)
    phone.save(page, state="draft")
    page.evaluate("async () => { await (await caches.open('tuiles-15014')).put('/x', new Response('x')); }")
    page.goto(f"{network.url}/signaler/#envois")
    page.get_by_text("Cet appareil", exact=True).click()
    page.get_by_role("button", name="Effacer cet appareil").click()
    network.is_up = False
    page.get_by_role("button", name="Oui, tout effacer").click()
    page.get_by_text("Cet appareil ne garde plus rien.").wait_for(state="attached")
    left = page.evaluate(COUNTS)
    assert left == {"reports": 0, "photos": 0, "settings": 0, "packs": 0}
    assert [name for name in page.evaluate(CACHED) if not name.startswith("shell-")] == []


def test_the_tiles_of_a_prepared_commune_are_there_without_network(
    phone: Phone, network: FaultyNetwork
) -> None:
    tile = (django_settings.BASE_DIR / "frontend" / "static" / "icones" / "marque-32.png").read_bytes()
    tiles = f"{django_settings.TILE_HOST}/**"
    open_to_all = {"Access-Control-Allow-Origin": "*"}
    phone.context.route(
        tiles, lambda route: route.fulfill(body=tile, content_type="image/png", headers=open_to_all)
    )
    phone.prepare().close()
    page = phone.open("/signaler/?commune=15014#preparer")
    page.get_by_role("checkbox", name="Avec la carte").check()
    page.get_by_role("button", name="Préparer (").click()
    page.get_by_text("Ce téléphone est prêt pour Aurillac.").wait_for()
    assert len(page.evaluate(CACHED)["tuiles-15014"]) > 20
    page.close()
    phone.context.unroute(tiles)
    phone.context.set_offline(True)
    page = phone.open("/signaler/?couche=zones-blanches")
    page.get_by_text("Aurillac").first.wait_for()
    page.get_by_role("button", name="La carte").click()
    page.wait_for_function(A_TILE_IS_SEEN)


@pytest.mark.parametrize("where", ["page", "worker"])
def test_the_proof_of_work_is_solved_where_it_is_asked(
    phone: Phone, network: FaultyNetwork, settings: Any, where: str
) -> None:
    settings.REPERES_LIMITS = True
    settings.CHALLENGE_COST, settings.CHALLENGE_COUNTER = 50, 20
    # Without a proof nobody comes in at all.
    settings.LIMITS = {**settings.LIMITS, "bare": (1, 0)}
    page = phone.prepare()
    if where == "page":
        saved = phone.save(page)
        assert phone.send(page)["sent"] == 1
    else:
        phone.context.set_offline(True)
        saved = phone.save(page)
        phone.ask_for_sync(page)
        page.close()
        phone.context.set_offline(False)
    network.await_stored(saved.id)
    assert Contribution.objects.filter(pk=saved.id).exists()


def test_one_version_controls_all_pages(phone: Phone) -> None:
    phone.prepare()
    page = phone.open()
    page.wait_for_function(CONTROLLED)
    assert len(_shell_caches(page)) == 1
