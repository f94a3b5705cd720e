"""The digest: who gets one, when, what it says, and how it stops. Real rows, a real post office."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import pytest
import time_machine
from django.contrib.gis.geos import Point
from django.db import connection
from django.test import Client
from django.utils import timezone

from comptes.models import Membership, Notification, User
from comptes.notifications import send_due
from comptes.roles import Role
from moderation.digests import plan_digests, stop_url, write_digest
from moderation.models import DecisionLink, DigestPreference
from territoires.models import Commune, LieuDit
from tests import factories
from tests.comptes.conftest import PostOffice, post_office
from tests.moderation.factories import bare_couche, decide, moderator, report, town

pytestmark = pytest.mark.django_db
__all__ = ["post_office"]
PageAs = Callable[[User], Client]
MONDAY, TUESDAY = dt.date(2026, 11, 23), dt.date(2026, 11, 24)
LINK = re.compile(r"https?://\S+/moderation/lien/([\w-]{43})/")


@pytest.fixture(autouse=True)
def monday_morning() -> Iterator[None]:
    """Half past six on a Monday, in France."""
    with time_machine.travel(dt.datetime(2026, 11, 23, 5, 30, tzinfo=dt.UTC), tick=False):
        yield


def planned() -> list[tuple[int, str]]:
    """Whose digests wait to be written, and of which day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (args->>'user_id')::int, args->>'day' FROM procrastinate_jobs "
            "WHERE task_name = 'moderation.write_digest' ORDER BY id"
        )
        return cursor.fetchall()


def rhythm(user: User, wanted: str) -> None:
    DigestPreference.objects.create(membership=Membership.objects.get(user=user), rhythm=wanted)


def written(user: User) -> dict[str, Any]:
    """What the outbox holds for somebody."""
    row = Notification.objects.get(template="recapitulatif", recipient=user.email)
    return dict(row.context)


def sent_to(office: PostOffice) -> list[tuple[str, str]]:
    """(address, text) of each letter received."""
    send_due()
    return [(letter["To"], body(letter)) for letter in office.letters]


def body(letter: Any) -> str:
    assert isinstance(letter, EmailMessage)
    return str(letter.get_content())


def test_on_monday_whoever_decides_is_told_what_awaits(
    aurillac: Commune, bruno: User, chloe: User, claude: User, post_office: PostOffice
) -> None:
    LieuDit.objects.create(commune=aurillac, nom="Belbex", point=Point(2.443, 44.931, srid=4326))
    LieuDit.objects.create(commune=aurillac, nom="Tronquières", point=Point(2.47, 44.91, srid=4326))
    report(aurillac, received_at=timezone.now() - dt.timedelta(days=9))
    assert plan_digests(MONDAY) == 1
    assert planned() == [(bruno.pk, "2026-11-23")], "the neighbour has nothing, the clerk did not ask"
    assert write_digest(user_id=bruno.pk, day=MONDAY) == 1
    [(address, text)] = sent_to(post_office)
    assert address == bruno.email
    [letter] = post_office.letters
    assert letter["Subject"] == "Aurillac : 1 signalement attend une réponse"
    assert "Réseau mobile – Orange : appels impossible" in text
    assert "Aurillac, près de Belbex · reçu le 14 novembre · sans réponse depuis 9 jours" in text
    assert len(LINK.findall(text)) == 1


def test_the_link_is_kept_as_a_hash_and_leaves_the_outbox_with_the_letter(
    aurillac: Commune, bruno: User, post_office: PostOffice
) -> None:
    row = report(aurillac)
    write_digest(user_id=bruno.pk, day=MONDAY)
    [token] = LINK.findall(sent_to(post_office)[0][1])
    link = DecisionLink.objects.get()
    assert (link.user, link.contribution, link.version, link.used_at) == (bruno, row, 1, None)
    assert link.expires_at == timezone.now() + dt.timedelta(days=14)
    assert token != link.token_sha256 and len(link.token_sha256) == 64
    assert Notification.objects.get().context == {}


def test_nothing_to_say_no_letter(bruno: User, aurillac: Commune) -> None:
    assert plan_digests(MONDAY) == 0
    assert write_digest(user_id=bruno.pk, day=MONDAY) == 0
    assert not Notification.objects.exists()


def test_what_was_answered_between_the_plan_and_the_letter_is_not_told(
    bruno: User, aurillac: Commune
) -> None:
    row = report(aurillac)
    assert plan_digests(MONDAY) == 1
    decide(row, "accept", bruno)
    assert write_digest(user_id=bruno.pk, day=MONDAY) == 0


def test_a_second_run_writes_nothing_more(bruno: User, aurillac: Commune) -> None:
    report(aurillac)
    assert [write_digest(user_id=bruno.pk, day=MONDAY) for _ in range(3)] == [1, 0, 0]
    assert Notification.objects.count() == DecisionLink.objects.count() == 1
    plan_digests(MONDAY)
    plan_digests(MONDAY)
    assert len(planned()) == 1


@pytest.mark.parametrize(
    ("wanted", "on_monday", "on_tuesday"), [("daily", 1, 1), ("weekly", 1, 0), ("never", 0, 0), ("", 1, 0)]
)
def test_each_mandate_has_its_rhythm(
    wanted: str, on_monday: int, on_tuesday: int, bruno: User, aurillac: Commune
) -> None:
    if wanted:
        rhythm(bruno, wanted)
    report(aurillac)
    assert (plan_digests(MONDAY), plan_digests(TUESDAY)) == (on_monday, on_tuesday)
    assert write_digest(user_id=bruno.pk, day=TUESDAY) == on_tuesday


def test_a_clerk_who_asks_gets_addresses_that_ask_to_sign_in(claude: User, aurillac: Commune) -> None:
    """She sees the queue and decides nothing: no link that decides is made for her."""
    rhythm(claude, "daily")
    row = report(aurillac)
    assert write_digest(user_id=claude.pk, day=TUESDAY) == 1
    [group] = written(claude)["groupes"]
    assert group["points"][0]["lien"].endswith(f"/moderation/{row.pk}/")
    assert not DecisionLink.objects.exists()


def test_one_letter_for_all_the_territories_of_a_person(
    aurillac: Commune, ytrac: Commune, post_office: PostOffice
) -> None:
    both = moderator("deux@reperes.demo", commune=aurillac)
    factories.MembershipFactory(user=both, commune=ytrac)
    report(aurillac)
    report(ytrac, at=(2.34, 44.93))
    report(ytrac, at=(2.35, 44.93))
    assert plan_digests(MONDAY) == 1
    assert write_digest(user_id=both.pk, day=MONDAY) == 3
    groups = {group["territoire"]: len(group["points"]) for group in written(both)["groupes"]}
    assert groups == {"Aurillac": 1, "Ytrac": 2}
    sent_to(post_office)
    assert post_office.letters[0]["Subject"] == "3 signalements attendent une réponse"


def test_the_referent_hears_of_communes_that_have_nobody(
    driss: User, bruno: User, aurillac: Commune, ytrac: Commune
) -> None:
    """Twenty-five mayors' post is not the referent's: only what nobody nearer can answer."""
    report(aurillac)
    there = report(ytrac, at=(2.34, 44.93))
    assert plan_digests(MONDAY) == 2
    assert write_digest(user_id=driss.pk, day=MONDAY) == 1
    assert list(DecisionLink.objects.filter(user=driss).values_list("contribution", flat=True)) == [there.pk]


def test_twenty_reports_the_oldest_then_how_many_others(
    bruno: User, aurillac: Commune, post_office: PostOffice
) -> None:
    now = timezone.now()
    rows = [report(aurillac, received_at=now - dt.timedelta(hours=n)) for n in range(23)]
    assert write_digest(user_id=bruno.pk, day=MONDAY) == 23
    [(_address, text)] = sent_to(post_office)
    assert "Et 3 autres signalements." in text and len(LINK.findall(text)) == 20
    linked = set(DecisionLink.objects.values_list("contribution", flat=True))
    assert linked == {row.pk for row in rows[3:]}


def test_a_resident_s_text_makes_no_link_and_no_header(
    bruno: User, aurillac: Commune, post_office: PostOffice
) -> None:
    trap = (
        "Votre compte expire\r\nBcc: x@y.fr https://mechant.example/entrer www.mechant.example " + "a" * 300
    )
    report(aurillac, couche=bare_couche("services"), attributes={"nom": trap})
    write_digest(user_id=bruno.pk, day=MONDAY)
    [(_address, text)] = sent_to(post_office)
    assert "Votre compte expire" in text and "mechant.example" not in text
    assert post_office.letters[0]["Bcc"] is None


def test_the_mail_reader_s_button_stops_the_digest_and_nothing_else(
    bruno: User, aurillac: Commune, client: Client, post_office: PostOffice
) -> None:
    """RFC 8058: a POST without cookie, from the mail service; GET by scanners stops nothing."""
    report(aurillac)
    write_digest(user_id=bruno.pk, day=MONDAY)
    sent_to(post_office)
    [letter] = post_office.letters
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = letter["List-Unsubscribe"].strip(" <>")
    assert address in body(letter)
    path = "/" + address.split("/", 3)[3]
    for _ in range(5):
        answer = client.get(path)
        assert answer.status_code == 200 and not answer.cookies
        client.head(path)
    assert not DigestPreference.objects.exists()
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(path, {"List-Unsubscribe": "One-Click"}, headers={"origin": "https://mail.example"})
    assert answer.status_code == 200 and "arrêté" in answer.content.decode()
    assert (plan_digests(MONDAY), write_digest(user_id=bruno.pk, day=TUESDAY)) == (0, 0)
    client.post("/compte/mot-de-passe/oublie/", {"email": bruno.email})
    assert Notification.objects.filter(template="mot-de-passe").count() == 1, "service letters go on"


def test_an_address_that_is_not_ours_stops_nobody(bruno: User, chloe: User, client: Client) -> None:
    token = stop_url(bruno).rsplit("/", 2)[1]
    forged = f"{chloe.pk}:{token.partition(':')[2]}"
    for wrong in (forged, token[:-1], "x", f"{bruno.pk}"):
        answer = client.post(f"/moderation/courriels/arret/{wrong}/")
        assert answer.status_code == 404 and "incomplet" in answer.content.decode()
    assert not DigestPreference.objects.exists()


def test_one_s_rhythms_are_chosen_on_a_page(
    bruno: User, chloe: User, page_as: PageAs, aurillac: Commune
) -> None:
    own, hers = Membership.objects.get(user=bruno), Membership.objects.get(user=chloe)
    client = page_as(bruno)
    shown = client.get("/moderation/courriels/")
    assert "Chaque lundi" in shown.content.decode() and "no-store" in shown["Cache-Control"]
    sent = {f"mandat-{own.pk}": "daily", f"mandat-{hers.pk}": "never"}
    assert client.post("/moderation/courriels/", sent).status_code == 302
    assert list(DigestPreference.objects.values_list("membership", "rhythm")) == [(own.pk, "daily")]
    sent[f"mandat-{own.pk}"] = "never"
    client.post("/moderation/courriels/", sent)
    assert DigestPreference.objects.get().rhythm == "never"
    assert client.post("/moderation/courriels/", {f"mandat-{own.pk}": "toujours"}).status_code == 422
    assert DigestPreference.objects.get().rhythm == "never"


def test_without_a_mandate_the_page_says_so(sophie: User, page_as: PageAs) -> None:
    assert "Aucun récapitulatif" in page_as(sophie).get("/moderation/courriels/").content.decode()


def test_a_mandate_that_ended_gets_nothing(bruno: User, aurillac: Commune) -> None:
    report(aurillac)
    Membership.objects.update(ends=timezone.now() - dt.timedelta(minutes=1))
    assert plan_digests(MONDAY) == 0
    assert write_digest(user_id=bruno.pk, day=MONDAY) == 0


def test_the_cost_of_a_letter_does_not_follow_the_queue(
    bruno: User, aurillac: Commune, django_assert_max_num_queries: Any
) -> None:
    for _ in range(40):
        report(aurillac)
    with django_assert_max_num_queries(16):
        write_digest(user_id=bruno.pk, day=MONDAY)


def test_planning_asks_once_for_all_communes(
    aurillac: Commune, ytrac: Commune, django_assert_max_num_queries: Any
) -> None:
    for code in range(15001, 15013):
        place = town(code_insee=str(code), nom=f"Commune {code}")
        moderator(f"maire{code}@reperes.demo", commune=place)
        report(place)
    factories.MembershipFactory(user=factories.UserFactory(), role=Role.CLERK, commune=ytrac)
    with django_assert_max_num_queries(3 + 12 * 4):  # each job: a savepoint, its row
        assert plan_digests(MONDAY) == 12
