"""Each screen of the report, in each of its states, for everybody: axe, small screens, large text, high contrast."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from couches.models import Feature
from territoires.models import Commune
from tests.e2e.conftest import DESK, PHONE, HashedLiveServer, Watch
from tests.e2e.phone import BUILDINGS, DEAD_ZONES, SERVICES, Phone, geocoder, geocoder_pattern, jpeg
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


def _cut(phone: Phone) -> None:
    """No network but for the files of the page."""
    phone.page.context.route("**/api/v1/**", lambda route: route.abort())


def _answer(status: int, body: dict[str, Any]) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, json=body)


def quoi(phone: Phone) -> None:
    """The first screen."""
    phone.open()


def quoi_attente(phone: Phone) -> None:
    """One waits, one is begun."""
    recu_attente(phone)
    phone.open().choose(SERVICES)
    phone.place_by_numbers(commune="")
    phone.tap("Retour")
    phone.page.get_by_role("link", name="1 signalement attend").wait_for()
    phone.page.get_by_role("button", name="Reprendre").wait_for()


def ou(phone: Phone) -> None:
    """Nothing given yet."""
    phone.open().choose()


def ou_manque(phone: Phone) -> None:
    """The place is missing."""
    ou(phone)
    phone.tap("C'est ici")


def ou_adresse(phone: Phone) -> None:
    """An address searched."""
    phone.page.context.route(geocoder_pattern(), geocoder)
    ou(phone)
    phone.tap("Une adresse")
    phone.page.get_by_label("Adresse, hameau").fill("le bourg")
    phone.page.locator(".proposition").first.wait_for()


def ou_adresse_coupee(phone: Phone) -> None:
    """The geocoder does not answer."""
    ou(phone)
    phone.tap("Une adresse")
    phone.page.get_by_label("Adresse, hameau").fill("le bourg")
    phone.page.get_by_text("Pas de réseau : les adresses").wait_for()


def ou_connu_vide(phone: Phone) -> None:
    """No commune prepared."""
    ou(phone)
    phone.tap("Un lieu connu")
    phone.page.get_by_text("Aucune commune n'est préparée").wait_for()


def ou_connu(phone: Phone) -> None:
    """The places of the pack."""
    phone.prepare()
    ou(phone)
    phone.tap("Un lieu connu")
    phone.page.locator(".proposition").first.wait_for()


def ou_coordonnees(phone: Phone) -> None:
    """Two numbers, near the border."""
    ou(phone)
    phone.place_by_numbers("44,93", "2,3905")
    phone.page.get_by_text("Tout près d'une autre commune").wait_for()


def ou_coordonnees_fausses(phone: Phone) -> None:
    """Numbers that are none."""
    ou(phone)
    phone.place_by_numbers("ici", "là", commune="")


def ou_dehors(phone: Phone) -> None:
    """Outside France."""
    ou(phone)
    phone.place_by_numbers("40,0", "-30,0", commune="")
    phone.page.get_by_role("alert").wait_for()


def ou_carte(phone: Phone) -> None:
    """The map, without tiles."""
    ou(phone)
    phone.place_by_numbers()
    phone.tap("La carte")
    phone.page.get_by_role("region", name="Carte").wait_for()


def deja(phone: Phone) -> None:
    """Something known near."""
    ou(phone)
    with phone.page.expect_response("**/apercu/"):
        phone.place_by_numbers("44,9302", "2,4402")
    phone.tap("C'est ici")
    phone.title("C'est peut-être déjà sur la carte")


def _details(couche: str) -> Callable[[Phone], None]:
    def screen(phone: Phone) -> None:
        phone.open().choose(couche)
        phone.place_by_numbers()
        phone.tap("C'est ici")
        phone.title(couche)

    return screen


def _details_wrong(couche: str) -> Callable[[Phone], None]:
    def screen(phone: Phone) -> None:
        _details(couche)(phone)
        phone.tap("Continuer")
        phone.page.locator(".champ--erreur").first.wait_for()

    return screen


def precisez_rempli(phone: Phone) -> None:
    """Two operators answered."""
    _details(DEAD_ZONES)(phone)
    phone.nothing_works()
    phone.page.get_by_role("checkbox", name="Free", exact=True).check(force=True)


def photo(phone: Phone) -> None:
    """Nothing joined."""
    _details(DEAD_ZONES)(phone)
    phone.nothing_works()
    phone.tap("Continuer")
    phone.title("Une photo, un courriel ?")


def photo_jointe(phone: Phone) -> None:
    """One photo joined."""
    photo(phone)
    phone.page.locator("#photo").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg(800, 600)}
    )
    phone.page.get_by_text("Photo ajoutée").wait_for()


def photo_refusee(phone: Phone) -> None:
    """A photo that cannot be read."""
    photo(phone)
    phone.page.locator("#photo").set_input_files(
        {"name": "a.heic", "mimeType": "image/heic", "buffer": b"ftypheic"}
    )
    phone.page.get_by_role("alert").wait_for()


def photo_courriel_faux(phone: Phone) -> None:
    """An address that is not complete."""
    photo(phone)
    phone.page.get_by_label("Adresse électronique").fill("amel@")
    phone.tap("Continuer")
    phone.page.get_by_role("alert").wait_for()


def verifier(phone: Phone) -> None:
    """All is well."""
    phone.open().to_review()


def verifier_refus(phone: Phone) -> None:
    """The server would refuse it."""
    errors = {"attributes.operators": ["Dites au moins une chose."], "observed_at": ["Ce jour est à venir."]}
    body = {"public": [], "duplicates": [], "pending": 1, "near_border": True, "errors": errors}
    verifier(phone)
    phone.page.context.route("**/apercu/", _answer(200, body))
    phone.page.reload()
    phone.page.get_by_role("alert").wait_for()


def quand(phone: Phone) -> None:
    """Another day."""
    verifier(phone)
    phone.tap("Changer le jour")
    phone.title("Quand l'avez-vous constaté ?")


def quand_faux(phone: Phone) -> None:
    """No day at all."""
    quand(phone)
    phone.page.get_by_label("Ou un autre jour").fill("")
    phone.tap("Garder ce jour")
    phone.page.get_by_role("alert").wait_for()


def recu_attente(phone: Phone) -> None:
    """Kept on the phone."""
    verifier(phone)
    _cut(phone)
    phone.send()
    phone.page.get_by_text("Le réseau ne répond pas encore.").wait_for()


def recu_envoye(phone: Phone) -> None:
    """Sent."""
    verifier(phone)
    phone.send()
    phone.is_sent()


def recu_refuse(phone: Phone) -> None:
    """Refused, with the reason."""
    verifier(phone)
    problem = {"detail": "Ce point est hors de France.", "errors": {"geometry": ["Déplacez le point."]}}
    phone.page.context.route("**/api/v1/contributions/", _answer(422, problem))
    phone.send()
    phone.page.get_by_text("La mairie ne l'a pas reçu").wait_for()


def envois_vide(phone: Phone) -> None:
    """Nothing waits."""
    phone.open("#envois")


def envois(phone: Phone) -> None:
    """One sent, one refused, the device's tools open."""
    recu_envoye(phone)
    recu_refuse(phone)
    phone.open("#envois")
    phone.page.get_by_text("Cet appareil", exact=True).click()
    phone.page.get_by_role("button", name="Supprimer").first.click()


def preparer(phone: Phone) -> None:
    """Which commune?"""
    phone.open("#preparer")


def preparer_offre(phone: Phone) -> None:
    """One button and its weight."""
    phone.open("?commune=15014#preparer")
    phone.page.get_by_role("button", name="Préparer (").wait_for()


def preparer_pret(phone: Phone) -> None:
    """One commune prepared."""
    phone.prepare()


def preparer_coupe(phone: Phone) -> None:
    """No network."""
    phone.open("#preparer")
    _cut(phone)
    phone.page.get_by_label("Commune : nom ou code postal").fill("ytrac")
    phone.tap("Chercher")
    phone.page.get_by_text("Pas de réseau ici").wait_for()


def guichet(phone: Phone) -> None:
    """The desk of somebody who has not signed in."""
    phone.open("?guichet=1&couche=zones-blanches")
    phone.page.get_by_text("Vous n'êtes pas connecté").wait_for()


def guichet_erreur(phone: Phone) -> None:
    """The desk with all missing."""
    guichet(phone)
    phone.tap("Enregistrer, au suivant")
    phone.page.get_by_role("alert").first.wait_for()


STATES: dict[str, Callable[[Phone], None]] = {
    **{
        state.__name__: state
        for state in (quoi, quoi_attente, ou, ou_manque, ou_adresse, ou_adresse_coupee, ou_connu_vide)
    },
    **{state.__name__: state for state in (ou_connu, ou_coordonnees, ou_coordonnees_fausses, ou_dehors)},
    **{state.__name__: state for state in (ou_carte, deja, precisez_rempli, photo, photo_jointe)},
    **{state.__name__: state for state in (photo_refusee, photo_courriel_faux, verifier, verifier_refus)},
    **{state.__name__: state for state in (quand, quand_faux, recu_attente, recu_envoye, recu_refuse)},
    **{state.__name__: state for state in (envois_vide, envois, preparer, preparer_offre, preparer_pret)},
    **{state.__name__: state for state in (preparer_coupe, guichet, guichet_erreur)},
    "precisez_zones": _details(DEAD_ZONES),
    "precisez_services": _details(SERVICES),
    "precisez_batiments": _details(BUILDINGS),
    "precisez_zones_erreur": _details_wrong(DEAD_ZONES),
    "precisez_services_erreur": _details_wrong(SERVICES),
    "precisez_batiments_erreur": _details_wrong(BUILDINGS),
}


@pytest.mark.parametrize("name", STATES)
def test_each_state_of_each_screen_is_for_everybody(
    phone: Phone, name: str, accessible: Callable[[Page], None], capture: Callable[[Page, str], None]
) -> None:
    STATES[name](phone)
    page = phone.page
    for width in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": 800})
        capture(page, f"etat-{name}")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two
            accessible(page)
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
    here()
    assert "Que voulez-vous signaler ?" in phone.page.title()


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
    _details(DEAD_ZONES)(phone)
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
    problem = {"detail": "<img src=x onerror=alert(1)>", "errors": {}}
    verifier(phone)
    context.route("**/api/v1/contributions/", _answer(422, problem))
    phone.send()
    expect(phone.page.get_by_text(problem["detail"])).to_be_visible()
    assert phone.page.locator("main img").count() == 0
    assert Feature.objects.count() == 1
