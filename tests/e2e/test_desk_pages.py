"""The pages around the desk, read by axe on a phone and on a desk: nothing to say, nothing that overflows."""

from collections.abc import Callable

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page

from comptes.models import User
from comptes.roles import Role
from moderation import practice
from territoires.models import Commune
from tests import factories
from tests.e2e.conftest import HashedLiveServer
from tests.moderation.factories import decide, report

OFFICIAL = [
    "/compte/", "/compte/second-facteur/", "/compte/absence/", "/equipe/",
    "/moderation/courriels/", "/moderation/motifs/", "/moderation/motifs/nouveau/", "/moderation/pauses/",
    "/moderation/fiches/", "/moderation/registre/15014/",
    "/moderation/bac-a-sable/", "/moderation/bac-a-sable/visite/",
]  # fmt: skip
PUBLIC = ["/equipe/revendiquer/", "/communes/15014/decisions/", "/aide/mairie/", "/suivi/"]


def test_axe_finds_nothing_around_the_desk(
    live_server: HashedLiveServer,
    transactional_db: None,
    context: BrowserContext,
    page: Page,
    width: int,
    aurillac: Commune,
    bruno: User,
    accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:
    decide(report(aurillac), "reject", bruno)
    factories.MembershipFactory(user=bruno, commune=aurillac, role=Role.ADMIN_TERRITORY)
    practice.start_again(bruno)
    visit(live_server.url, page, PUBLIC, accessible, capture)
    client = Client()
    client.force_login(bruno, backend="django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    visit(live_server.url, page, OFFICIAL, accessible, capture)


def visit(
    site: str,
    page: Page,
    paths: list[str],
    accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:
    """Open each page as it is found, and look."""
    for path in paths:
        answer = page.goto(site + path)
        assert answer is not None and answer.ok, (path, answer and answer.status)
        capture(page, f"around{path.replace('/', '-')}")
        accessible(page)
        wide = page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{path} overflows by {wide} px"
