"""The people of the demonstration."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from comptes.demo import ACCOUNTS, PASSWORD, load_people
from comptes.models import Membership, User
from comptes.permissions import can, may_publish
from comptes.roles import Gesture
from territoires.models import Commune

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings: Settings, aurillac: Commune, ytrac: Commune) -> list[User]:
    """Loaded once."""
    settings.REPERES_DEMO = True
    return load_people()


def test_each_account_signs_in_with_the_public_password(demo: list[User], client: Client) -> None:
    for account in ACCOUNTS:
        assert client.login(email=account.email, password=PASSWORD), account.email


def test_each_may_do_what_the_demonstration_says(demo: list[User], aurillac: Commune, ytrac: Commune) -> None:
    who = {user.email: user for user in demo}
    decides = {
        email: {c.nom for c in (aurillac, ytrac) if can(user, Gesture.DECIDE, c)}
        for email, user in who.items()
    }
    assert decides == {
        "maire@aurillac.demo": {"Aurillac"},
        "secretaire@aurillac.demo": set(),
        "maire@ytrac.demo": {"Ytrac"},
        "referent@caba.demo": {"Aurillac", "Ytrac"},
        "geomatique@cantal.demo": set(),
        "admin@reperes.demo": set(),
    }
    assert can(who["secretaire@aurillac.demo"], Gesture.SEE_QUEUE, aurillac)
    assert [email for email, user in who.items() if may_publish(user)] == ["geomatique@cantal.demo"]
    assert can(who["admin@reperes.demo"], Gesture.GRANT_ROLES, None)
    assert [user.email for user in demo if user.is_superuser] == ["admin@reperes.demo"]


def test_twice_is_once_and_sessions_stay_open(demo: list[User], client: Client) -> None:
    client.login(email="maire@ytrac.demo", password=PASSWORD)
    load_people()
    assert User.objects.count() == Membership.objects.count() == len(ACCOUNTS)
    assert client.get("/compte/").status_code == 200


def test_it_repairs_what_a_visitor_broke(demo: list[User], client: Client) -> None:
    mayor = User.objects.get(email="maire@ytrac.demo")
    mayor.set_password("autre")
    mayor.is_active = False
    mayor.save()
    load_people()
    assert client.login(email=mayor.email, password=PASSWORD)


def test_a_real_instance_refuses_it(settings: Settings, aurillac: Commune, ytrac: Commune) -> None:
    settings.REPERES_DEMO = False
    with pytest.raises(ImproperlyConfigured, match="REPERES_DEMO=1"):
        load_people()
    assert not User.objects.exists()
