"""The application is offered to the home screen, each phone in its own way."""

import pytest
from playwright.sync_api import Page, expect

from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer
from tests.e2e.phone import COUNTERS, Phone

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def phone(live_server: HashedLiveServer, transactional_db: None, aurillac: Commune, page: Page) -> Phone:
    """A phone in Aurillac."""
    page.add_init_script(COUNTERS)
    return Phone(page, live_server.url)


def test_the_phone_offers_to_install_when_the_browser_does(phone: Phone) -> None:
    phone.open()
    phone.page.evaluate(
        """() => dispatchEvent(Object.assign(new Event("beforeinstallprompt", { cancelable: true }),
            { prompt: () => { window.asked = true; } }))"""
    )
    phone.to_review()
    phone.send()
    phone.is_sent()
    phone.tap("Installer Repères sur ce téléphone")
    assert phone.page.evaluate("window.asked")


@pytest.mark.browser_context_args(user_agent=IPHONE)
def test_an_iphone_is_told_of_its_home_screen(phone: Phone) -> None:
    phone.open().to_review()
    phone.send()
    phone.is_sent()
    expect(phone.page.get_by_text("ajoutez Repères à l'écran d'accueil")).to_be_visible()


def test_other_phones_are_not_told_of_the_home_screen(phone: Phone) -> None:
    phone.open().to_review()
    phone.send()
    phone.is_sent()
    expect(phone.page.get_by_text("écran d'accueil")).to_have_count(0)
