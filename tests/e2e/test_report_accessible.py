"""Each screen of the report, in each of its states, for everybody: axe, small screens, large text, high contrast."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from couches.models import Feature
from territoires.models import Commune
from tests.e2e.conftest import DESK, PHONE, HashedLiveServer, Watch
from tests.e2e.phone import DEAD_ZONES, Phone
from tests.e2e.report_states import STATES, answer, details, ou_carte, precisez_rempli, recu_envoye, verifier
from tests.frontend.factories import publish_dead_zone

SMALL_TARGETS = """() => [...document.querySelectorAll(
        "main :is(button, select, textarea, input, summary, label:has(input), .boutons a, .barre a)")]
    .filter((one) => one.checkVisibility() && !one.matches("[type=radio], [type=checkbox], .visuellement-cache"))
    .filter((one) => !one.closest(".leaflet-control-attribution"))
    .map((one) => [one.textContent.trim() || one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
    .map(([name, box]) => [name, Math.round(box.width), Math.round(box.height)])
    .filter(([, width, height]) => height < 44 || width < 44)"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def phone(
    live_server: HashedLiveServer,
    transactional_db: None,
    aurillac: Commune,
    ytrac: Commune,
    page: Page,
    watch: Watch,
) -> Phone:
    """A phone in Aurillac, where one dead zone is published; some states provoke refusals."""
    publish_dead_zone(aurillac)
    for expected in ("status of 4", "ERR_FAILED"):
        watch.expect(expected)
    return Phone(page, live_server.url)


@pytest.mark.parametrize("name", STATES)
def test_each_state_of_each_screen_is_for_everybody(
    phone: Phone,
    name: str,
    accessible: Callable[[Page], None],
    legible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:
    STATES[name](phone)
    page = phone.page
    for width in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": 800})
        capture(page, f"etat-{name}")
        accessible(page)
        page.emulate_media(color_scheme="dark")
        legible(page)
        page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": PHONE, "height": 800})
    assert page.evaluate(SMALL_TARGETS) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate(SIDEWAYS) <= 0, "320 px"
    page.set_viewport_size({"width": 640, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate(SIDEWAYS) <= 0, "twice as large"
    assert page.locator("h1").count() == 1


def test_the_focus_goes_to_each_screens_title(phone: Phone) -> None:
    def here() -> None:
        expect(phone.page.locator("h1")).to_be_focused()

    phone.open().choose()
    here()
    phone.place_by_numbers()
    phone.tap("C'est ici")
    here()
    phone.nothing_works()
    phone.tap("Continuer")
    here()
    phone.tap("Passer")
    here()
    phone.tap("Changer le jour")
    here()
    phone.tap("À l'instant")
    here()
    phone.send()
    here()
    phone.page.get_by_role("button", name="Terminé").click()
    here()
    phone.page.get_by_role("link", name="Mes envois").click()
    here()
    phone.page.go_back()
    # The screen changes a moment after the address does.
    expect(phone.page).to_have_title(re.compile(r"Que voulez-vous signaler \?"))
    here()


def test_what_happens_is_announced(phone: Phone) -> None:
    """A status, in the page before it speaks: those who listen hear it."""
    verifier(phone)
    status = phone.page.locator('p.visuellement-cache[role="status"]')
    assert status.count() == 1 and status.inner_text() == ""
    phone.send()
    expect(status).to_have_text("C'est envoyé.")


def test_the_chosen_and_the_focused_are_seen_in_forced_colours(phone: Phone) -> None:
    page = phone.page
    page.emulate_media(forced_colors="active")
    details(DEAD_ZONES)(phone)
    phone.reach("Orange")
    toggle = page.locator("label", has_text="Orange").first
    look = """(one) => {
        const label = getComputedStyle(one), input = getComputedStyle(one.querySelector("input"));
        return [label.backgroundColor, label.borderColor, label.borderWidth, label.color, input.opacity].join();
    }"""
    seen = toggle.evaluate(
        """(one) => [one, one.querySelector("input")].some((part) => {
            const style = getComputedStyle(part);
            return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        })"""
    )
    assert seen, "the focus is seen"
    off = toggle.evaluate(look)
    page.keyboard.press("Space")
    is_native = toggle.evaluate(
        """(one) => {
            const input = one.querySelector("input"), style = getComputedStyle(input);
            return style.appearance !== "none" && style.opacity === "1" && input.offsetWidth > 8;
        }"""
    )
    assert is_native or toggle.evaluate(look) != off, "the chosen differs from the others"
    quick = page.get_by_role("group", name="Orange", exact=True).get_by_role("button", name="Rien ne passe")
    released = quick.evaluate(
        "(one) => [getComputedStyle(one).backgroundColor, getComputedStyle(one).borderWidth].join()"
    )
    quick.click()
    assert quick.get_attribute("aria-pressed") == "true"
    pressed = quick.evaluate(
        "(one) => [getComputedStyle(one).backgroundColor, getComputedStyle(one).borderWidth].join()"
    )
    assert pressed != released, "pressed differs from released"


def test_nothing_moves_for_who_asked_for_calm(phone: Phone) -> None:
    """The context likes its motion reduced (conftest): no animation, no transition, no gliding map."""
    moving = """() => document.getAnimations().length + [...document.querySelectorAll("main *")]
        .filter((one) => parseFloat(getComputedStyle(one).transitionDuration) > 0.01).length"""
    for state in (ou_carte, precisez_rempli, recu_envoye):
        state(phone)
        assert phone.page.evaluate(moving) == 0, state.__name__


def test_words_of_the_server_never_become_markup(phone: Phone, context: BrowserContext) -> None:
    """A title, a reason: shown as they are."""
    reason = "<img src=x onerror=alert(1)>"
    verifier(phone)
    context.route("**/api/v1/contributions/", answer(422, {"detail": reason, "errors": {}}))
    phone.send()
    expect(phone.page.get_by_text(reason)).to_be_visible()
    assert phone.page.locator("main img").count() == 0
    assert Feature.objects.count() == 1
