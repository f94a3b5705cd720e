"""The register by e-mail: asked, confirmed from the letter, told when there is something, ended at once."""

import datetime as dt
import re
import uuid
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comptes.models import Notification, User
from comptes.notifications import send_due
from couches.models import Couche
from moderation import subscriptions
from moderation.gestures import Item, take, undo
from moderation.jobs import forget_unconfirmed, tell_subscribers
from moderation.models import Redaction, Subscription
from moderation.subscriptions import end_token, subscribe, tell_due
from moderation.workflow import Action
from territoires.models import Commune
from tests.comptes.conftest import PostOffice, post_office
from tests.moderation.factories import decide, report
from tests.moderation.test_register import XSS

pytestmark = pytest.mark.django_db
__all__ = ["post_office"]
AMEL = "amel@exemple.fr"
ASK = "/communes/15014/decisions/abonnement/"
# A Wednesday, in winter.
WEDNESDAY = dt.datetime(2026, 11, 4, 9, 0, tzinfo=dt.UTC)


def ask(client: Client, email: str = AMEL, **fields: str) -> Any:
    """Fill the form of the register."""
    return client.post(ASK, {"email": email, "frequency": "daily", **fields})


def body(letter: Message) -> str:
    """Return the text of a letter received."""
    payload = letter.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def links(letter: Message) -> list[str]:
    """Return the paths of the links in a letter."""
    return [urlsplit(found).path for found in re.findall(r"https?://\S+", body(letter))]


def confirmed(email: str = AMEL, **fields: Any) -> Subscription:
    """Return a subscription in force since now."""
    now = timezone.now()
    given = {"frequency": "daily", "commune_id": "15014", **fields}
    return Subscription.objects.create(
        email=email, email_sha256=email.ljust(64, "0")[:64], token_sha256=f"{Subscription.objects.count():064}",
        created_at=now, confirmed_at=now, told_until=now, **given,
    )  # fmt: skip


def morning(day: int, month: int = 11) -> dt.datetime:
    """Return when the job runs that day."""
    return dt.datetime(2026, month, day, 5, 10, tzinfo=dt.UTC)


def told() -> list[str]:
    """Return the text of each letter of decisions in the outbox, oldest first."""
    letters = Notification.objects.filter(template="registre").order_by("pk")
    return [" / ".join(one["texte"] for one in letter.context["lignes"]) for letter in letters]


# --- Asking and confirming ------------------------------------------------------------------------------


def test_the_whole_way_through_a_mail_server_whose_scanner_opens_every_link(
    client: Client, aurillac: Commune, bruno: User, post_office: PostOffice
) -> None:
    with time_machine.travel(WEDNESDAY) as clock:
        bruno.memberships.update(starts=timezone.now() - dt.timedelta(days=30))
        answer = ask(client)
        assert answer.status_code == 200 and not answer.cookies and "no-store" in answer["Cache-Control"]
        assert "Un courriel part à cette adresse" in answer.content.decode()
        assert send_due() == 1
        letter = post_office.letters[-1]
        assert letter["To"] == AMEL and "List-Unsubscribe" not in letter
        (confirm,) = links(letter)
        scanner = Client()
        for _ in range(3):
            assert scanner.get(confirm).status_code == scanner.head(confirm).status_code == 200
        assert not Subscription.objects.filter(confirmed_at__isnull=False).exists()
        for _ in range(2):
            page = client.post(confirm)
            assert page.status_code == 200 and "C'est confirmé" in page.content.decode() and not page.cookies

        decide(report(aurillac), "reject", bruno, public_reason="Pylône prévu.")
        clock.move_to(morning(5))
        assert tell_subscribers(timestamp=0) == 1
        assert send_due() == 1
        letter = post_office.letters[-1]
        assert "Refusée par la mairie" in body(letter) and "Pylône prévu." in body(letter)
        end = links(letter)[-1]
        assert letter["List-Unsubscribe"].strip("<>").endswith(end)
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        for _ in range(3):
            assert scanner.get(end).status_code == scanner.head(end).status_code == 200
        assert Subscription.objects.count() == 1
        # The mail program's own button: no page of ours, no origin.
        one_click = Client(enforce_csrf_checks=True).post(end, {"List-Unsubscribe": "One-Click"})
        assert one_click.status_code == 200 and not Subscription.objects.exists()
        assert client.post(end).status_code == client.get(end).status_code == 200, "twice is once"


def test_the_link_waits_two_days_and_the_address_no_longer(
    client: Client, aurillac: Commune, post_office: PostOffice
) -> None:
    ask(client)
    send_due()
    (confirm,) = links(post_office.letters[-1])
    with time_machine.travel(timezone.now() + dt.timedelta(hours=47, minutes=59)):
        assert client.get(confirm).status_code == 200
        forget_unconfirmed(timestamp=0)
        assert Subscription.objects.count() == 1
    with time_machine.travel(timezone.now() + dt.timedelta(hours=48, minutes=1)):
        assert client.get(confirm).status_code == client.post(confirm).status_code == 404
        assert forget_unconfirmed(timestamp=0) == 1 and not Subscription.objects.exists()


def test_no_link_is_kept_in_clear(client: Client, aurillac: Commune, post_office: PostOffice) -> None:
    ask(client)
    send_due()
    token = links(post_office.letters[-1])[0].split("/")[2]
    assert token not in str(list(Subscription.objects.values_list()))
    assert token not in str(list(Notification.objects.values_list()))


@pytest.mark.parametrize("token", ["abc", "1~abc", "é", "a" * 3000, "%00", "..%2f", "1:abc"])
def test_a_link_of_nobody_opens_nothing(token: str, client: Client, db: None) -> None:
    for door in (f"/abonnements/{token}/", f"/abonnements/fin/{token}/"):
        for answer in (client.get(door), client.post(door)):
            assert answer.status_code == 404 and not answer.cookies


def test_the_answer_reveals_nothing(client: Client, aurillac: Commune) -> None:
    """Byte-equal pages and the same statements, for an address known or not."""
    confirmed()
    pages, costs = set(), set()
    for email in (AMEL, "inconnue@exemple.fr"):
        with CaptureQueriesContext(connection) as queries:
            pages.add(ask(client, email).content)
        costs.add(tuple(re.sub(r"(?s)'.*'|\d+", "", query["sql"]) for query in queries))
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")
    assert (len(pages), len(costs)) == (1, 1)


def test_a_hundred_asks_are_three_letters(aurillac: Commune) -> None:
    for _ in range(100):
        subscribe(email=AMEL, commune=aurillac, couche=None, frequency="daily")
    assert Notification.objects.count() == 3 and Subscription.objects.count() == 3


def test_one_connection_asks_for_few(client: Client, aurillac: Commune) -> None:
    statuses = [ask(client, f"a{rank}@exemple.fr").status_code for rank in range(25)]
    assert statuses[0] == 200 and statuses.count(429) >= 5
    late = ask(client, "perdue@exemple.fr")
    assert late["Retry-After"] and "perdue@exemple.fr" in late.content.decode(), "nothing typed is lost"


@pytest.mark.parametrize(
    "fields",
    [{"email": ""}, {"email": "amel"}, {"email": "a" * 300 + "@exemple.fr"}, {"email": "a\x00@exemple.fr"},
     {"email": "a@exemple.fr\nBcc: b@exemple.fr"}, {"frequency": "hourly"}, {"frequency": ""}, {"couche": "rien"}],
)  # fmt: skip
def test_a_form_that_cannot_be_read_says_why(
    fields: dict[str, str], client: Client, aurillac: Commune
) -> None:
    answer = ask(client, **fields)
    assert answer.status_code == 422 and 'id="erreurs"' in answer.content.decode()
    assert not Subscription.objects.exists() and not Notification.objects.exists()


def test_another_site_is_refused(client: Client, aurillac: Commune) -> None:
    headers = {"Origin": "https://ailleurs.exemple"}
    doors = (ASK, "/abonnements/abc/", f"/abonnements/fin/{end_token(confirmed())}/")
    for door in doors:
        assert client.post(door, {"email": AMEL, "frequency": "daily"}, headers=headers).status_code == 403
    assert Subscription.objects.count() == 1


def test_a_second_confirmation_takes_the_place_of_the_first(
    client: Client, aurillac: Commune, post_office: PostOffice
) -> None:
    """Changing the rhythm is subscribing again: never two letters."""
    for frequency in ("daily", "weekly"):
        ask(client, frequency=frequency)
        send_due()
        client.post(links(post_office.letters[-1])[0])
    assert Subscription.objects.get().frequency == "weekly"


def test_somebody_else_s_ask_changes_nothing(client: Client, aurillac: Commune) -> None:
    row = confirmed()
    ask(client, frequency="weekly")
    row.refresh_from_db()
    assert row.frequency == "daily" and row.confirmed_at is not None


def test_the_database_holds_one_in_force_per_address(aurillac: Commune) -> None:
    confirmed()
    with pytest.raises(IntegrityError), transaction.atomic():
        confirmed()


# --- The letters -------------------------------------------------------------------------------------------


@pytest.fixture
def clock(bruno: User) -> Any:
    """A Wednesday morning; Bruno has long been mayor."""
    with time_machine.travel(WEDNESDAY) as traveller:
        bruno.memberships.update(starts=WEDNESDAY - dt.timedelta(days=400))
        yield traveller


def test_only_when_there_is_something(clock: Any, aurillac: Commune, bruno: User) -> None:
    confirmed()
    clock.move_to(morning(5))
    assert tell_due() == 0
    decide(report(aurillac), "reject", bruno)
    assert tell_due() == 0, "today's is for tomorrow"
    clock.move_to(morning(6))
    assert (tell_due(), tell_due()) == (1, 0), "the same job twice writes once"
    clock.move_to(morning(7))
    assert tell_due() == 0


def test_weekly_letters_leave_on_monday_or_as_soon_as_the_site_is_back(
    clock: Any, aurillac: Commune, bruno: User
) -> None:
    confirmed(frequency="weekly")
    decide(report(aurillac), "reject", bruno)
    for day in (5, 6, 7, 8):
        clock.move_to(morning(day))
        assert tell_due() == 0
    clock.move_to(morning(9))
    assert tell_due() == 1
    decide(report(aurillac), "reject", bruno)
    for day in range(10, 16):
        clock.move_to(morning(day))
        assert tell_due() == 0
    clock.move_to(morning(17))
    assert tell_due() == 1, "Monday's job did not run: Tuesday's makes up for it"
    assert len(told()) == 2


def test_a_couche_or_all_of_them(
    clock: Any, aurillac: Commune, ytrac: Commune, bruno: User, chloe: User
) -> None:
    services = Couche.objects.get(slug="services")
    chloe.memberships.update(starts=WEDNESDAY - dt.timedelta(days=400))
    confirmed()
    confirmed("services@exemple.fr", couche=services)
    confirmed("ytrac@exemple.fr", commune_id="15267")
    decide(report(aurillac), "reject", bruno, public_reason="Zone.")
    clock.move_to(morning(5))
    assert tell_due() == 1
    decide(report(aurillac, couche=services), "reject", bruno, public_reason="Service.")
    clock.move_to(morning(6))
    assert tell_due() == 2
    assert ["Zone." in one for one in told()] == [True, False, False]


def test_a_job_killed_half_way_goes_on_where_it_was(
    clock: Any, aurillac: Commune, bruno: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rank in range(4):
        confirmed(f"a{rank}@exemple.fr")
    decide(report(aurillac), "reject", bruno)
    clock.move_to(morning(5))
    real, calls = subscriptions.notify, []

    def dies(**letter: Any) -> bool:
        calls.append(letter)
        if len(calls) == 3:
            raise RuntimeError("killed")
        return real(**letter)

    monkeypatch.setattr(subscriptions, "notify", dies)
    with pytest.raises(RuntimeError):
        tell_due()
    monkeypatch.setattr(subscriptions, "notify", real)
    assert len(told()) == 2
    assert tell_due() == 2
    recipients = Notification.objects.filter(template="registre").values_list("recipient", flat=True)
    assert sorted(recipients) == [f"a{rank}@exemple.fr" for rank in range(4)]


def test_what_was_taken_back_or_out_is_not_sent(clock: Any, aurillac: Commune, bruno: User) -> None:
    confirmed()
    row = report(aurillac)
    gesture = uuid.uuid4()
    take(
        gesture=gesture, by=bruno, action=Action.REJECT, items=[Item(row.pk, 1)],
        reason_code="autre", public_reason="canari-annulé",
    )  # fmt: skip
    undo(gesture=gesture, by=bruno)
    kept = decide(report(aurillac), "reject", bruno, public_reason="canari-retiré", reason="canari-note")
    Redaction.objects.create(decision=kept, by=bruno, at=timezone.now(), why="personal")
    clock.move_to(morning(5))
    assert tell_due() == 1
    (text,) = told()
    assert "canari" not in text and "Motif retiré" in text and "Bruno" not in text


@pytest.mark.parametrize("text", XSS)
def test_a_hostile_reason_is_plain_text_in_the_letter(
    text: str, clock: Any, aurillac: Commune, bruno: User, post_office: PostOffice
) -> None:
    confirmed()
    decide(report(aurillac), "reject", bruno, public_reason=text)
    clock.move_to(morning(5))
    tell_due()
    send_due()
    (letter,) = post_office.letters
    assert letter.get_content_type() == "text/plain"
    assert str(letter["Subject"]).strip() == "Décisions prises à Aurillac"


def test_a_long_week_is_told_in_part(clock: Any, aurillac: Commune, bruno: User) -> None:
    confirmed()
    for _ in range(subscriptions.MAX_LINES + 2):
        decide(report(aurillac), "reject", bruno)
    clock.move_to(morning(5))
    assert tell_due() == 1
    context = Notification.objects.get(template="registre").context
    assert len(context["lignes"]) == subscriptions.MAX_LINES and context["suite"] is True
