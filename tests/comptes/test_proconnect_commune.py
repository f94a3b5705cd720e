"""`/compte/proconnect/commune/`: a role is claimed where nobody holds it, asked for elsewhere, never deduced."""

import threading

import pytest
from django.db import connection
from django.test import Client

from comptes.invitations import invite_by_operator
from comptes.models import MandateEvent, Membership, Notification, TownHallAddress, User
from comptes.proconnect import communes
from comptes.proconnect.communes import Outcome, claim
from comptes.roles import Role
from territoires.models import Commune
from tests import factories
from tests.comptes.openid import OLD_AUTHLIB, Provider, go_through
from tests.comptes.test_proconnect import COMMUNE, proconnect, running, signed_in_as

__all__ = ["proconnect", "running"]
pytestmark = pytest.mark.filterwarnings(OLD_AUTHLIB)
SIRET = "21150014500012"


@pytest.fixture(autouse=True)
def _database(request: pytest.FixtureRequest) -> None:
    if "committed" not in request.fixturenames:
        request.getfixturevalue("db")


def roles(email: str) -> set[str]:
    return set(Membership.objects.live().filter(user__email=email).values_list("role", flat=True))


def test_the_first_of_a_commune_enters_without_a_role_then_claims_it(
    client: Client, proconnect: Provider, aurillac: Commune
) -> None:
    assert go_through(client, proconnect)["Location"] == COMMUNE
    email = "helene.vidal@aurillac.example"
    assert signed_in_as(client) == email
    assert roles(email) == set(), "entering is not a role"
    user = User.objects.get(email=email)
    assert (user.display_name, user.has_usable_password()) == ("Hélène Vidal", False)
    page = client.get(COMMUNE).content.decode()
    assert "Aurillac" in page and "Prendre en main" in page
    assert roles(email) == set(), "looking is not a role"
    assert "C'est fait" in client.post(COMMUNE).content.decode()
    assert roles(email) == {Role.MODERATOR, Role.ADMIN_TERRITORY}
    assert set(MandateEvent.objects.values_list("action", "via")) == {("claimed", "person")}
    assert client.post(COMMUNE)["Location"] == "/moderation/"
    assert Membership.objects.count() == 2


def test_a_commune_that_is_held_is_asked_for(
    client: Client, proconnect: Provider, bruno: User, aurillac: Commune
) -> None:
    granting = factories.UserFactory(email="adjointe@reperes.demo")
    factories.MembershipFactory(user=granting, role=Role.ADMIN_TERRITORY, commune=aurillac)
    assert go_through(client, proconnect)["Location"] == COMMUNE
    assert "Demander un rôle" in client.get(COMMUNE).content.decode()
    for _ in range(2):
        assert "Votre demande est partie" in client.post(COMMUNE).content.decode()
    assert roles("helene.vidal@aurillac.example") == set()
    (letter,) = Notification.objects.filter(template="demande-proconnect")
    assert letter.recipient == granting.email
    assert client.post("/compte/deconnexion/").status_code == 200


def test_without_administrator_those_who_decide_are_asked(
    client: Client, proconnect: Provider, bruno: User
) -> None:
    go_through(client, proconnect)
    client.post(COMMUNE)
    assert Notification.objects.get(template="demande-proconnect").recipient == bruno.email


def test_the_town_hall_is_told_and_may_contest(
    client: Client, proconnect: Provider, aurillac: Commune
) -> None:
    """Whoever works there may be first: the official address hears of it."""
    TownHallAddress.objects.create(
        commune=aurillac, email="mairie@aurillac.example", source="operator", updated_on="2026-11-01"
    )
    go_through(client, proconnect)
    client.post(COMMUNE)
    letters = Notification.objects.filter(template="mandat-annonce", recipient="mairie@aurillac.example")
    assert letters.exists()


def test_an_invited_person_enters_whatever_their_establishment(
    client: Client, proconnect: Provider, aurillac: Commune
) -> None:
    """The account then exists, without a role: the link of the invitation gives it."""
    invite_by_operator(email="helene.vidal@aurillac.example", role=Role.CLERK, territory=aurillac)
    proconnect.claims["siret"] = "13002526500013"
    assert go_through(client, proconnect).status_code == 302
    assert signed_in_as(client) == "helene.vidal@aurillac.example"
    assert not Membership.objects.exists()


def test_a_mandate_that_ended_holds_nothing(
    client: Client, proconnect: Provider, bruno: User, driss: User
) -> None:
    """And the EPCI's referent does not stand in the way of the town hall."""
    from django.utils import timezone

    Membership.objects.filter(user=bruno).update(ends=timezone.now())
    go_through(client, proconnect)
    assert "Prendre en main" in client.get(COMMUNE).content.decode()


def test_the_siren_of_another_commune_opens_that_one_only(
    client: Client, proconnect: Provider, aurillac: Commune, ytrac: Commune
) -> None:
    proconnect.claims["siret"] = "21150267900019"
    go_through(client, proconnect)
    client.post(COMMUNE, {"code": "15014", "commune": "15014", "siret": SIRET})
    assert set(Membership.objects.values_list("commune", flat=True)) == {"15267"}


def test_a_merged_commune_is_not_claimed(client: Client, proconnect: Provider, ytrac: Commune) -> None:
    factories.CommuneFactory(successor=ytrac)
    assert go_through(client, proconnect).status_code == 403


def test_a_session_opened_by_password_claims_nothing(
    client: Client, proconnect: Provider, chloe: User, aurillac: Commune
) -> None:
    client.post("/compte/connexion/", {"login": chloe.email, "password": factories.PASSWORD})
    assert client.get(COMMUNE).status_code == 403
    assert client.post(COMMUNE).status_code == 403
    assert roles(chloe.email) == {Role.MODERATOR}


def test_an_account_just_linked_may_claim(
    client: Client, proconnect: Provider, chloe: User, aurillac: Commune
) -> None:
    client.post("/compte/connexion/", {"login": chloe.email, "password": factories.PASSWORD})
    go_through(client, proconnect, process="connect")
    assert client.post(COMMUNE).status_code == 200
    assert Membership.objects.filter(user=chloe, commune=aurillac).count() == 2


def test_who_never_came_back_verified_cannot_claim(
    client: Client, proconnect: Provider, chloe: User, aurillac: Commune
) -> None:
    """What the session keeps counts only with the link in the table."""
    client.post("/compte/connexion/", {"login": chloe.email, "password": factories.PASSWORD})
    session = client.session
    session["proconnect"] = {
        "uid": "0" * 64, "siret": SIRET, "strong": True, "id_token": "", "end_session": "",
    }  # fmt: skip
    session.save()
    assert client.post(COMMUNE).status_code == 403


@pytest.fixture
def committed(committed: None) -> tuple[Commune, list[User]]:
    """A commune and eight agents that other connections see."""
    commune = factories.CommuneFactory()
    return commune, [factories.UserFactory(email=f"agent{n}@exemple.fr") for n in range(8)]


def race(agents: list[User]) -> list[Outcome]:
    """Claim all at once, each on a connection of its own."""
    outcomes: list[Outcome] = []
    gate = threading.Barrier(len(agents))

    def one(agent: User) -> None:
        gate.wait()
        try:
            outcomes.append(claim(by=agent, siret=SIRET))
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(agent,)) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_eight_who_claim_at_once_find_one_winner(committed: tuple[Commune, list[User]]) -> None:
    _commune, agents = committed
    outcomes = race(agents)
    assert sorted(one.value for one in outcomes) == ["asked"] * 7 + ["granted"]
    assert Membership.objects.count() == 2


def test_without_the_lock_several_would_win(
    committed: tuple[Commune, list[User]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the race is a race."""
    _commune, agents = committed
    together = threading.Barrier(len(agents))
    monkeypatch.setattr(communes, "_wait_for_turn", lambda commune: together.wait())
    assert race(agents).count(Outcome.GRANTED) > 1
