"""Once a year everybody who decides says that they still do; who does not answer stops."""

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from comptes.jobs import attest_mandates
from comptes.models import MandateEvent, Membership, Notification, User
from comptes.roles import Role
from territoires.models import Commune
from tests import factories

pytestmark = pytest.mark.django_db
PageAs = Callable[[User], Client]


def on_day(days: int) -> tuple[int, int]:
    """Run the morning's job that many days from now."""
    with time_machine.travel(timezone.now() + dt.timedelta(days=days)):
        return attest_mandates(0)


def links(template: str = "attestation") -> list[str]:
    letters = Notification.objects.filter(template=template).order_by("pk")
    return ["/" + letter.context["lien"].split("/", 3)[3] for letter in letters]


@pytest.fixture
def agnes(aurillac: Commune) -> User:
    """Grants roles in Aurillac; confirmed later than the others."""
    user = factories.UserFactory(email="agnes@reperes.demo")
    factories.MembershipFactory(
        user=user, role=Role.ADMIN_TERRITORY, commune=aurillac,
        attested_on=timezone.localdate() + dt.timedelta(days=90),
    )  # fmt: skip
    return user


def test_two_warnings_then_the_mandate_stops(bruno: User, claude: User, agnes: User) -> None:
    assert on_day(330) == (0, 0)
    assert on_day(336) == (1, 0), "thirty days before; the clerk decides nothing and is not asked"
    assert on_day(337) == (0, 0), "once"
    assert on_day(359) == (1, 0), "seven days before"
    assert [letter.recipient for letter in Notification.objects.filter(template="attestation")] == [
        bruno.email
    ] * 2
    assert {letter.recipient for letter in Notification.objects.filter(template="attestation-equipe")} == {
        agnes.email
    }
    assert on_day(395) == (0, 0)
    assert on_day(396) == (0, 1), "a month after its day"
    assert Membership.objects.get(user=bruno).is_over is False, (
        "in the test's own present it is still to come"
    )
    assert MandateEvent.objects.get().action == "suspended"
    assert Notification.objects.get(template="mandat-fini").context["suspendu"] is True


def test_the_letter_s_link_confirms_once_and_a_scanner_does_nothing(client: Client, bruno: User) -> None:
    on_day(336)
    [path] = links()
    with time_machine.travel(timezone.now() + dt.timedelta(days=340)):
        assert client.get(path).status_code == client.get(path).status_code == 200
        assert bruno.memberships.get().attested_on < timezone.localdate()
        assert client.post(path, {"reponse": "oui"}).status_code == 200
        assert bruno.memberships.get().attested_on == timezone.localdate()
        assert client.post(path, {"reponse": "non"}).status_code == 410
        assert bruno.memberships.get().is_live
    assert on_day(396) == (0, 0)


def test_no_ends_the_mandate(client: Client, bruno: User) -> None:
    on_day(336)
    with time_machine.travel(timezone.now() + dt.timedelta(days=340)):
        assert client.post(links()[0], {"reponse": "non"}).status_code == 200
        assert bruno.memberships.get().is_over


def test_the_administrator_confirms_the_whole_team_in_one_click(
    page_as: PageAs, agnes: User, bruno: User, chloe: User
) -> None:
    with time_machine.travel(timezone.now() + dt.timedelta(days=350)):
        session = page_as(agnes)
        assert "1 mandat est à confirmer" in session.get("/equipe/").content.decode()
        session.post("/equipe/confirmer/")
        assert bruno.memberships.get().attested_on == timezone.localdate()
        assert chloe.memberships.get().attested_on < timezone.localdate(), "not the neighbour's"


def test_one_confirms_on_one_s_own_page(page_as: PageAs, bruno: User) -> None:
    with time_machine.travel(timezone.now() + dt.timedelta(days=350)):
        session = page_as(bruno)
        assert "toujours en fonction" in session.get("/compte/").content.decode()
        session.post("/compte/confirmer/")
        assert "toujours en fonction" not in session.get("/compte/").content.decode()


def test_nobody_is_suspended_who_was_not_asked_a_month_before(bruno: User) -> None:
    """Workers were down for a year: first the question, then a month."""
    assert on_day(500) == (1, 0)
    assert on_day(520) == (0, 0)
    assert on_day(531) == (0, 1)


def test_after_elections_everybody_confirms_again(bruno: User, settings: object) -> None:
    settings.ATTESTATION_DATE = timezone.localdate() + dt.timedelta(days=60)  # type: ignore[attr-defined]
    assert on_day(29) == (0, 0)
    assert on_day(31) == (1, 0)
    factories.MembershipFactory(
        user=factories.UserFactory(email="elue@reperes.demo"), commune=bruno.memberships.get().commune,
        attested_on=timezone.localdate() + dt.timedelta(days=61),
    )  # fmt: skip
    assert on_day(62) == (1, 0), "the second warning; who confirmed since is not asked"
    assert on_day(93) == (0, 1)


def test_a_delegation_is_not_asked(bruno: User, claude: User, aurillac: Commune) -> None:
    factories.MembershipFactory(
        user=claude, commune=aurillac, delegated_by=bruno.memberships.get(), starts=timezone.now(),
        ends=timezone.now() + dt.timedelta(days=360), attested_on=timezone.localdate() - dt.timedelta(days=400),
    )  # fmt: skip
    assert on_day(1) == (0, 0)
