"""A file from the town hall, in a browser: sent, described, tried, proposed; on a small screen too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from comptes.models import User
from contributions.imports import desk
from contributions.models import Contribution, Import
from tests.e2e.conftest import HashedLiveServer, Watch
from tests.factories import PASSWORD
from tests.imports.conftest import GOOD, csv_of

PAGE = "/importer/"


@pytest.fixture
def office(live_server: HashedLiveServer, bruno: User, page: Page, settings: Any, tmp_path: Path) -> Page:
    """The mayor's screen, 360 px wide, on the page of imports."""
    settings.MEDIA_ROOT = tmp_path / "media"
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{live_server.url}/compte/connexion/?next={PAGE}")
    page.get_by_label("Adresse électronique").fill(bruno.email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url(f"{live_server.url}{PAGE}")
    return page


def send(page: Page, content: bytes, name: str) -> None:
    page.get_by_label("Couche").select_option(label="Services de proximité")
    page.locator("#id_fichier").set_input_files([{"name": name, "mimeType": "text/csv", "buffer": content}])
    page.get_by_role("button", name="Envoyer le fichier").press("Enter")


def narrow(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_list_is_sent_described_tried_and_proposed(
    office: Page, watch: Watch, accessible: Callable[[Page], None], capture: Callable[[Page, str], None]
) -> None:
    watch.expect("status of 422")
    accessible(office)
    capture(office, "import-envoyer")
    send(office, b"\x00\x01", "photo.exe")
    expect(office.get_by_role("alert")).to_contain_text("Envoyez un fichier CSV")
    accessible(office)
    content = csv_of(
        *GOOD, "Sans genre;dragon;;2,44;44,93", head="Nom du lieu;Genre;services;longitude;latitude"
    )
    send(office, content, "cafés du bassin.csv")
    expect(office.get_by_role("heading", level=1)).to_have_text("cafés du bassin.csv")
    accessible(office)
    narrow(office)
    capture(office, "import-colonnes")
    office.get_by_label("Nom du lieu").select_option("f:nom")
    office.get_by_label("Genre").select_option("f:kind")
    office.get_by_role("button", name="Essayer, sans rien proposer").press("Enter")
    expect(office.get_by_role("status")).to_contain_text("rien n'est encore proposé")
    accessible(office)
    capture(office, "import-essai-en-cours")
    desk.work(Import.objects.get().pk)
    # The page comes back by itself.
    expect(office.get_by_role("heading", name="Ce que donne l'essai")).to_be_visible(timeout=20_000)
    accessible(office)
    narrow(office)
    capture(office, "import-essaye")
    with office.expect_download() as download:
        office.get_by_role("link", name="Télécharger les lignes laissées de côté").click()
    assert "3;attributes.kind" in download.value.path().read_text(encoding="utf-8-sig")
    assert not Contribution.objects.exists()
    office.get_by_role("button", name="Proposer 2 lignes").press("Enter")
    desk.work(Import.objects.get().pk)
    expect(office.get_by_role("heading", name="Ce qui a été proposé")).to_be_visible(timeout=20_000)
    office.set_viewport_size({"width": 1280, "height": 800})
    capture(office, "import-propose")
    assert Contribution.objects.filter(channel="import").count() == 2
    office.get_by_role("button", name="Effacer ce fichier").press("Enter")
    expect(office.get_by_text("Le fichier est effacé.")).to_be_visible()


def test_values_of_their_own_are_told_once_by_keyboard(
    office: Page, accessible: Callable[[Page], None], capture: Callable[[Page, str], None]
) -> None:
    long = "Salle " + "polyvalente " * 6
    rows = [*GOOD, "Bar A;Cafés;;2,44;44,93", "Bar B;Cafés;;2,45;44,93", f"Salle;{long};;2,44;44,93"]
    send(office, csv_of(*rows), "lieux.csv")
    office.get_by_role("button", name="Essayer, sans rien proposer").press("Enter")
    desk.work(Import.objects.get().pk)
    heading = office.get_by_role("heading", name="Les valeurs que la couche ne connaît pas")
    expect(heading).to_be_visible(timeout=20_000)
    accessible(office)
    narrow(office)
    capture(office, "import-valeurs")
    office.set_viewport_size({"width": 1280, "height": 800})
    capture(office, "import-valeurs-large")
    # What looks like a choice is proposed; the other waits for an answer.
    question = office.get_by_label("Cafés", exact=True)
    expect(question.locator("option:checked")).to_have_text("Café de village")
    expect(office.get_by_label(long.strip()).locator("option:checked")).to_have_text("À laisser de côté")
    question.focus()
    office.keyboard.press("Tab")
    expect(office.get_by_label(long.strip())).to_be_focused()
    office.keyboard.type("Pas de")
    expect(office.get_by_label(long.strip()).locator("option:checked")).to_have_text("Pas de réponse")
    office.get_by_role("button", name="Essayer, sans rien proposer").press("Enter")
    desk.work(Import.objects.get().pk)
    expect(office.get_by_role("button", name="Proposer 4 lignes")).to_be_visible(timeout=20_000)
    # The third place has no kind at all now, which the couche asks for; the answers stay on the page.
    expect(office.get_by_label("Cafés", exact=True).locator("option:checked")).to_have_text("Café de village")
