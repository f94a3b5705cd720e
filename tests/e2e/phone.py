"""The gestures of a person who reports: by finger, by keyboard, with or without network."""

import io
import json
import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from PIL import Image
from playwright.sync_api import Page, Route, expect

# A proof of work and a shared machine: what is right may take its time.
expect.set_options(timeout=20_000)
DEAD_ZONES = "Réseau mobile : zones blanches"
SERVICES = "Services de proximité"
BUILDINGS = "Bâtiments publics"
# Where the cast's Aurillac lies (tests/conftest.py), away from what is published there.
HERE = {"longitude": 2.4512, "latitude": 44.9401, "accuracy": 12}
COUNTERS = """
window.taps = window.keys = 0;
addEventListener("pointerdown", (event) => { window.taps += event.isTrusted ? 1 : 0; }, true);
addEventListener("keydown", (event) => { window.keys += event.isTrusted ? 1 : 0; }, true);
"""
FOCUSED = """() => {
    const one = document.activeElement;
    return (one.labels?.[0] ?? one).textContent.trim().replace(/\\s+/g, " ");
}"""


@dataclass
class Phone:
    """One browser on the report page."""

    page: Page
    url: str

    def open(self, query: str = "") -> "Phone":
        """Open the report page and wait until it may be used."""
        self.page.goto(f"{self.url}/signaler/{query}")
        self.page.locator("html[data-pret]").wait_for()
        return self

    def hold_worker(self) -> None:
        """Wait until the service worker holds the page: from then on it opens without network."""
        self.page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        self.page.wait_for_function("() => navigator.serviceWorker.controller !== null")

    def tap(self, name: str) -> None:
        """Tap a button by the beginning of its name."""
        self.page.get_by_role("button", name=re.compile(rf"^{re.escape(name)}")).first.click()

    def title(self, text: str) -> None:
        """Wait for the screen of that title; its heading has the focus."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def choose(self, couche: str = DEAD_ZONES) -> None:
        """Quoi ? By its card."""
        self.page.get_by_role("link", name=couche).click()
        self.title("Où est-ce ?")

    def place_by_numbers(self, lat: str = "44,9401", lon: str = "2,4512", commune: str = "Aurillac") -> None:
        """Où ? By two numbers, until the commune is named."""
        self.tap("Des coordonnées")
        self.page.get_by_label("Latitude").fill(lat)
        self.page.get_by_label("Longitude").fill(lon)
        self.tap("Placer ici")
        if commune:
            expect(self.page.locator(".lieu__commune")).to_have_text(commune)

    def nothing_works(self, operator: str = "Orange") -> None:
        """Précisez : nothing passes, for one operator."""
        self.page.get_by_role("checkbox", name=operator, exact=True).check(force=True)
        line = self.page.get_by_role("group", name=operator, exact=True)
        line.get_by_role("button", name="Rien ne passe").click()

    def to_review(self, operator: str = "Orange") -> None:
        """From the page opened to « Vérifier », by numbers and without photo."""
        self.choose()
        self.place_by_numbers()
        self.tap("C'est ici")
        self.nothing_works(operator)
        self.tap("Continuer")
        self.tap("Passer")
        self.title("Vérifiez, puis envoyez")

    def send(self) -> None:
        """Vérifier : send, until the receipt."""
        self.tap("Envoyer à la mairie")
        self.title("Votre signalement")

    def is_sent(self) -> None:
        """The receipt says so, in words."""
        expect(self.page.locator("main strong", has_text="C'est envoyé.")).to_be_visible()

    def reports(self) -> list[dict[str, Any]]:
        """What the device holds, read as the product does."""
        rows: list[dict[str, Any]] = self.page.evaluate(
            """() => new Promise((resolve, reject) => {
                const request = indexedDB.open("reperes");
                request.onerror = () => reject(request.error);
                request.onsuccess = () => {
                    const all = request.result.transaction(["reports"]).objectStore("reports").getAll();
                    all.onsuccess = () => { request.result.close(); resolve(all.result); };
                };
            })"""
        )
        return rows

    def prepare(self, commune: str = "15014", name: str = "Aurillac") -> None:
        """Keep a commune's pack on the phone."""
        self.open(f"?commune={commune}#preparer")
        self.tap("Préparer (")
        expect(self.page.get_by_text(f"Ce téléphone est prêt pour {name}.")).to_be_visible()

    def reach(self, name: str, most: int = 80) -> None:
        """Go by the Tab key to what begins with that name; its focus must be seen."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(FOCUSED).startswith(name):
                outline = self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none" or "checkbox" in self._type() or "radio" in self._type(), name
                return
        raise AssertionError(f"{name} cannot be reached by the Tab key")

    def press(self, name: str, key: str = "Enter") -> None:
        """Go there and press."""
        self.reach(name)
        self.page.keyboard.press(key)

    def _type(self) -> str:
        return str(self.page.evaluate("document.activeElement.type ?? ''"))


def geocoder(route: Route) -> None:
    """Answer as the Géoplateforme does."""
    properties = {
        "label": "Le Bourg 15000 Aurillac",
        "name": "Le Bourg",
        "postcode": "15000",
        "citycode": "15014",
        "city": "Aurillac",
        "context": "15, Cantal, Auvergne-Rhône-Alpes",
        "type": "locality",
        "importance": 0.36,
        "score": 0.89,
    }
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [2.4512, 44.9401]},
        "properties": properties,
    }
    body = {"type": "FeatureCollection", "features": [feature], "query": "le bourg"}
    route.fulfill(
        status=200,
        body=json.dumps(body),
        headers={"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"},
    )


def geocoder_pattern() -> str:
    """The geocoder's addresses, as a route."""
    return f"{settings.GEOCODER_URL}/search?**"


def jpeg(width: int = 2400, height: int = 1800) -> bytes:
    """A photo as a phone takes it: large, with a gradient that does not compress to nothing."""
    picture = Image.radial_gradient("L").resize((width, height)).convert("RGB")
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Marque"  # maker: it must die on the phone
    picture.save(stream, "JPEG", quality=90, exif=exif)
    return stream.getvalue()
