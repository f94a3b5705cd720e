"""`/equipe/`: who grants what, where; four eyes above the communes; leaving office ends all at once."""

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from comptes import invitations
from comptes.invitations import ExpiredInvitation, invite
from comptes.mandates import Via, end
from comptes.models import ApiToken, Invitation, MandateEvent, Membership, Notification, User
from comptes.permissions import Forbidden, NotAdministrator
from comptes.roles import Role
from moderation.models import Decision
from moderation.workflow import apply
from territoires.models import Commune, Epci
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "quatre mots sans rapport"
PageAs = Callable[[User], Client]


@pytest.fixture
def agnes(aurillac: Commune) -> User:
    """Grants roles in Aurillac."""
    return _admin("agnes@reperes.demo", commune=aurillac)


@pytest.fixture
def elise(caba: Epci) -> User:
    """Grants roles in the EPCI of Aurillac and Ytrac."""
    return _admin("elise@reperes.demo", epci=caba)


def _admin(email: str, **territory: object) -> User:
    user = factories.UserFactory(email=email)
    factories.MembershipFactory(user=user, role=Role.ADMIN_TERRITORY, **territory)
    return user


def link_of(email: str) -> str:
    """The path of the link in the last invitation written to `email`."""
    letters = Notification.objects.filter(template="invitation", recipient=email).order_by("pk")
    return "/" + letters.last().context["lien"].split("/", 3)[3]


def accept(client: Client, path: str, name: str = "Paul Serre", password: str = PASSWORD) -> int:
    return client.post(path, {"name": name, "password": password}).status_code


# --- Who may grant what ------------------------------------------------------------------------


def test_an_administrator_sees_their_team_and_not_the_neighbour_s(
    page_as: PageAs, agnes: User, bruno: User, chloe: User
) -> None:
    page = page_as(agnes).get("/equipe/").content.decode()
    assert "bruno@reperes.demo" in page
    assert "chloe@reperes.demo" not in page
    assert page_as(agnes).get("/equipe/?territoire=commune:15267").status_code == 403
    assert page_as(bruno).get("/equipe/").status_code == 403


def test_the_epci_sees_its_communes(page_as: PageAs, elise: User, bruno: User, chloe: User) -> None:
    page = page_as(elise).get("/equipe/").content.decode()
    assert "bruno@reperes.demo" in page and "chloe@reperes.demo" in page


def test_nobody_grants_beside_or_above_themselves(
    agnes: User, elise: User, ytrac: Commune, caba: Epci, aurillac: Commune
) -> None:
    for by, territory in [(agnes, ytrac), (agnes, caba), (agnes, None), (elise, None)]:
        with pytest.raises(NotAdministrator):
            invite(by=by, email="x@exemple.fr", role=Role.CLERK, territory=territory)
    assert invite(by=elise, email="x@exemple.fr", role=Role.CLERK, territory=ytrac).commune == ytrac
    assert Invitation.objects.count() == 1


def test_a_decider_who_does_not_grant_invites_nobody(page_as: PageAs, bruno: User) -> None:
    answer = page_as(bruno).post("/equipe/inviter/", {"email": "x@exemple.fr", "role": "clerk"})
    assert answer.status_code == 403
    assert not Invitation.objects.exists()


def test_an_epci_across_a_border_belongs_to_none_of_its_departements(caba: Epci, aurillac: Commune) -> None:
    other = factories.DepartementFactory(code="46", nom="Lot", region=factories.RegionFactory(code="76"))
    lot = _admin("lot@reperes.demo", departement=other)
    cantal = _admin("cantal@reperes.demo", departement=aurillac.departement)
    invite(by=cantal, email="x@exemple.fr", role=Role.CLERK, territory=caba)
    factories.CommuneFactory(
        code_insee="46001", nom="Albas", departement=other, geom=factories.square(1.2, 44.5)
    )
    for by in (lot, cantal):
        with pytest.raises(NotAdministrator):
            invite(by=by, email="y@exemple.fr", role=Role.CLERK, territory=caba)


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "pas une adresse"), ("email", "a\x00@exemple.fr"), ("role", "steward"), ("role", "roi")],
)
def test_a_bad_invitation_says_why_and_keeps_what_was_typed(
    field: str, value: str, page_as: PageAs, agnes: User
) -> None:
    typed = {"email": "paul@exemple.fr", "role": "clerk", field: value}
    answer = page_as(agnes).post("/equipe/inviter/", typed)
    assert answer.status_code == 422
    assert "erreur" in answer.content.decode()
    assert not Invitation.objects.exists()


# --- An invitation --------------------------------------------------------------------------------


def test_an_invitation_opens_an_account_only_when_accepted(
    page_as: PageAs, client: Client, agnes: User, aurillac: Commune
) -> None:
    page_as(agnes).post("/equipe/inviter/", {"email": "Paul@Exemple.fr", "role": "clerk"})
    path = link_of("paul@exemple.fr")
    assert client.get(path).status_code == client.get(path).status_code == 200
    assert not client.cookies, "a scanner that opens the link changes nothing"
    assert not User.objects.filter(email="paul@exemple.fr").exists()
    assert accept(client, path) == 200
    mandate = Membership.objects.get(user__email="paul@exemple.fr")
    assert (mandate.role, mandate.commune, mandate.is_live) == (Role.CLERK, aurillac, True)
    assert client.login(email="paul@exemple.fr", password=PASSWORD)
    assert [event.action for event in MandateEvent.objects.order_by("pk")] == ["invited", "granted"]


def test_a_link_works_once(client: Client, agnes: User, aurillac: Commune) -> None:
    invite(by=agnes, email="paul@exemple.fr", role=Role.CLERK, territory=aurillac)
    path = link_of("paul@exemple.fr")
    assert accept(client, path) == 200
    for answer in [client.get(path), client.post(path, {"name": "Autre", "password": PASSWORD})]:
        assert answer.status_code == 410
        assert "déjà servi" in answer.content.decode()
    assert Membership.objects.filter(user__email="paul@exemple.fr").count() == 1


def test_only_the_digest_of_the_link_is_kept(agnes: User, aurillac: Commune) -> None:
    written = invite(by=agnes, email="paul@exemple.fr", role=Role.CLERK, territory=aurillac)
    token = link_of("paul@exemple.fr").split("/")[2]
    assert not Invitation.objects.filter(token_hash=token).exists()
    assert invitations.find(token) == written


def test_after_seven_days_it_is_refused_by_every_path(
    client: Client, agnes: User, aurillac: Commune, settings: object
) -> None:
    invite(by=agnes, email="paul@exemple.fr", role=Role.MODERATOR, territory=aurillac)
    path = link_of("paul@exemple.fr")
    with time_machine.travel(timezone.now() + dt.timedelta(days=7, minutes=1)):
        answer = client.post(path, {"name": "Paul Serre", "password": PASSWORD})
        assert answer.status_code == 410 and "expiré" in answer.content.decode()
        client.post("/compte/mot-de-passe/oublie/", {"email": "paul@exemple.fr"})
        with pytest.raises(ExpiredInvitation):
            invitations.find(path.split("/")[2])
    assert not Notification.objects.filter(template="mot-de-passe").exists()
    assert not User.objects.filter(email="paul@exemple.fr").exists()


def test_a_known_address_signs_in_to_accept_and_reads_the_same_at_the_team_page(
    page_as: PageAs, client: Client, agnes: User, chloe: User, aurillac: Commune
) -> None:
    team = page_as(agnes)
    answers = [
        team.post("/equipe/inviter/", {"email": email, "role": "clerk"}, follow=True).content.decode()
        for email in (chloe.email, "inconnue@exemple.fr")
    ]
    assert all("Invitation écrite à" in answer for answer in answers)
    path = link_of(chloe.email)
    assert "Connectez-vous" in client.get(path).content.decode()
    assert accept(client, path) == 403
    assert page_as(chloe).post(path).status_code == 200
    assert Membership.objects.live().filter(user=chloe, commune=aurillac, role=Role.CLERK).exists()


def test_somebody_else_s_session_cannot_accept(
    page_as: PageAs, agnes: User, bruno: User, aurillac: Commune
) -> None:
    invite(by=agnes, email="paul@exemple.fr", role=Role.ADMIN_TERRITORY, territory=aurillac)
    assert page_as(bruno).post(link_of("paul@exemple.fr")).status_code == 403
    assert not Membership.objects.filter(user=bruno, role=Role.ADMIN_TERRITORY).exists()


def test_a_weak_password_is_refused_and_the_link_still_works(
    client: Client, agnes: User, aurillac: Commune
) -> None:
    invite(by=agnes, email="paul@exemple.fr", role=Role.CLERK, territory=aurillac)
    path = link_of("paul@exemple.fr")
    assert accept(client, path, password="court") == 422
    assert not User.objects.filter(email="paul@exemple.fr").exists()
    assert accept(client, path) == 200


def test_an_invented_link_is_404_without_a_cookie(client: Client) -> None:
    for token in ["x", "a" * 43, "%00" * 3, "é" * 43]:
        answer = client.get(f"/invitation/{token}/")
        assert answer.status_code == 404
    assert not client.cookies


# --- Four eyes -------------------------------------------------------------------------------------


def test_above_the_communes_a_second_administrator_approves(
    page_as: PageAs, client: Client, elise: User, caba: Epci
) -> None:
    fanny = _admin("fanny@reperes.demo", epci=caba)
    page_as(elise).post("/equipe/inviter/", {"email": "paul@exemple.fr", "role": "moderator"})
    waiting = Invitation.objects.get()
    assert waiting.needs_approval and waiting.token_hash is None
    assert not Notification.objects.filter(template="invitation").exists(), "nothing leaves before"
    assert Notification.objects.get(template="invitation-a-approuver").recipient == fanny.email
    page_as(elise).post(f"/equipe/invitations/{waiting.pk}/approuver/")
    waiting.refresh_from_db()
    assert waiting.awaits_approval, "one's own is for somebody else to approve"
    page_as(fanny).post(f"/equipe/invitations/{waiting.pk}/approuver/")
    assert accept(client, link_of("paul@exemple.fr")) == 200
    assert Membership.objects.get(user__email="paul@exemple.fr").epci == caba
    assert MandateEvent.objects.filter(action="approved", by=fanny).exists()


def test_alone_at_that_level_one_grants_and_it_is_journalled(elise: User, caba: Epci) -> None:
    written = invite(by=elise, email="paul@exemple.fr", role=Role.MODERATOR, territory=caba)
    assert not written.needs_approval
    assert MandateEvent.objects.get().by == elise


def test_in_a_commune_one_is_enough(agnes: User, elise: User, aurillac: Commune) -> None:
    written = invite(by=agnes, email="paul@exemple.fr", role=Role.MODERATOR, territory=aurillac)
    assert not written.needs_approval


def test_the_database_refuses_a_letter_before_the_second_pair_of_eyes(elise: User, caba: Epci) -> None:
    _admin("fanny@reperes.demo", epci=caba)
    waiting = invite(by=elise, email="paul@exemple.fr", role=Role.MODERATOR, territory=caba)
    with pytest.raises(DatabaseError, match="sent_once_approved"), transaction.atomic():
        Invitation.objects.filter(pk=waiting.pk).update(token_hash="a" * 64)
    with pytest.raises(DatabaseError, match="approved_by_another"), transaction.atomic():
        Invitation.objects.filter(pk=waiting.pk).update(approved_by=elise, approved_at=timezone.now())


# --- Leaving office -----------------------------------------------------------------------------------


def test_an_ex_official_is_refused_mid_session_with_a_clear_sentence(
    page_as: PageAs, api_as: Callable[[User], APIClient], agnes: User, bruno: User
) -> None:
    report = factories.ContributionFactory()
    open_session, another, program = page_as(bruno), page_as(bruno), api_as(bruno)
    assert open_session.get(f"/moderation/{report.pk}/").status_code == 200
    mandate = bruno.memberships.get()
    assert page_as(agnes).post(f"/equipe/mandats/{mandate.pk}/fin/").status_code == 302
    for answer in [
        open_session.post(f"/moderation/{report.pk}/", {"action": "accept", "version": 1}),
        another.get("/moderation/"),
    ]:
        assert answer.status_code == 403
        assert "a pris fin le" in answer.content.decode()
    for session in (open_session, another):
        assert session.get("/compte/").status_code == 302, "the session itself is closed"
    signed_in_again = page_as(User.objects.get(pk=bruno.pk))
    assert "a pris fin le" in signed_in_again.get("/moderation/").content.decode()
    answer = program.post(f"/api/v1/moderation/contributions/{report.pk}/decisions/", {"action": "accept"})
    assert answer.status_code == 401
    assert not ApiToken.objects.filter(user=bruno).exists()
    report.refresh_from_db()
    assert report.status == "SUBMITTED" and not Decision.objects.exists()


def test_a_mandate_that_lapses_by_itself_opens_nothing_either(
    page_as: PageAs, api_as: Callable[[User], APIClient], bruno: User
) -> None:
    open_session, program = page_as(bruno), api_as(bruno)
    Membership.objects.filter(user=bruno).update(ends=timezone.now() + dt.timedelta(hours=1))
    assert open_session.get("/moderation/").status_code == 200
    with time_machine.travel(timezone.now() + dt.timedelta(hours=2)):
        answer = open_session.get("/moderation/")
        assert answer.status_code == 403 and "a pris fin le" in answer.content.decode()
        assert program.get("/api/v1/moderation/contributions/").status_code == 401


def test_what_was_queued_by_who_left_does_nothing(agnes: User, bruno: User) -> None:
    """A job calls the verb with the person as they are when it runs."""
    report = factories.ContributionFactory()
    end(mandate_id=bruno.memberships.get().pk, by=agnes, via=Via.PERSON)
    with pytest.raises(Forbidden):
        apply(contribution_id=report.pk, action="accept", actor="official", by=bruno, version=1)
    with pytest.raises(DatabaseError, match="no live mandate"), transaction.atomic():
        Decision.objects.create(
            contribution=report, commune=report.commune, actor="official", action="accept", from_status="SUBMITTED",
            to_status="ACCEPTED", version=2, by=bruno, at=timezone.now(),
        )  # fmt: skip
    assert not Decision.objects.exists()


def test_who_keeps_another_mandate_keeps_their_tokens_and_signs_in_again(
    page_as: PageAs, agnes: User, bruno: User, ytrac: Commune
) -> None:
    factories.MembershipFactory(user=bruno, role=Role.CLERK, commune=ytrac)
    ApiToken.objects.create(bruno)
    session = page_as(bruno)
    end(mandate_id=bruno.memberships.get(role=Role.MODERATOR).pk, by=agnes, via=Via.PERSON)
    assert session.get("/moderation/").status_code == 302
    assert ApiToken.objects.filter(user=bruno).exists()
    assert page_as(User.objects.get(pk=bruno.pk)).get("/moderation/").status_code == 200


def test_the_invitations_of_who_left_are_called_off(
    page_as: PageAs, client: Client, elise: User, agnes: User, aurillac: Commune
) -> None:
    invite(by=agnes, email="paul@exemple.fr", role=Role.MODERATOR, territory=aurillac)
    path = link_of("paul@exemple.fr")
    page_as(elise).post(f"/equipe/mandats/{agnes.memberships.get().pk}/fin/")
    assert Invitation.objects.get().cancelled_at is not None
    assert accept(client, path) == 410
    assert not User.objects.filter(email="paul@exemple.fr").exists()


def test_an_author_whose_mandate_lapsed_gives_nothing_either(
    client: Client, agnes: User, aurillac: Commune
) -> None:
    """No door was used: rights are read when the invitation is accepted."""
    invite(by=agnes, email="paul@exemple.fr", role=Role.MODERATOR, territory=aurillac)
    Membership.objects.filter(user=agnes).update(ends=timezone.now())
    assert accept(client, link_of("paul@exemple.fr")) == 410


def test_the_neighbour_cannot_end_a_mandate_nor_learn_of_it(
    page_as: PageAs, chloe: User, bruno: User
) -> None:
    _admin(chloe.email, commune=chloe.memberships.get().commune)
    path = f"/equipe/mandats/{bruno.memberships.get().pk}/fin/"
    assert page_as(chloe).get(path).status_code == page_as(chloe).post(path).status_code == 404
    assert bruno.memberships.get().is_live


def test_asking_to_end_changes_nothing(page_as: PageAs, agnes: User, bruno: User) -> None:
    path = f"/equipe/mandats/{bruno.memberships.get().pk}/fin/"
    assert page_as(agnes).get(path).status_code == 200
    assert bruno.memberships.get().is_live


def test_the_journal_is_append_only(agnes: User, bruno: User) -> None:
    end(mandate_id=bruno.memberships.get().pk, by=agnes, via=Via.PERSON)
    assert MandateEvent.objects.get().by == agnes
    with pytest.raises(DatabaseError), transaction.atomic():
        MandateEvent.objects.update(by=bruno)
    with pytest.raises(DatabaseError), transaction.atomic():
        MandateEvent.objects.all().delete()


def test_a_mandate_called_off_before_it_starts_never_lives(agnes: User, aurillac: Commune) -> None:
    future = factories.MembershipFactory(commune=aurillac, starts=timezone.now() + dt.timedelta(days=9))
    end(mandate_id=future.pk, by=agnes, via=Via.PERSON)
    assert not Membership.objects.live(timezone.now() + dt.timedelta(days=10)).filter(pk=future.pk).exists()


def test_the_team_page_costs_the_same_for_one_and_for_forty(
    page_as: PageAs, agnes: User, aurillac: Commune
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = page_as(agnes)
    client.get("/equipe/")
    counts = []
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get("/equipe/")
        counts.append(len(queries))
        for number in range(20):
            factories.MembershipFactory(commune=aurillac)
            invite(by=agnes, email=f"p{number}@exemple.fr", role=Role.CLERK, territory=aurillac)
    assert counts[0] == counts[1]
