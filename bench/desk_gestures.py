"""How many gestures a week's queue takes: sixty reports, twelve groups, on a site of its own, in a browser."""

import datetime as dt
import json
import secrets
import tempfile
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.database import BenchDatabase
from bench.desk_walk import Walk, clear_by_keyboard, clear_by_touch
from bench.offline import CHROMIUM, django_keys
from bench.report import Line
from bench.site import running_site

REPORTS, GROUPS = 60, 12
# Degrees: 0.004 is 440 m of latitude, beyond any group; 0.0003 is 33 m.
FAR, NEAR = 0.004, 0.0003
MAYOR = {"login": "maire@aurillac.demo", "password": "demo-reperes"}
LARGEST = 1.5


def gestures(database: BenchDatabase) -> list[Line]:
    """Return the gestures per report, by keyboard at a desk and by touch at 360 px."""
    with (
        tempfile.TemporaryDirectory(prefix="reperes_bench_") as folder,
        running_site(Path(folder), django_keys(database.url)) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        lines = [
            _line(
                "Soixante signalements, douze groupes, au clavier",
                _walk(browser, site.url, clear_by_keyboard),
            ),
            _line("… au doigt, à 360 px", _walk(browser, site.url, clear_by_touch, touch=True)),
        ]
        browser.close()
    return lines


def _line(name: str, walk: Walk) -> Line:
    each = walk.gestures / walk.reports
    measured = (
        f"{each:.2f} geste par signalement ({walk.gestures} pour {walk.reports} en {walk.cards} fiches)"
    )
    return Line(name, measured, f"≤ {LARGEST}", each <= LARGEST)


def _walk(browser: Browser, url: str, clear: Callable[[Page, str], Walk], *, touch: bool = False) -> Walk:
    """Sow, sign in, clear."""
    _sow(url)
    size: Any = {"width": 360, "height": 740} if touch else {"width": 1280, "height": 800}
    context = browser.new_context(viewport=size, has_touch=touch, is_mobile=touch, locale="fr-FR")
    page = context.new_page()
    page.goto(f"{url}/compte/connexion/")
    for name, value in MAYOR.items():
        page.fill(f"main [name={name}]", value)
    page.locator("main form button").first.click()
    page.wait_for_url("**/moderation/")
    walk = clear(page, f"{url}/moderation/")
    context.close()
    return walk


def _sow(url: str) -> None:
    for rank in range(GROUPS + REPORTS - 3 * GROUPS):
        lon, lat = 2.425 + FAR * (rank % 6), 44.915 + FAR * (rank // 6)
        for member in range(3 if rank < GROUPS else 1):
            _send(url, lon, lat + NEAR * member)


def _send(url: str, lon: float, lat: float) -> None:
    report = {
        "id": str(uuid.uuid4()),
        "secret": secrets.token_urlsafe(24),
        "couche": "zones-blanches",
        "operation": "create",
        "feature": None,
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "attributes": {"operators": [{"operator": "20801", "calls": "none"}], "place": "outdoors"},
        "observed_at": (dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)).isoformat(),
        "accuracy_m": 12,
        "position_source": "gps",
        "channel": "api",
        "email": None,
        "challenge": None,
    }
    request = urllib.request.Request(  # noqa: S310  # our own server
        f"{url}/api/v1/contributions/",
        json.dumps(report).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        assert answer.status == 201
