"""The sandbox in a browser: the tour followed by hand on a phone, each page accessible."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from comptes.models import User
from moderation import practice, tour
from tests.e2e.conftest import DESK

pytestmark = pytest.mark.usefixtures("transactional_db")


def test_the_first_steps_of_the_tour_on_a_phone(
    page: Page,
    live_server: LiveServer,
    bruno: User,
    page_as: Callable[[User], Client],
    accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
    settings: Any,
    tmp_path: Path,
) -> None:
    """Door, tour, card, decision: the banner leads from one step to the next."""
    settings.MEDIA_ROOT = tmp_path / "media"
    session = page_as(bruno).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(f"{live_server.url}/moderation/bac-a-sable/")
    accessible(page)
    page.get_by_role("button", name="Commencer par la visite guidée").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Visite guidée")
    accessible(page)
    capture(page, "bac-a-sable-visite")
    page.get_by_role("button", name="Ouvrir ce signalement").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Café de la Place")
    banner = page.get_by_role("complementary", name="Bac à sable")
    expect(banner).to_contain_text("rien n'est réel, rien n'est publié")
    expect(banner).to_contain_text("Étape 2 sur 7")
    accessible(page)
    capture(page, "bac-a-sable-fiche")
    page.get_by_role("button", name="Accepter", exact=True).first.click()
    page.wait_for_url(f"{live_server.url}/moderation/bac-a-sable/")
    expect(banner).to_contain_text("Étape 3 sur 7")
    expect(page.get_by_role("heading", level=1)).to_contain_text("23")
    accessible(page)
    capture(page, "bac-a-sable-file")
    page.set_viewport_size({"width": DESK, "height": 900})
    capture(page, "bac-a-sable-file")
    page.goto(f"{live_server.url}/aide/mairie/")
    accessible(page)
    capture(page, "aide-mairie")
    assert [one.step.slug for one in tour.progress_of(bruno).steps if one.done] == ["ouvrir", "valider"]
    cafe = practice.find(bruno, "cafe")
    assert cafe is not None and cafe.status == "ACCEPTED"
