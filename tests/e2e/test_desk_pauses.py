"""Pauses in a browser: a zone drawn by keyboard under the fixed cross, and a phone that keeps what is refused."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone
from playwright.sync_api import Page, expect

from comptes.models import User
from contributions import pauses
from contributions.models import Contribution, Pause
from contributions.zones import circle
from tests.e2e.conftest import HashedLiveServer, Watch
from tests.e2e.phone import Phone
from tests.factories import PASSWORD

PAGE = "/moderation/pauses/"


@pytest.fixture
def desk(live_server: HashedLiveServer, bruno: User, page: Page) -> Phone:
    """The mayor's computer, signed in, on the page of pauses."""
    page.goto(f"{live_server.url}/compte/connexion/?next={PAGE}")
    page.get_by_label("Adresse électronique").fill(bruno.email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url(f"{live_server.url}{PAGE}")
    return Phone(page, live_server.url)


def test_a_zone_is_drawn_by_keyboard_alone_seen_and_opened(
    desk: Phone, accessible: Callable[[Page], None], capture: Callable[[Page, str], None]
) -> None:
    page = desk.page
    accessible(page)
    page.get_by_role("radio", name="Toute une commune").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    desk.press("Dessiner sur la carte")
    for rank, arrow in enumerate(["", "ArrowRight", "ArrowDown"], start=1):
        for _ in range(3 if arrow else 0):
            page.locator(".suite--contour .leaflet-container").press(arrow)
            # The map glides: what is under the cross is known once it stands still.
            expect(page.locator(".suite--contour .leaflet-pan-anim")).to_have_count(0)
        page.get_by_role("button", name="Ajouter un sommet ici").press("Enter")
        expect(page.get_by_role("status").filter(has_text=f"Sommet {rank} :")).to_be_visible()
    page.get_by_role("button", name="Fermer la zone").press("Enter")
    expect(page.get_by_role("status").filter(has_text="Zone fermée : 3 sommets")).to_be_visible()
    assert len(page.get_by_label("Sommets de la zone").input_value().splitlines()) == 3
    accessible(page)
    capture(page, "pause-dessin")
    page.get_by_label("Ce que les habitants liront").fill("Appelez la mairie.")
    page.get_by_role("button", name="Voir ce que liront les habitants").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vérifiez, puis ouvrez la pause")
    page.get_by_text("Voir la zone").click()
    expect(page.locator("path.carte__zone")).to_be_visible()
    accessible(page)
    capture(page, "pause-verifier")
    page.get_by_role("button", name="Ouvrir la pause").press("Enter")
    expect(page.get_by_text("La pause est ouverte.")).to_be_visible()
    accessible(page)
    capture(page, "pause-ouverte")
    assert Pause.objects.get().zone.num_coords == 4


def test_a_button_pressed_before_the_map_is_drawn_counts(desk: Phone) -> None:
    """Opening a section is told after the fact: a quick hand presses in between."""
    page = desk.page
    page.get_by_role("radio", name="Une zone dessinée").check()
    page.evaluate(
        """() => {
          const frame = document.querySelector("[data-dessin]");
          frame.open = true;
          frame.querySelector("[data-ajouter]").click();
        }"""
    )
    expect(page.get_by_role("status").filter(has_text="Sommet 1 :")).to_be_visible()
    assert len(page.get_by_label("Sommets de la zone").input_value().splitlines()) == 1
    expect(page.locator(".suite--contour .leaflet-container")).to_have_count(1)


def test_a_phone_keeps_what_is_refused_says_why_and_sends_it_after(
    live_server: HashedLiveServer, bruno: User, page: Page, watch: Watch, capture: Callable[[Page, str], None]
) -> None:
    watch.expect("403")
    row = pauses.open_pause(
        by=bruno, zone=circle(Point(2.4512, 44.9401, srid=4326), 500), mode="refuse",
        reason_code="flot-anormal", message="Appelez la mairie.", ends=timezone.now() + dt.timedelta(days=3),
    )  # fmt: skip
    phone = Phone(page, live_server.url).open()
    phone.choose()
    phone.place_by_numbers()
    expect(page.get_by_text("suspendus ici")).to_be_visible()
    phone.tap("C'est ici")
    phone.nothing_works()
    phone.tap("Continuer")
    phone.tap("Passer")
    phone.send()
    expect(page.get_by_text("La mairie dit : « Appelez la mairie. »")).to_be_visible()
    expect(page.get_by_text("à la fin de la pause")).to_be_visible()
    capture(page, "pause-gardee")
    (kept,) = phone.reports()
    assert (kept["state"], kept["held"], kept["frozen"]) == ("waiting", "pause", None) and kept["attributes"]
    assert not Contribution.objects.exists()
    pauses.end_pause(by=bruno, pk=row.pk)
    phone.tap("Envoyer maintenant")
    phone.is_sent()
    assert str(Contribution.objects.get().pk) == kept["id"]
