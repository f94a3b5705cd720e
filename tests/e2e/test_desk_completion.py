"""What only a browser shows of completion: an address proposed and never written unasked, a reason seen live."""

import json
from collections.abc import Callable

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, expect

from comptes.models import User
from couches.models import FeatureVersion
from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer
from tests.factories import PASSWORD
from tests.frontend.factories import publish_services

FOUND = {
    "label": "12 Rue des Carmes 15000 Aurillac", "housenumber": "12", "street": "Rue des Carmes",
    "postcode": "15000", "citycode": "15014", "city": "Aurillac", "score": 0.97, "distance": 18,
    "type": "housenumber",
}  # fmt: skip


def _answer(route: Route) -> None:
    body = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": FOUND}]}
    headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
    route.fulfill(status=200, body=json.dumps(body), headers=headers)


@pytest.mark.parametrize("width", [360], indirect=True)
def test_a_town_hall_completes_an_address_and_words_a_reason(
    live_server: HashedLiveServer,
    transactional_db: None,
    aurillac: Commune,
    bruno: User,
    page: Page,
    width: int,
    accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:
    publish_services(aurillac, "Café Le Relais", "Tabac de la Place")
    feature = FeatureVersion.objects.order_by("pk")[0].feature_id
    page.route(f"{settings.GEOCODER_URL}/reverse?**", _answer)
    page.goto(f"{live_server.url}/compte/connexion/")
    page.get_by_label("Adresse électronique").fill("bruno@reperes.demo")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url(f"{live_server.url}/moderation/")

    page.goto(f"{live_server.url}/moderation/fiches/")
    capture(page, "fiches")
    accessible(page)
    page.goto(f"{live_server.url}/moderation/fiches/{feature}/")
    page.locator("#id_a-adresse").fill("Place du Square")
    page.get_by_role("button", name="Compléter l'adresse d'après le point").click()
    expect(page.get_by_text("Correspondance : 97")).to_be_visible()
    # What was typed is not ticked for replacement; what was empty is.
    expect(page.get_by_role("checkbox", name="Adresse")).not_to_be_checked()
    expect(page.get_by_role("checkbox", name="Code postal")).to_be_checked()
    expect(page.locator("#id_a-code_postal")).to_have_value("")
    capture(page, "fiche")
    accessible(page)
    page.get_by_role("button", name="Reprendre ce qui est coché").click()
    expect(page.locator("#id_a-code_postal")).to_have_value("15000")
    expect(page.locator("#id_a-adresse")).to_have_value("Place du Square")
    page.get_by_role("button", name="Enregistrer la fiche").click()
    expect(page.get_by_text("C'est enregistré.")).to_be_visible()

    page.goto(f"{live_server.url}/moderation/motifs/")
    capture(page, "motifs")
    accessible(page)
    page.get_by_role("link", name="Ajouter un motif").click()
    page.get_by_label("Phrase publique").fill("Ce chemin est privé.")
    expect(page.get_by_text("Ce chemin est privé.")).to_have_count(2)
    capture(page, "motif")
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
