"""What the report page costs: bytes, requests, nodes and shifts are held; times under a wide ceiling."""

import sys
import time
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page

from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer
from tests.e2e.phone import DEAD_ZONES, Phone

# The targets are for a phone alone on its machine; ours is shared, and only a ceiling holds.
SHARED = 3
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts += one.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def phone(
    live_server: HashedLiveServer,
    transactional_db: None,
    aurillac: Commune,
    context: BrowserContext,
    page: Page,
) -> Phone:
    """A phone that comes for the first time."""
    page.add_init_script(SHIFTS)
    return Phone(page, live_server.url)


def _weigh(page: Page) -> tuple[CDPSession, list[int]]:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    weights: list[int] = []
    session.on("Network.loadingFinished", lambda event: weights.append(int(event["encodedDataLength"])))
    return session, weights


def _slow(session: CDPSession, *, kbit: float, rtt_ms: int, cpu: int) -> None:
    rate = kbit * 1000 / 8
    limits: dict[str, Any] = {"offline": False, "latency": rtt_ms}
    session.send(
        "Network.emulateNetworkConditions", {**limits, "downloadThroughput": rate, "uploadThroughput": rate}
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": cpu})


def _opened(phone: Phone) -> float:
    started = time.monotonic()
    phone.page.goto(f"{phone.url}/signaler/", wait_until="commit")
    phone.page.locator("html[data-pret]").wait_for(state="attached")
    return time.monotonic() - started


def test_a_first_visit_is_light(phone: Phone, capsys: pytest.CaptureFixture[str]) -> None:
    _, weights = _weigh(phone.page)
    phone.open()
    phone.page.wait_for_load_state("networkidle")
    nodes = phone.page.evaluate("document.querySelectorAll('*').length")
    shifts = phone.page.evaluate("shifts")
    with capsys.disabled():
        sys.stdout.write(
            f"\n  {sum(weights)} octets, {len(weights)} requêtes, {nodes} nœuds, décalage {shifts:.3f}\n"
        )
    assert sum(weights) <= 80_000
    assert len(weights) <= 15
    assert nodes <= 250
    assert shifts <= 0.05


def test_no_screen_grows_large(phone: Phone) -> None:
    """Old phones feel the nodes of a page before anything else; the questions are the largest screen."""
    count = "document.querySelectorAll('*').length"
    seen: dict[str, int] = {}
    phone.open().choose()
    phone.place_by_numbers()
    seen["ou"] = phone.page.evaluate(count)
    phone.tap("C'est ici")
    phone.title(DEAD_ZONES)
    phone.nothing_works()
    seen["precisez"] = phone.page.evaluate(count)
    phone.tap("Continuer")
    phone.title("Une photo, un courriel ?")
    seen["photo"] = phone.page.evaluate(count)
    phone.tap("Passer")
    phone.title("Vérifiez, puis envoyez")
    seen["verifier"] = phone.page.evaluate(count)
    phone.send()
    phone.is_sent()
    seen["recu"] = phone.page.evaluate(count)
    assert seen.pop("precisez") <= 300
    assert all(nodes <= 250 for nodes in seen.values()), seen


def test_a_first_visit_is_usable_within_four_seconds_on_a_thin_link(
    phone: Phone, capsys: pytest.CaptureFixture[str]
) -> None:
    session, _ = _weigh(phone.page)
    _slow(session, kbit=400, rtt_ms=400, cpu=4)
    seconds = _opened(phone)
    with capsys.disabled():
        sys.stdout.write(
            f"\n  utilisable en {seconds:.2f} s à 400 kb/s, 400 ms, processeur ÷ 4 (visé : 4 s)\n"
        )
    assert seconds <= 4 * SHARED


@pytest.mark.browser_context_args(service_workers="allow")
def test_a_repeat_visit_asks_the_network_nothing_before_it_is_usable(
    phone: Phone, context: BrowserContext, capsys: pytest.CaptureFixture[str]
) -> None:
    phone.open().hold_worker()
    phone.page.close()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url) if request.service_worker else None)
    again = Phone(context.new_page(), phone.url)
    session, _ = _weigh(again.page)
    _slow(session, kbit=48, rtt_ms=2000, cpu=4)
    fetched: list[str] = []
    again.page.on("requestfinished", lambda request: _note(request, fetched))
    seconds = _opened(again)
    before = list(asked)
    with capsys.disabled():
        sys.stdout.write(f"\n  utilisable en {seconds:.2f} s à 48 kb/s, 2 s, processeur ÷ 4 (visé : 1,5 s)\n")
    assert [url for url in before if not url.endswith("/sw.js")] == []
    assert fetched == []
    assert seconds <= 1.5 * SHARED


def _note(request: Any, fetched: list[str]) -> None:
    """Keep what came neither from the worker nor from the browser's own cache."""
    answer = request.response()
    if answer and not answer.from_service_worker and not request.url.endswith(("/sw.js", ".webmanifest")):
        fetched.append(request.url)
