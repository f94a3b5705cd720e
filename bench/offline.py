"""The standard dead-zone report in a browser: taps, keys, seconds and bytes, beside what the link allows.

The limits are taken in the same run: the same bytes through the same throttle, in one piece; and
the page's own files as one compressed file.
"""

import contextlib
import functools
import http.server
import io
import os
import secrets
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import brotli
import psycopg
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Request, sync_playwright

from bench.database import BenchDatabase
from bench.report import Line
from bench.site import running_site

CHROMIUM = os.environ.get("REPERES_CHROMIUM", "/usr/bin/chromium")
# In Aurillac, as the demo knows it.
HERE: Any = {"longitude": 2.4397, "latitude": 44.9262, "accuracy": 12}
RIGHTS = ["geolocation", "background-sync"]
COUNTERS = """
window.taps = window.keys = 0;
addEventListener("pointerdown", (event) => { window.taps += event.isTrusted ? 1 : 0; }, true);
addEventListener("keydown", (event) => { window.keys += event.isTrusted ? 1 : 0; }, true);
"""


@dataclass(frozen=True)
class Link:
    """A thin link and an old phone: kilobits a second, milliseconds there and back, slowness."""

    kbit: float
    rtt_ms: int
    cpu: int = 4


FIRST = Link(400, 400)
REPEAT = Link(48, 2000)


@dataclass
class Traffic:
    """What came to the page: encoded bytes and decoded files."""

    weights: list[int] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Bytes that travelled, headers included."""
        return sum(self.weights)


def run(database: BenchDatabase, sizes: dict[int, int], rounds: int) -> list[Line]:
    """Return the lines of the report; a site of its own is started, `sizes` is not used."""
    with (
        tempfile.TemporaryDirectory(prefix="reperes_bench_") as folder,
        running_site(Path(folder), django_keys(database.url), limits=True) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with _bytes_server() as limit:
            lines = _first_visit(browser, site.url, limit, rounds)
            lines += _repeat_visit(browser, site.url, limit, rounds)
        lines += _reports(browser, site.url)
        browser.close()
    return lines


def _first_visit(browser: Browser, url: str, limit: str, rounds: int) -> list[Line]:
    seconds, traffic = float("inf"), Traffic()
    for _round in range(rounds):
        with _context(browser) as context:
            page = context.new_page()
            session, traffic = _watch(page)
            _throttle(session, FIRST)
            seconds = min(seconds, _open(page, url))
    one = _in_one_file(browser, traffic.urls)
    same = _through(browser, limit, traffic.total, FIRST, rounds)
    least = _through(browser, limit, one, FIRST, rounds)
    count = len(traffic.weights)
    return [
        Line(
            "Première visite, 400 kb/s, 400 ms, processeur ÷ 4 : utilisable",
            f"{seconds:.2f} s (les mêmes octets d'un trait : {same:.2f} s ; en un seul fichier : {least:.2f} s)",
            "≤ 4 s",
            seconds <= 4,
        ),
        Line(
            "Première visite : octets et requêtes",
            f"{traffic.total / 1000:.1f} ko en {count} (un seul fichier brotli : {one / 1000:.1f} ko)",
            "≤ 80 ko, ≤ 15",
            traffic.total <= 80_000 and count <= 15,
        ),
    ]


def _repeat_visit(browser: Browser, url: str, limit: str, rounds: int) -> list[Line]:
    seconds, fetched = float("inf"), 0
    with _context(browser, workers="allow") as context:
        page = context.new_page()
        _open(page, url)
        page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        page.close()
        for _round in range(rounds):
            page = context.new_page()
            session, _ = _watch(page)
            _throttle(session, REPEAT)
            came: list[int] = []
            page.on("response", functools.partial(_noted, came))
            seconds = min(seconds, _open(page, url))
            fetched = max(fetched, len(came))
            page.close()
    one_trip = _through(browser, limit, 1, REPEAT, rounds)
    return [
        Line(
            "Visite suivante, 48 kb/s, 2 s, processeur ÷ 4 : utilisable",
            f"{seconds:.2f} s, {fetched} réponse du réseau (un seul aller-retour : {one_trip:.2f} s)",
            "≤ 1,5 s, 0",
            seconds <= 1.5 and fetched == 0,
        )
    ]


def _noted(came: list[int], response: Any) -> None:
    if not response.from_service_worker and not response.url.endswith(("/sw.js", ".webmanifest")):
        came.append(response.status)


def _reports(browser: Browser, url: str) -> list[Line]:
    with _context(browser) as context:
        page = context.new_page()
        sent: list[Request] = []
        page.on("request", lambda one: sent.append(one) if one.method in {"POST", "PUT"} else None)
        _open(page, url)
        _report(page, first=True)
        _open(page, url)
        sent.clear()
        started = time.perf_counter()
        _report(page)
        seconds = time.perf_counter() - started
        taps, keys = page.evaluate("[taps, keys]")
        text, _ = _sent(sent)
        body = next(one.post_data_buffer for one in sent if one.url.endswith("/contributions/"))
        least = len(zlib.compress(body or b"", 9))
        _open(page, url)
        sent.clear()
        photo = _report(page, photo=_photo())
        with_text, with_photo = _sent(sent)
    return [
        Line(
            "Deuxième signalement de zone blanche : gestes",
            f"{taps} touchers, {keys} frappe",
            "≤ 6, 0",
            taps <= 6 and keys == 0,
        ),
        Line(
            "… secondes de la machine, de la page ouverte à « C'est envoyé »",
            f"{seconds:.2f} s (sans personne pour lire ; preuve de travail comprise)",
            "",
            None,
        ),
        Line(
            "… octets envoyés sans photo",
            f"{text / 1000:.1f} ko (son contenu seul, compressé : {least / 1000:.1f} ko)",
            "≤ 3 ko",
            text <= 3000,
        ),
        Line(
            "… octets envoyés avec une photo de 12 Mpx",
            f"{(with_text + with_photo) / 1000:.0f} ko (la photo réduite seule : {photo / 1000:.0f} ko)",
            "≤ 403 ko",
            with_text + with_photo <= 403_000,
        ),
    ]


def _report(page: Page, *, first: bool = False, photo: bytes = b"") -> int:
    """Play the report from the page opened; return the bytes of the photo as the phone made it."""
    page.get_by_role("link", name="Réseau mobile : zones blanches").click()
    page.locator(".lieu__commune strong").wait_for()
    page.get_by_role("button", name="C'est ici").click()
    if first:
        page.get_by_text("Orange", exact=True).first.click()
    page.get_by_role("button", name="Rien ne passe").locator("visible=true").first.click()
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("heading", name="Une photo, un courriel ?").wait_for()
    size = 0
    if photo:
        file: Any = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo}
        page.locator("#photo").set_input_files(file)
        page.get_by_text("Photo ajoutée").wait_for(timeout=60_000)
    page.locator(".barre .bouton:not(.bouton--second)").click()
    with contextlib.ExitStack() as waiting:
        put = waiting.enter_context(page.expect_request(lambda one: one.method == "PUT")) if photo else None
        page.get_by_role("button", name="Envoyer à la mairie").click()
    if put:
        size = len(put.value.post_data_buffer or b"") or _length(put.value)
    page.get_by_text("C'est envoyé.").first.wait_for()
    page.wait_for_load_state("networkidle")
    return size


def _sent(requests: list[Request]) -> tuple[int, int]:
    """Return the bytes of the report, and of its photo, headers included."""
    totals = {"POST": 0, "PUT": 0}
    for one in requests:
        if one.url.endswith("/apercu/"):
            continue
        totals[one.method] += one.sizes()["requestHeadersSize"] + _length(one)
    return totals["POST"], totals["PUT"]


def _length(request: Request) -> int:
    return int(request.all_headers().get("content-length", 0)) or int(request.sizes()["requestBodySize"])


def _photo() -> bytes:
    """Return a JPEG of 12 megapixels, neither flat nor noise."""
    picture = Image.radial_gradient("L").resize((4000, 3000)).convert("RGB")
    grain = Image.effect_noise((1000, 750), 40).resize((4000, 3000)).convert("RGB")
    stream = io.BytesIO()
    Image.blend(picture, grain, 0.3).save(stream, "JPEG", quality=92)
    return stream.getvalue()


@contextlib.contextmanager
def _context(browser: Browser, workers: Any = "block") -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 360, "height": 800},
        locale="fr-FR",
        geolocation=HERE,
        permissions=RIGHTS,
        service_workers=workers,
    )
    context.add_init_script(COUNTERS)
    # Tiles and addresses are somebody else's: the report does without them.
    context.route(lambda url: urlsplit(url).hostname != "127.0.0.1", lambda route: route.abort())
    yield context
    context.close()


def _watch(page: Page) -> tuple[CDPSession, Traffic]:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    traffic = Traffic()
    session.on(
        "Network.loadingFinished", lambda event: traffic.weights.append(int(event["encodedDataLength"]))
    )
    session.on("Network.responseReceived", lambda event: traffic.urls.append(event["response"]["url"]))
    return session, traffic


def _throttle(session: CDPSession, link: Link) -> None:
    rate = link.kbit * 1000 / 8
    limits = {"offline": False, "latency": link.rtt_ms, "downloadThroughput": rate, "uploadThroughput": rate}
    session.send("Network.emulateNetworkConditions", limits)
    session.send("Emulation.setCPUThrottlingRate", {"rate": link.cpu})


def _open(page: Page, url: str) -> float:
    started = time.perf_counter()
    page.goto(f"{url}/signaler/", wait_until="commit")
    page.locator("html[data-pret]").wait_for(state="attached", timeout=60_000)
    return time.perf_counter() - started


def _in_one_file(browser: Browser, urls: list[str]) -> int:
    """Return the bytes of all these files as one, compressed at its best."""
    with _context(browser) as context:
        bodies = [context.request.get(url).body() for url in dict.fromkeys(urls)]
    return len(brotli.compress(b"".join(bodies)))


def _through(browser: Browser, limit: str, size: int, link: Link, rounds: int) -> float:
    """Return the best time of so many bytes, in one piece, through the throttle."""
    best = float("inf")
    with _context(browser) as context:
        for _round in range(rounds):
            page = context.new_page()
            session, _ = _watch(page)
            _throttle(session, link)
            started = time.perf_counter()
            page.goto(f"{limit}/{size}", timeout=120_000)
            best = min(best, time.perf_counter() - started)
            page.close()
    return best


class _Bytes(http.server.BaseHTTPRequestHandler):
    """Answers with as many random bytes as the path says."""

    def do_GET(self) -> None:
        body = secrets.token_bytes(int(self.path.strip("/") or 0)).hex()[: int(self.path.strip("/") or 0)]
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def _bytes_server() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Bytes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def django_keys(url: str) -> dict[str, str]:
    """Return Django's keys of the base that a libpq address names."""
    known = psycopg.conninfo.conninfo_to_dict(url)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {django: str(known.get(libpq) or "") for django, libpq in names.items()}
