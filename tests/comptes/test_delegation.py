"""Absence: somebody decides in an official's place, never wider, never longer, never beyond one step."""

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from comptes.delegation import delegate, on_behalf_of
from comptes.mandates import Via, end
from comptes.models import Invitation, Membership, Notification, User
from comptes.permissions import Forbidden, can
from comptes.roles import Gesture, Role
from moderation.models import Decision
from moderation.workflow import apply
from territoires.models import Commune
from tests import factories

pytestmark = pytest.mark.django_db
PageAs = Callable[[User], Client]
ATTRIBUTES = {"operators": [{"operator": "20801", "calls": "none"}]}


def lend(bruno: User, claude: User, days: int = 10) -> Membership:
    today = timezone.localdate()
    given = delegate(
        by=bruno, mandate_id=bruno.memberships.get().pk, first_day=today,
        last_day=today + dt.timedelta(days=days), colleague_id=claude.pk,
    )  # fmt: skip
    assert isinstance(given, Membership)
    return given


def decide(by: User) -> Decision:
    report = factories.ContributionFactory(attributes=ATTRIBUTES)
    return apply(contribution_id=report.pk, action="accept", actor="official", by=by, version=1)


def by_hand(by: User) -> Decision:
    """Straight to the table: only the trigger judges."""
    report = factories.ContributionFactory()
    return Decision.objects.create(
        contribution=report, commune=report.commune, actor="official", action="accept", from_status="SUBMITTED",
        to_status="ACCEPTED", version=2, by=by, at=timezone.now(),
    )  # fmt: skip


def test_the_replacement_decides_and_the_card_says_for_whom(
    page_as: PageAs, bruno: User, claude: User, aurillac: Commune
) -> None:
    assert not can(claude, Gesture.DECIDE, aurillac)
    lend(bruno, claude)
    decision = decide(claude)
    assert decision.on_behalf_of == "Bruno"
    page = page_as(bruno).get(f"/moderation/{decision.contribution_id}/").content.decode()
    assert "par délégation de Bruno" in page
    assert decide(bruno).on_behalf_of == ""
    assert on_behalf_of(user=claude, commune=aurillac, at=decision.at) == "Bruno"


def test_the_public_page_says_that_somebody_was_designated(client: Client, bruno: User, claude: User) -> None:
    assert "par délégation" not in client.get("/communes/15014/").content.decode()
    lend(bruno, claude)
    page = client.get("/communes/15014/").content.decode()
    assert "par délégation" in page
    assert "Claude" not in page and "Bruno" not in page


def test_it_ends_with_its_period(bruno: User, claude: User) -> None:
    lend(bruno, claude, days=3)
    with time_machine.travel(timezone.now() + dt.timedelta(days=5)), pytest.raises(Forbidden):
        decide(claude)


def test_it_ends_with_the_mandate_and_the_decision_trigger_refuses_unchanged(
    bruno: User, claude: User
) -> None:
    """The trigger on decisions knows nothing of delegations: the cascade is enough."""
    lent = lend(bruno, claude)
    by_hand(claude)
    end(mandate_id=bruno.memberships.get().pk, by=bruno, via=Via.PERSON)
    lent.refresh_from_db()
    assert lent.is_over
    with pytest.raises(Forbidden):
        decide(claude)
    with pytest.raises(DatabaseError, match="no live mandate"), transaction.atomic():
        by_hand(claude)


def test_the_cascade_holds_behind_every_door(bruno: User, claude: User) -> None:
    lent = lend(bruno, claude)
    now = timezone.now()
    Membership.objects.filter(user=bruno).update(ends=now)
    lent.refresh_from_db()
    assert lent.ends == now
    with pytest.raises(DatabaseError, match="no live mandate"), transaction.atomic():
        by_hand(claude)


def test_a_closed_account_lends_nothing_more(bruno: User, claude: User) -> None:
    lend(bruno, claude)
    User.objects.filter(pk=bruno.pk).update(is_active=False)
    with pytest.raises(DatabaseError, match="no live mandate"), transaction.atomic():
        by_hand(claude)
    User.objects.filter(pk=bruno.pk).update(is_active=True)
    with pytest.raises(Forbidden):
        decide(claude)


def test_a_delegation_to_come_never_begins_when_the_mandate_ends_first(bruno: User, claude: User) -> None:
    today = timezone.localdate()
    lent = delegate(
        by=bruno, mandate_id=bruno.memberships.get().pk, first_day=today + dt.timedelta(days=5),
        last_day=today + dt.timedelta(days=9), colleague_id=claude.pk,
    )  # fmt: skip
    Membership.objects.filter(user=bruno).update(ends=timezone.now())
    lent.refresh_from_db()
    assert lent.starts == lent.ends
    with time_machine.travel(timezone.now() + dt.timedelta(days=6)):
        assert not Membership.objects.live().filter(pk=lent.pk).exists()


@pytest.mark.parametrize(
    "change",
    [
        {"role": Role.ADMIN_TERRITORY},
        {"commune_id": "15267"},
        {"commune_id": None, "national": True},
        {"ends": dt.timedelta(days=400)},
        {"starts": dt.timedelta(days=-400)},
        {"user": "source"},
    ],
)
def test_the_database_refuses_a_wider_or_longer_delegation(
    change: dict[str, object], bruno: User, claude: User, ytrac: Commune
) -> None:
    source = bruno.memberships.get()
    now = timezone.now()
    Membership.objects.filter(pk=source.pk).update(ends=now + dt.timedelta(days=300))
    fields = {
        "user": claude, "role": Role.MODERATOR, "commune_id": "15014", "delegated_by": source,
        "starts": now, "ends": now + dt.timedelta(days=9),
    }  # fmt: skip
    changed = {
        name: now + value if isinstance(value, dt.timedelta) else bruno if value == "source" else value
        for name, value in change.items()
    }
    with pytest.raises(DatabaseError, match="delegation"), transaction.atomic():
        Membership.objects.create(**{**fields, **changed})
    Membership.objects.create(**fields)


def test_a_delegation_is_not_delegated(page_as: PageAs, bruno: User, claude: User, chloe: User) -> None:
    lent = lend(bruno, claude)
    with pytest.raises(Membership.DoesNotExist):
        delegate(
            by=claude, mandate_id=lent.pk, first_day=timezone.localdate(), last_day=timezone.localdate(),
            email=chloe.email,
        )  # fmt: skip
    assert page_as(claude).get("/compte/absence/").status_code == 403
    with pytest.raises(DatabaseError, match="delegation"), transaction.atomic():
        Membership.objects.create(
            user=chloe, role=Role.MODERATOR, commune_id="15014", delegated_by=lent,
            starts=lent.starts, ends=lent.ends,
        )  # fmt: skip


def test_an_unknown_and_a_known_stranger_receive_the_same_invitation(
    page_as: PageAs, client: Client, bruno: User, chloe: User
) -> None:
    today = timezone.localdate().isoformat()
    session = page_as(bruno)
    for email in (chloe.email, "inconnue@exemple.fr"):
        form = {"mandate": bruno.memberships.get().pk, "first_day": today, "last_day": today, "email": email}
        assert "Invitation envoyée" in session.post("/compte/absence/", form, follow=True).content.decode()
    offer = Invitation.objects.get(email=chloe.email)
    path = "/" + Notification.objects.get(recipient=chloe.email).context["lien"].split("/", 3)[3]
    assert page_as(chloe).post(path).status_code == 200
    offer.refresh_from_db()
    assert offer.membership.delegated_by == bruno.memberships.get(delegated_by=None)
    assert can(chloe, Gesture.DECIDE, bruno.memberships.get().commune)


def test_an_offer_is_called_off_with_the_mandate(client: Client, bruno: User) -> None:
    today = timezone.localdate()
    delegate(
        by=bruno, mandate_id=bruno.memberships.get().pk, first_day=today, last_day=today,
        email="inconnue@exemple.fr",
    )  # fmt: skip
    path = "/" + Notification.objects.get().context["lien"].split("/", 3)[3]
    end(mandate_id=bruno.memberships.get().pk, by=bruno, via=Via.PERSON)
    answer = client.post(path, {"name": "Paul Serre", "password": "quatre mots sans rapport"})
    assert answer.status_code == 410
    assert not User.objects.filter(email="inconnue@exemple.fr").exists()


def test_the_period_stays_within_the_mandate_and_says_so(bruno: User, claude: User) -> None:
    Membership.objects.filter(user=bruno).update(ends=timezone.now() + dt.timedelta(days=5))
    with pytest.raises(ValidationError, match="Votre propre mandat finit"):
        lend(bruno, claude, days=9)


def test_bad_dates_are_refused_and_nothing_is_lost(page_as: PageAs, bruno: User) -> None:
    form = {
        "mandate": bruno.memberships.get().pk,
        "first_day": "2030-02-31",
        "last_day": "hier",
        "email": "x@y.fr",
    }
    answer = page_as(bruno).post("/compte/absence/", form)
    assert answer.status_code == 422
    assert "x@y.fr" in answer.content.decode() and "04/05/2026" in answer.content.decode()


def test_who_lent_takes_back(page_as: PageAs, bruno: User, claude: User) -> None:
    lent = lend(bruno, claude)
    page_as(bruno).post(f"/equipe/mandats/{lent.pk}/fin/")
    lent.refresh_from_db()
    assert lent.is_over
    assert claude.memberships.get(role=Role.CLERK).is_live
