"""The main job's steps as people do them, with a browser and nothing else."""

from playwright.sync_api import Page, expect

from tests.e2e.site import Site

COUCHE = "zones-blanches"


def report_by_page(site: Site, page: Page, place: tuple[float, float], note: str) -> str:
    """Fill the form as a resident does; return the follow-up address of the receipt."""
    page.goto(f"{site.url}/signaler/?couche={COUCHE}")
    page.get_by_role("button", name="Des coordonnées").click()
    page.get_by_label("Longitude").fill(f"{place[0] - 0.006:.4f}".replace(".", ","))
    page.get_by_label("Latitude").fill(f"{place[1]:.4f}".replace(".", ","))
    page.get_by_role("button", name="Placer ici").click()
    expect(page.get_by_text("Aurillac").first).to_be_visible()
    page.get_by_role("button", name="C'est ici").click()
    page.get_by_text("Orange", exact=True).first.click()
    page.get_by_role("group", name="Orange", exact=True).get_by_role("button", name="Rien ne passe").click()
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Passer").click()
    page.get_by_role("button", name="Ajouter des précisions").click()
    for rank in range(1, 9):
        expect(page.get_by_text(f"Précision {rank} sur 9")).to_be_visible()
        page.get_by_role("button", name="Suivant").click()
    page.get_by_label("Précisions", exact=True).fill(note)
    page.get_by_role("button", name="Suivant").click()
    page.get_by_role("button", name="Envoyer à la mairie").click()
    link = page.get_by_role("link", name="Suivre la réponse")
    expect(link).to_be_visible()
    assert page.context.cookies() == []
    return f"{site.url}{link.get_attribute('href')}"


def sign_in(site: Site, page: Page, email: str, landing: str = "**/moderation/") -> None:
    """Sign in as an official of the demonstration."""
    page.goto(f"{site.url}/compte/connexion/")
    page.get_by_label("Adresse électronique").fill(email)
    page.get_by_label("Mot de passe").fill("demo-reperes")
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url(landing)
