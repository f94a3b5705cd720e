"""The page a mailed link opens, in a real browser: one finger, 360 px, no account."""

import datetime as dt
from collections.abc import Callable

from django.utils import timezone
from playwright.sync_api import Page, expect

from comptes.models import User
from contributions.models import Contribution
from moderation.links import make_links
from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer
from tests.moderation.factories import report


def test_a_mayor_refuses_from_a_letter_then_thinks_again(
    live_server: HashedLiveServer,
    page: Page,
    accessible: Callable[[Page], None],
    bruno: User,
    aurillac: Commune,
) -> None:
    """The whole gesture, axe at 0 in each state, nothing wider than the screen, no cookie left."""
    row = report(aurillac, received_at=timezone.now() - dt.timedelta(days=9))
    path = make_links(bruno, [row])[row.pk].split("/", 3)[3]
    page.goto(f"{live_server.url}/{path}")
    page.get_by_role("link", name="Aller à la décision").click()
    page.get_by_text("Refuser…").click()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_label("Rien à cet endroit").check()
    page.get_by_role("button", name="Refuser").click()
    expect(page.get_by_role("heading", name="C'est décidé")).to_be_visible()
    accessible(page)
    assert Contribution.objects.get().status == "REJECTED"
    page.get_by_role("button", name="Annuler ma décision").click()
    expect(page.get_by_text("ce signalement attend de nouveau")).to_be_visible()
    assert Contribution.objects.get().status == "SUBMITTED"
    assert page.context.cookies() == []
