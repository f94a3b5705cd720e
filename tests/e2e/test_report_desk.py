"""At the town hall's desk: a clerk types for people, one after the other, by keyboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from comptes.models import User
from contributions.models import Contribution
from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer, Watch
from tests.e2e.phone import Phone
from tests.factories import PASSWORD

Camera = Callable[[Page, str], None]
DESK = "?guichet=1&couche=zones-blanches"


@pytest.fixture
def desk(
    live_server: HashedLiveServer,
    transactional_db: None,
    aurillac: Commune,
    ytrac: Commune,
    claude: User,
    page: Page,
    watch: Watch,
) -> Phone:
    """A computer of the town hall where the clerk has signed in."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{live_server.url}/compte/connexion/")
    page.get_by_label("Adresse électronique").fill(claude.email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url(f"{live_server.url}/moderation/")
    return Phone(page, live_server.url)


def _sent(desk: Phone, count: int) -> None:
    expect(desk.page.get_by_role("status").filter(has_text="Lien de suivi à donner")).to_contain_text(
        "C'est envoyé."
    )
    assert Contribution.objects.count() == count


def test_three_people_in_a_row_by_keyboard_alone(desk: Phone, claude: User, capture: Camera) -> None:
    page = desk.open(DESK).page
    expect(page.get_by_text("Claude, pour Aurillac.")).to_be_visible()
    capture(page, "guichet-vide")
    page.evaluate("window.mice = 0; addEventListener('pointerdown', () => { window.mice++; }, true)")
    desk.press("Des coordonnées")
    page.keyboard.type("44,9401")
    desk.reach("Longitude")
    page.keyboard.type("2,4512")
    page.keyboard.press("Enter")
    expect(page.locator(".lieu__commune")).to_have_text("Aurillac")
    expect(page.get_by_role("alert")).to_have_count(0)  # placing is not saving
    desk.press("Orange", "Space")
    desk.press("Rien ne passe", "Space")
    desk.reach("Adresse électronique de la personne")
    page.keyboard.type("amel@exemple.fr")
    capture(page, "guichet-rempli")
    page.keyboard.press("Control+Enter")
    _sent(desk, 1)
    capture(page, "guichet-envoye")
    for rank in (2, 3):
        email = page.get_by_label("Adresse électronique de la personne")
        assert email.input_value() == "", "the former person is forgotten"
        expect(page.locator(".lieu__commune")).to_have_text("Aurillac")
        assert page.get_by_role("checkbox", name="Orange", exact=True).is_checked()
        desk.press("Rien ne passe", "Space")
        desk.reach("Adresse électronique de la personne")
        page.keyboard.type(f"personne{rank}@exemple.fr")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_label("Adresse électronique de la personne")).to_have_value("")
        expect(page.get_by_role("status").filter(has_text="C'est envoyé.")).to_be_visible()
        assert Contribution.objects.count() == rank
    assert page.evaluate("window.mice") == 0
    rows = Contribution.objects.all()
    assert {(row.channel, row.entered_by_id, row.geom.coords) for row in rows} == {
        ("desk", claude.pk, (2.4512, 44.9401))
    }
    assert {row.attributes["operators"][0]["operator"] for row in rows} == {"20801"}


def test_nothing_of_a_person_stays_on_the_computer(desk: Phone) -> None:
    page = desk.open(DESK).page
    desk.place_by_numbers()
    desk.nothing_works()
    page.get_by_label("Adresse électronique de la personne").fill("amel@exemple.fr")
    desk.tap("Enregistrer, au suivant")
    _sent(desk, 1)
    kept = page.evaluate(
        """() => new Promise((resolve) => {
            const request = indexedDB.open("reperes");
            request.onsuccess = () => {
                const db = request.result;
                const names = [...db.objectStoreNames];
                const seen = db.transaction(names);
                const all = names.map((name) => new Promise((done) => {
                    seen.objectStore(name).getAll().onsuccess = (event) => done(event.target.result);
                }));
                Promise.all(all).then((rows) => { db.close(); resolve(JSON.stringify(rows)); });
            };
        })"""
    )
    assert "amel" not in kept
    assert all(report["secret"] == "" for report in desk.reports() if report["desk"])


def test_what_is_missing_is_said_and_nothing_is_lost(desk: Phone, capture: Camera) -> None:
    page = desk.open(DESK).page
    page.get_by_label("Adresse électronique de la personne").fill("amel@")
    desk.tap("Enregistrer, au suivant")
    alert = page.get_by_role("alert").filter(has_text="Rien n'est perdu")
    expect(alert).to_contain_text("Il manque le lieu.")
    expect(alert).to_contain_text("Cette adresse électronique n'est pas complète")
    expect(alert).to_contain_text("Répondez pour au moins un opérateur.")
    assert page.get_by_label("Adresse électronique de la personne").input_value() == "amel@"
    capture(page, "guichet-erreur")


def test_another_subject_keeps_the_place_and_is_kept(desk: Phone) -> None:
    page = desk.open("?guichet=1").page
    desk.place_by_numbers()
    page.get_by_label("Sujet").select_option("batiments-publics")
    expect(page.get_by_text("Quel bâtiment ?")).to_be_visible()
    expect(page.locator(".lieu__commune")).to_have_text("Aurillac")
    page.reload()
    expect(page.get_by_label("Sujet")).to_have_value("batiments-publics")


def test_a_stranger_at_the_desk_is_told_to_sign_in_and_what_is_typed_waits(
    desk: Phone, context: BrowserContext, watch: Watch, capture: Camera
) -> None:
    watch.expect("status of 401")
    context.clear_cookies()
    page = desk.open(DESK).page
    expect(page.get_by_text("Vous n'êtes pas connecté : ce que vous saisissez attend ici.")).to_be_visible()
    desk.place_by_numbers()
    desk.nothing_works()
    desk.tap("Enregistrer, au suivant")
    expect(page.get_by_text("Enregistré sur cet appareil.")).to_be_visible()
    capture(page, "guichet-inconnu")
    assert not Contribution.objects.exists()
    page.get_by_role("link", name="Se connecter").click()
    page.get_by_label("Adresse électronique").fill("claude@reperes.demo")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url("**/signaler/?guichet=1")
    expect(page.get_by_text("Claude, pour Aurillac.")).to_be_visible()
    for _ in range(50):
        if Contribution.objects.exists():
            break
        page.wait_for_timeout(100)
    assert Contribution.objects.get().channel == "desk"
