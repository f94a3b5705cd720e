"""A real browser on the real static files, watched: no outside request, no console error, no CSP breach."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AxeResults  # type: ignore[import-untyped]
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.conf import settings as django_settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import OperationalError, connection
from playwright.sync_api import Browser, BrowserContext, BrowserType, ConsoleMessage, Page, Request
from pytest_django.live_server_helper import LiveServer
from pytest_django.plugin import DjangoDbBlocker

from territoires.models import Commune
from tests.database import empty_tables
from tests.e2e.device import PERMISSIONS, Phone
from tests.e2e.engine import Engine
from tests.e2e.faults import FaultyNetwork
from tests.static import static_files

# Playwright's synchronous API runs its own event loop in this thread, which makes Django
# refuse the ORM here. Our tests use the database between browser calls, never inside one.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("REPERES_CHROMIUM", "/usr/bin/chromium")
# Background Sync is in the browser proper, not in its shell without windows.
CHROMIUM_FULL = os.environ.get("REPERES_CHROMIUM_FULL") or "/usr/bin/chromium"
# Not test-results/: Playwright empties it whenever any test runs.
CAPTURES = Path(os.environ.get("REPERES_LOCAL") or ROOT / ".local") / "captures"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PHONE, DESK = 360, 1280


@dataclass
class Watch:
    """What went wrong in the browser, apart from what a test said it expects."""

    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, text: str) -> None:
        """Let console messages that contain `text` pass: the test provokes them."""
        self.expected.append(text)

    def unexpected(self) -> list[str]:
        """Return the problems no test announced."""
        return [one for one in self.problems if not any(text in one for text in self.expected)]


class HashedLiveServer(LiveServer):
    """pytest-django's server, with WhiteNoise and hashed files instead of the finders."""

    def __init__(self, addr: str) -> None:
        """Start on `addr`; static files come from STATIC_ROOT through the middleware."""
        super().__init__(addr, start=False)
        self.thread.static_handler = _PassThrough
        self.start()


class _PassThrough(StaticFilesHandler):
    """Leaves /static/ to the application."""

    def _should_handle(self, path: str) -> bool:
        return False


@pytest.fixture(autouse=True)
def uncounted(no_cover: None) -> None:
    """Journeys are not counted as coverage, which each verb's own tests give: untraced, pages answer faster."""


@pytest.fixture(scope="session")
def collected_static_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Static files as production serves them: hashed, compressed, in a folder of their own."""
    with static_files(tmp_path_factory.mktemp("static")) as folder:
        yield folder


@pytest.fixture
def unhashed_static_files() -> None:
    """Here the real storage stays (see tests/conftest.py)."""


@pytest.fixture(scope="session")
def live_server(collected_static_files: Path, django_db_setup: None) -> Iterator[HashedLiveServer]:
    """The site in a thread of this process, on the test database."""
    server = HashedLiveServer("localhost")
    yield server
    server.stop()


@pytest.fixture
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Commits that the server's thread sees; emptied afterwards, what migrations seeded excepted."""
    with django_db_blocker.unblock():
        yield
        _empty()
        connection.close()


def _empty(tries: int = 5) -> None:
    """Empty the tables; a page just closed may still be asking the server something, lock against lock."""
    try:
        empty_tables()
    except OperationalError:
        connection.close()
        if tries == 1:
            raise
        _empty(tries - 1)


@pytest.fixture
def db(transactional_db: None) -> None:
    """The cast of tests/conftest.py is committed here; pytest-django's own would flush the couches."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The distribution's Chromium, silent towards the outside."""
    quiet = ("background-networking", "component-update", "sync", "default-apps", "gpu")
    # Nothing outside this machine has a name.
    alone = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
    flags = ["--no-sandbox", "--no-first-run", alone, *(f"--disable-{name}" for name in quiet)]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": flags}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A French phone that likes its motion reduced; the offline tests allow service workers themselves."""
    return {
        **browser_context_args,
        "viewport": {"width": PHONE, "height": 800},
        "locale": "fr-FR",
        "timezone_id": "Europe/Paris",
        "reduced_motion": "reduce",
        "service_workers": "block",
    }


@pytest.fixture
def watch(context: BrowserContext) -> Iterator[Watch]:
    """Watch every page of the context; fails the test on anything it did not expect.

    Listening, not standing in between: a route over every address would empty the browser's
    cache, and send each request through this process and back.
    """
    seen = Watch()
    context.on("request", lambda request: seen.requests.append(request.url))
    context.on("requestfailed", lambda request: _only_ours(request, seen))
    context.on("console", lambda message: _hear(message, seen))
    context.on("weberror", lambda error: seen.problems.append(f"exception: {error.error}"))
    yield seen
    assert seen.unexpected() == []


def _only_ours(request: Request, seen: Watch) -> None:
    """Note what the browser looked for outside: there, no address has a name (`browser_type_launch_args`)."""
    if request.url.startswith(django_settings.TILE_HOST) or urlsplit(request.url).hostname in LOOPBACK:
        return
    if "ERR_NAME_NOT_RESOLVED" in (request.failure or ""):
        seen.problems.append(f"outside request: {request.url}")


def _hear(message: ConsoleMessage, seen: Watch) -> None:
    # Workers are blocked by `browser_context_args`, and Playwright says so.
    if message.type not in ("error", "warning") or "registration blocked by Playwright" in message.text:
        return
    # Tiles come from outside: pages must do without them.
    if not message.location.get("url", "").startswith(django_settings.TILE_HOST):
        seen.problems.append(f"console {message.type}: {message.text}")


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    """A watched page."""
    return context.new_page()


@pytest.fixture
def network(live_server: HashedLiveServer, transactional_db: None) -> Iterator[FaultyNetwork]:
    """The only way to the site, which fails on command."""
    network = FaultyNetwork(live_server.url)
    yield network
    network.stop()


@pytest.fixture
def phone_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A phone that may keep the site, know where it is and send while its pages are closed."""
    here = {"longitude": 2.4412, "latitude": 44.9301, "accuracy": 18}
    # Playwright refuses every permission that is not listed.
    return {
        **browser_context_args,
        "service_workers": "allow",
        "permissions": PERMISSIONS,
        "geolocation": here,
    }


@pytest.fixture
def engine(live_server: HashedLiveServer, transactional_db: None, page: Page) -> Engine:
    """The form engine on a phone."""
    return Engine(page, live_server.url)


@pytest.fixture
def new_phone(
    browser: Browser, phone_args: dict[str, Any], network: FaultyNetwork, aurillac: Commune
) -> Iterator[Callable[[], Phone]]:
    """Return a gesture: take a new phone out of its box."""
    phones = []

    def gesture() -> Phone:
        phones.append(Phone(browser.new_context(**phone_args), network))
        return phones[-1]

    yield gesture
    network.heal()
    for phone in phones:
        phone.close()


@pytest.fixture
def phone(new_phone: Callable[[], Phone]) -> Phone:
    """A resident's phone, which never saw the site."""
    return new_phone()


@pytest.fixture
def switch_on(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    phone_args: dict[str, Any],
    network: FaultyNetwork,
    aurillac: Commune,
    tmp_path: Path,
) -> Iterator[Callable[[], Phone]]:
    """Return a gesture: switch on the phone whose memory is on disk; `close` switches it off."""

    phones = []

    def gesture() -> Phone:
        profile = tmp_path / "profile"
        context = browser_type.launch_persistent_context(profile, **browser_type_launch_args, **phone_args)
        phones.append(Phone(context, network))
        return phones[-1]

    yield gesture
    network.heal()
    for phone in phones:
        if phone.is_on:
            phone.close()


@pytest.fixture(params=[PHONE, DESK])
def width(request: pytest.FixtureRequest, page: Page) -> int:
    """A phone, then a desk."""
    page.set_viewport_size({"width": request.param, "height": 800})
    return int(request.param)


# Those of axe-core's rules that look at colours: another scheme changes nothing for the others.
COLOURS = ["color-contrast", "link-in-text-block"]


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Return a check that axe-core finds nothing to say about a page."""
    return lambda page: _find_nothing(page, {})


@pytest.fixture
def legible() -> Callable[[Page], None]:
    """Return a check that axe-core finds nothing to say about the colours of a page, the rest being known."""
    return lambda page: _find_nothing(page, {"runOnly": {"type": "rule", "values": COLOURS}})


def _find_nothing(page: Page, options: dict[str, Any]) -> None:
    # Half a megabyte of script: read once by document, not once by width and colour.
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    asked = {"resultTypes": ["violations"], **options}
    results = AxeResults(page.evaluate("(asked) => axe.run(asked)", asked))
    assert results.violations_count == 0, results.generate_report()


@pytest.fixture
def capture() -> Callable[[Page, str], None]:
    """Return a camera: whole page to .local/captures, only when REPERES_CAPTURES=1."""

    def shoot(page: Page, name: str) -> None:
        if os.environ.get("REPERES_CAPTURES") != "1":
            return
        size = page.viewport_size or {"width": 0}
        CAPTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=CAPTURES / f"{name}-{size['width']}.png", full_page=True)

    return shoot


@pytest.fixture
def illustrate() -> Callable[[Page, str], None]:
    """Return a camera for the documentation: what the screen shows, to docs/images, only when REPERES_CAPTURES=1."""

    def shoot(page: Page, name: str) -> None:
        if os.environ.get("REPERES_CAPTURES") == "1":
            page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")

    return shoot
