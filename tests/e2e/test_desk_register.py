"""A refused author, on a phone: from the link of a letter to the appeal; then the register says so."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from comptes.models import User
from moderation.models import Decision
from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer
from tests.factories import SECRET
from tests.moderation.factories import decide, report
from tests.moderation.register_cast import PAGE, days_ago

Check = Callable[[Page], None]
Camera = Callable[[Page, str], None]


def test_from_the_follow_up_link_to_an_appeal_and_the_register(
    live_server: HashedLiveServer,
    transactional_db: None,
    aurillac: Commune,
    bruno: User,
    driss: User,
    page: Page,
    accessible: Check,
    capture: Camera,
) -> None:
    with days_ago(2):
        row = report(aurillac)
        decide(row, "reject", bruno, public_reason="Un relais ouvre en mars.")
    page.goto(f"{live_server.url}/suivi/#{row.pk}.{SECRET}")
    page.get_by_role("button", name="Demander un autre avis").click()
    page.get_by_label("Pourquoi cette réponse ne vous convient pas").fill("Il n'y a toujours rien.")
    accessible(page)
    page.get_by_role("button", name="Envoyer mon recours").click()
    expect(page.get_by_text("Votre recours est parti")).to_be_visible()
    # The script tells the same story as the form.
    page.goto(f"{live_server.url}/suivi/?encore#{row.pk}.{SECRET}")
    expect(page.get_by_text("Demandé à : CA Aurillac Agglomération")).to_be_visible()
    expect(page.locator("[data-frise] .etat").last).to_have_text("Recours")
    assert Decision.objects.filter(action="appeal").count() == 1

    decide(row, "accept", driss)
    with days_ago(-1):
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(live_server.url + PAGE)
            expect(page.get_by_text("après recours")).to_be_visible()
            page.get_by_text("Le détail par sujet").click()
            capture(page, "registre")
            accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
