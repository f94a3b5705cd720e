"""What only a browser shows of the second factor: a passkey made, then used, under the strict policy."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from comptes.models import Membership, User
from comptes.roles import Role
from territoires.models import Commune
from tests import factories
from tests.comptes.openid import CLIENT_ID, OLD_AUTHLIB, SECRET, Provider
from tests.e2e.conftest import HashedLiveServer

pytestmark = [pytest.mark.usefixtures("second_factor_required"), pytest.mark.filterwarnings(OLD_AUTHLIB)]


@pytest.fixture
def fingerprint_reader(page: Page) -> None:
    """A telephone that knows its owner's finger, as Chromium imitates it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.fixture
def proconnect(settings: Any, live_server: HashedLiveServer) -> Iterator[Provider]:
    """A provider that really runs, and the site that knows it."""
    provider = Provider()
    provider.start()
    settings.PROCONNECT_ISSUER = provider.issuer
    settings.PROCONNECT_CLIENT_ID, settings.PROCONNECT_SECRET = CLIENT_ID, SECRET
    settings.PUBLIC_URL = live_server.url
    yield provider
    provider.stop()


def sign_in(page: Page, site: HashedLiveServer, user: User) -> None:
    page.goto(f"{site.url}/compte/connexion/")
    page.get_by_label("Adresse électronique").fill(user.email)
    page.get_by_label("Mot de passe").fill(factories.PASSWORD)
    page.get_by_role("button", name="Entrer", exact=True).click()


def test_a_passkey_is_made_then_opens_the_next_session(
    live_server: HashedLiveServer,
    page: Page,
    bruno: User,
    fingerprint_reader: None,
    accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:
    sign_in(page, live_server, bruno)
    page.get_by_role("link", name="Mettre en place la double vérification").click()
    capture(page, "double-verification")
    accessible(page)
    page.get_by_role("link", name="Ajouter une application").click()
    capture(page, "double-verification-application")
    accessible(page)
    page.goto(f"{live_server.url}/compte/second-facteur/cle/")
    page.get_by_label("Nom de la clé").fill("Téléphone")
    capture(page, "double-verification-cle")
    accessible(page)
    page.get_by_role("button", name="Créer la clé").click()
    page.get_by_role("heading", name="Codes de secours").wait_for()
    page.get_by_role("button", name="Imprimer").wait_for()
    capture(page, "codes-de-secours")
    accessible(page)
    page.get_by_role("link", name="C'est noté, continuer").click()
    assert page.url == f"{live_server.url}/moderation/"
    page.goto(f"{live_server.url}/compte/")
    page.get_by_role("button", name="Se déconnecter").click()
    sign_in(page, live_server, bruno)
    capture(page, "double-verification-entrer")
    accessible(page)
    page.get_by_role("button", name="Utiliser ma clé").click()
    page.wait_for_url(f"{live_server.url}/moderation/")


def test_a_commune_is_claimed_through_proconnect(
    live_server: HashedLiveServer,
    page: Page,
    aurillac: Commune,
    proconnect: Provider,
    accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:
    page.goto(f"{live_server.url}/compte/connexion/")
    capture(page, "entrer-par-proconnect")
    accessible(page)
    page.get_by_role("button", name="Entrer avec ProConnect").click()
    # The provider's own page.
    page.get_by_label("Agent").fill(proconnect.claims["sub"])
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("heading", name="Aurillac").wait_for()
    capture(page, "prendre-en-main")
    accessible(page)
    page.get_by_role("button", name="Prendre en main cette commune").click()
    page.get_by_role("link", name="Voir ce qui attend").click()
    roles = Membership.objects.filter(commune=aurillac).values_list("role", flat=True)
    assert set(roles) == {Role.MODERATOR, Role.ADMIN_TERRITORY}
    page.goto(f"{live_server.url}/compte/")
    page.get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url(f"{proconnect.issuer}/**")
    assert proconnect.signed_out
