"""A phone as these tests use it: a browser whose service worker is real, and its queue of reports."""

import base64
import io
import secrets
from dataclasses import dataclass, field
from typing import Any

from django.templatetags.static import static
from PIL import Image
from playwright.sync_api import BrowserContext, Page

from tests.e2e.faults import FaultyNetwork

PERMISSIONS = ["geolocation", "background-sync"]
OPERATORS = ["20801", "20810", "20815", "20820"]
PLACE = {"lon": 2.4412, "lat": 44.9301, "accuracy": 12.5, "source": "gps"}
DEAD_ZONE = {
    "operators": [{"operator": "20801", "calls": "none", "sms": "poor", "data": "none"}],
    "place": "outdoors",
}
# As « Envoyer à la mairie » does, by the page's own modules, without the taps.
SAVE = """
async ([draftUrl, storeUrl, known, photos, days, state]) => {
  const { newDraft, ready } = await import(draftUrl);
  const { saveReport, saveSetting, tellChange } = await import(storeUrl);
  const now = new Date(Date.now() - days * 86400000);
  const draft = newDraft({ slug: "zones-blanches", title: "Zones blanches" }, known, now);
  const bytes = photos.map((text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  draft.photos = bytes.map(({ byteLength }, rank) => ({ n: rank + 1, size: byteLength, state: "waiting" }));
  const report = state === "draft" ? draft : ready(draft, { now, online: navigator.onLine });
  const kept = bytes.map((one, rank) => ({ id: draft.id, n: rank + 1, type: "image/jpeg", bytes: one }));
  await saveReport(report, kept);
  if (state === "draft") await saveSetting("current", draft.id);
  tellChange();
  return [draft.id, draft.secret];
}
"""
SEND = "async ([url, options]) => (await import(url)).sendNow(options)"
# Without awaiting: the tab is to be closed in the middle.
START_SENDING = "([url, options]) => void import(url).then(({ sendNow }) => sendNow(options))"
ASK_FOR_SYNC = "async (url) => (await import(url)).askForSync()"
QUEUE = """
async (url) => {
  const { allReports, photosOf } = await import(url);
  const weigh = async ({ id }) => (await photosOf(id)).map(({ bytes }) => bytes.byteLength);
  return Promise.all((await allReports()).map(async (row) => ({ ...row, kept_photos: await weigh(row) })));
}
"""
# What is left when nothing waits any more, or after twenty seconds.
EMPTIED = """
async (url) => {
  const { allReports, onQueueChange } = await import(url);
  return new Promise((resolve) => {
    const look = async () => {
      const left = (await allReports()).filter(({ state }) => state !== "sent");
      if (!left.length || performance.now() > end) resolve(left);
    };
    const end = performance.now() + 20000;
    setTimeout(look, 20001);
    onQueueChange(look);
    look();
  });
}
"""
CONTROLLED = "() => navigator.serviceWorker.controller !== null"
DRAWN = "() => 'pret' in document.documentElement.dataset"


def jpeg(side: int = 48) -> bytes:
    """Return a JPEG like no other: its pixels are noise."""
    stream = io.BytesIO()
    Image.frombytes("RGB", (side, side), secrets.token_bytes(3 * side * side)).save(stream, "JPEG")
    return stream.getvalue()


@dataclass
class Saved:
    """A report that the phone said it kept: it must be stored once, with all of this."""

    id: str
    secret: str
    attributes: dict[str, Any]
    photos: list[bytes] = field(default_factory=list)


class Phone:
    """A browser context on the site, through a network that may fail."""

    def __init__(self, context: BrowserContext, network: FaultyNetwork) -> None:
        """Watch the pages of `context`: an exception that nobody catches fails the test in `close`."""
        self.context = context
        self.network = network
        self.is_on = True
        self.exceptions: list[str] = []
        context.on(
            "weberror",
            lambda error: self.exceptions.append(
                f"{error.error.name} {error.error.message} {error.error.stack}"
            ),
        )
        # A fault is to be met, not waited for.
        context.set_default_timeout(20_000)

    def close(self) -> None:
        """Switch off. Fails when a page threw."""
        self.is_on = False
        self.context.close()
        assert not self.exceptions, self.exceptions

    def open(self, address: str = "/signaler/") -> Page:
        """Open a page of the site; the report page once its modules have drawn it."""
        page = self.context.new_page()
        page.goto(self.network.url + address)
        if address.startswith("/signaler/"):
            page.wait_for_function(DRAWN)
        return page

    def prepare(self) -> Page:
        """Open the report page for the first time: from then on, it opens without network."""
        page = self.open()
        page.wait_for_function(CONTROLLED)
        return page

    def save(
        self, page: Page, *, photos: int = 0, days: float = 0, state: str = "waiting", **known: Any
    ) -> Saved:
        """Keep a report on the phone as the page does, `days` ago; nothing is sent yet."""
        pictures = [jpeg() for _ in range(photos)]
        known = {"place": PLACE, "attributes": DEAD_ZONE, **known}
        texts = [base64.b64encode(one).decode() for one in pictures]
        urls = [module("draft"), module("store")]
        report_id, secret = page.evaluate(SAVE, [*urls, known, texts, days, state])
        return Saved(report_id, secret, known["attributes"], pictures)

    def ask_for_sync(self, page: Page) -> None:
        """Ask the browser to send when the network returns."""
        page.evaluate(ASK_FOR_SYNC, module("triggers"))

    def send(self, page: Page, *, force: bool = True) -> dict[str, Any]:
        """Send now, as the button does; returns what was sent and what is left."""
        outcome: dict[str, Any] = page.evaluate(SEND, [module("triggers"), {"force": force}])
        return outcome

    def start_sending(self, page: Page) -> None:
        """Send, without waiting for the end."""
        page.evaluate(START_SENDING, [module("triggers"), {"force": True}])

    def drain(self, page: Page) -> None:
        """Send until nothing waits; the worker may be at it already."""
        for _ in range(60):
            outcome = self.send(page)
            if not outcome["left"] and not outcome["busy"]:
                return
            page.wait_for_timeout(100)
        raise AssertionError(f"still waiting: {self.queue(page)}")

    def queue(self, page: Page) -> list[dict[str, Any]]:
        """Return every report of the phone, with the weights of its photos as `kept_photos`."""
        rows: list[dict[str, Any]] = page.evaluate(QUEUE, module("store"))
        return rows

    def waiting(self, page: Page) -> list[dict[str, Any]]:
        """Return what has not left yet."""
        return [row for row in self.queue(page) if row["state"] != "sent"]

    def await_empty(self, page: Page) -> None:
        """Return once nothing waits, whoever sent it."""
        left = page.evaluate(EMPTIED, module("store"))
        assert left == [], left


def module(name: str) -> str:
    """Return the address of one of the report page's modules, as the page itself imports it."""
    return static(f"js/signaler/{name}.js")
