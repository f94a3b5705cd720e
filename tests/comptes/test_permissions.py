"""Who may do what, where."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comptes import permissions
from comptes.models import Membership, User
from comptes.permissions import can, check, check_publish, communes_for, may_publish
from comptes.roles import ROLE_GESTURES, Gesture, Role
from territoires.models import Commune, Epci
from tests import factories

A_DAY = dt.timedelta(days=1)


def holder(**fields: Any) -> User:
    """Somebody who holds this mandate, a moderator's unless told otherwise."""
    mandate: Any = factories.MembershipFactory(**fields)
    return mandate.user


def commune(**fields: Any) -> Commune:
    """One more commune."""
    made: Any = factories.CommuneFactory(**fields)
    return made


def test_the_table_is_total() -> None:
    assert set(ROLE_GESTURES) == set(Role)
    assert all(gestures <= set(Gesture) for gestures in ROLE_GESTURES.values())
    assert all(permissions.roles_opening(gesture) for gesture in Gesture)


@pytest.mark.parametrize("gesture", list(Gesture))
@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_its_gestures_and_no_other(role: Role, gesture: Gesture, aurillac: Commune) -> None:
    user = holder(role=role, commune=aurillac)
    assert can(user, gesture, aurillac) is (gesture in ROLE_GESTURES[role])
    assert communes_for(user, gesture).exists() is (gesture in ROLE_GESTURES[role])


def test_the_mayor_decides_at_home(bruno: User, aurillac: Commune) -> None:
    check(bruno, Gesture.DECIDE, aurillac)
    assert list(communes_for(bruno, Gesture.DECIDE)) == [aurillac]


def test_the_neighbouring_mayor_is_refused(chloe: User, aurillac: Commune) -> None:
    with pytest.raises(permissions.OutsideTerritory, match="Aucun de vos mandats en cours"):
        check(chloe, Gesture.DECIDE, aurillac)
    assert aurillac not in communes_for(chloe, Gesture.DECIDE)


def test_the_clerk_is_told_to_ask_whoever_decides(claude: User, aurillac: Commune) -> None:
    check(claude, Gesture.SEE_QUEUE, aurillac)
    with pytest.raises(permissions.WrongRole, match="demandez à qui décide"):
        check(claude, Gesture.DECIDE, aurillac)


def test_a_referent_covers_the_communes_of_the_epci(driss: User, aurillac: Commune, ytrac: Commune) -> None:
    elsewhere = commune(code_insee="15187", nom="Saint-Flour", epci=None)
    assert set(communes_for(driss, Gesture.DECIDE)) == {aurillac, ytrac}
    assert not can(driss, Gesture.DECIDE, elsewhere)


@pytest.mark.parametrize("level", ["commune", "epci", "departement", "region", "national"])
def test_every_level_covers_its_communes_and_stops_there(level: str, aurillac: Commune) -> None:
    foreign = commune(
        code_insee="2A004",
        nom="Ajaccio",
        departement=factories.DepartementFactory(
            code="2A",
            nom="Corse-du-Sud",
            region=factories.RegionFactory(code="94", nom="Corse"),
        ),
        epci=factories.EpciFactory(siren="242010056", nom="CA du Pays Ajaccien"),
    )
    territory = {
        "commune": aurillac,
        "epci": aurillac.epci,
        "departement": aurillac.departement,
        "region": aurillac.departement.region,
        "national": True,
    }[level]
    user = holder(**{level: territory})
    assert can(user, Gesture.DECIDE, aurillac)
    assert can(user, Gesture.DECIDE, foreign) is (level == "national")
    assert can(user, Gesture.DECIDE, None) is (level == "national")
    assert set(communes_for(user, Gesture.DECIDE)) == (
        {aurillac, foreign} if level == "national" else {aurillac}
    )


def test_a_commune_without_epci_is_nobody_s_by_accident(driss: User, aurillac: Commune) -> None:
    alone = commune(code_insee="29083", nom="Île-de-Sein", epci=None)
    factories.MembershipFactory(user=driss, commune=aurillac)
    assert not can(driss, Gesture.DECIDE, alone)
    assert alone not in communes_for(driss, Gesture.DECIDE)


def test_the_national_steward_publishes_and_decides_nothing(sophie: User, aurillac: Commune) -> None:
    check_publish(sophie)
    assert may_publish(sophie)
    assert not can(sophie, Gesture.DECIDE, aurillac)
    assert not communes_for(sophie, Gesture.SEE_QUEUE).exists()


def test_a_steward_of_one_epci_may_not_publish_the_country(caba: Epci) -> None:
    steward = holder(role=Role.STEWARD, epci=caba)
    with pytest.raises(permissions.NotPublisher, match="mandat national"):
        check_publish(steward)
    assert not may_publish(steward)


def test_being_superuser_opens_no_gesture(aurillac: Commune) -> None:
    root: Any = factories.UserFactory(is_superuser=True, is_staff=True)
    assert not may_publish(root)
    assert not any(can(root, gesture, aurillac) for gesture in Gesture)


@pytest.mark.parametrize("asked", ["check", "publish"])
def test_a_stranger_is_told_to_sign_in(asked: str, aurillac: Commune) -> None:
    stranger = AnonymousUser()
    with pytest.raises(permissions.SignInFirst, match="Connectez-vous"):
        check(stranger, Gesture.DECIDE, aurillac) if asked == "check" else check_publish(stranger)
    assert not may_publish(stranger)
    assert not communes_for(stranger, Gesture.DECIDE).exists()


def test_an_ended_mandate_opens_nothing_from_that_instant(bruno: User, aurillac: Commune) -> None:
    Membership.objects.filter(user=bruno).update(ends=timezone.now())
    assert not can(bruno, Gesture.DECIDE, aurillac)
    assert not communes_for(bruno, Gesture.DECIDE).exists()


def test_a_mandate_that_has_not_started_opens_nothing(aurillac: Commune) -> None:
    elected = holder(commune=aurillac, starts=timezone.now() + A_DAY)
    assert not can(elected, Gesture.DECIDE, aurillac)
    assert not communes_for(elected, Gesture.DECIDE).exists()


def test_the_ends_of_a_period_are_half_open(aurillac: Commune) -> None:
    starts = timezone.now() - A_DAY
    mandate: Any = factories.MembershipFactory(commune=aurillac, starts=starts, ends=starts + A_DAY)
    assert Membership.objects.live(at=starts).contains(mandate)
    assert not Membership.objects.live(at=starts - dt.timedelta(microseconds=1)).exists()
    assert not Membership.objects.live(at=mandate.ends).exists()


def test_rights_are_read_again_whatever_the_object_in_memory_says(bruno: User, aurillac: Commune) -> None:
    assert can(bruno, Gesture.DECIDE, aurillac)
    User.objects.filter(pk=bruno.pk).update(is_active=False)
    assert bruno.is_active, "the object in memory is stale on purpose"
    assert not can(bruno, Gesture.DECIDE, aurillac)
    assert not communes_for(bruno, Gesture.DECIDE).exists()


def test_an_inactive_steward_publishes_nothing(sophie: User) -> None:
    User.objects.filter(pk=sophie.pk).update(is_active=False)
    assert not may_publish(sophie)


ASKED: dict[str, Callable[[User, Commune], object]] = {
    "can": lambda user, commune: can(user, Gesture.DECIDE, commune),
    "refused": lambda user, commune: can(user, Gesture.PUBLISH, commune),
    "nationally": lambda user, commune: can(user, Gesture.DECIDE, None),
    "publish": lambda user, commune: may_publish(user),
    "list": lambda user, commune: list(communes_for(user, Gesture.DECIDE)),
    "nested": lambda user, commune: list(
        Commune.objects.filter(pk__in=communes_for(user, Gesture.DECIDE)).values_list("pk", flat=True)
    ),
}


@pytest.mark.parametrize("question", list(ASKED))
def test_each_question_is_one_query(question: str, driss: User, aurillac: Commune) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        ASKED[question](driss, aurillac)
    assert len(queries) == 1
