"""Takes the pictures of the printed guide, in the sandbox, on the present pages.

    REPERES_GUIDE=reprendre python -m pytest tests/e2e/test_guide_pictures.py

Writes frontend/static/guide/*.webp and the mark of the pages they show (tests/guide_mark.py).
"""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from comptes.models import User
from moderation import practice
from tests.e2e.conftest import DESK, PHONE
from tests.guide_mark import MARK, MAX_BYTES, PICTURES, mark_of_pages

pytestmark = [
    pytest.mark.usefixtures("transactional_db"),
    pytest.mark.skipif(
        os.environ.get("REPERES_GUIDE") != "reprendre",
        reason="takes pictures into the sources: asked for by REPERES_GUIDE=reprendre",
    ),
]


def test_take_the_pictures_of_the_guide(
    browser: Browser,
    live_server: LiveServer,
    bruno: User,
    page_as: Callable[[User], Client],
    settings: Any,
    tmp_path: Path,
) -> None:
    """Four pictures of at most 40 kB: queue and card, on a phone and on a screen."""
    base = live_server.url
    session = page_as(bruno).cookies["sessionid"].value
    settings.MEDIA_ROOT = tmp_path / "media"
    practice.start_again(bruno)
    card = practice.identity(bruno, "cafe")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for device, width, height in (("telephone", PHONE, 640), ("ecran", DESK, 800)):
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="fr-FR", reduced_motion="reduce",
            color_scheme="light", timezone_id="Europe/Paris",
        )  # fmt: skip
        context.add_cookies([{"name": "sessionid", "value": session, "url": base}])
        page = context.new_page()
        for name, path in (("file", ""), ("fiche", f"{card}/")):
            page.goto(f"{base}/moderation/bac-a-sable/{path}")
            page.wait_for_load_state("networkidle")
            # On a phone, the card itself: what it says down to its buttons.
            top = "[data-carte]" if (name, device) == ("file", "telephone") else "h1"
            page.locator(top).first.evaluate("element => window.scrollTo(0, element.offsetTop - 16)")
            _keep(page.screenshot(), f"{name}-{device}")
        context.close()
    MARK.write_text(mark_of_pages() + "\n", encoding="ascii")


def _keep(png: bytes, name: str) -> None:
    """Write a picture as WebP, the finest that weighs no more than allowed."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in range(80, 20, -6):
        stream = io.BytesIO()
        picture.save(stream, "WEBP", quality=quality, method=6)
        if stream.tell() <= MAX_BYTES:
            break
    (PICTURES / f"{name}.webp").write_bytes(stream.getvalue())
