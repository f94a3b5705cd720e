"""Letters: written with their event, sent once, kept when nobody answers."""

import datetime as dt
from email.message import Message
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings as SettingsWrapper

from comptes.models import Notification
from comptes.notifications import LETTERS, MAX_ATTEMPTS, SEND, notify, send_due
from tests.comptes.conftest import PostOffice

pytestmark = pytest.mark.django_db

AMEL = "amel@exemple.fr"
DECISION = {
    "commune": "L'Haÿ-les-Roses",
    "couche": "Services & lieux",
    "status": "RETURNED",
    "public_reason": "Quel opérateur ? <Orange> & l'autre",
}


def decide(event: str = "decision:1", recipient: str = AMEL, **context: Any) -> None:
    notify(event=event, template="decision", recipient=recipient, context={**DECISION, **context})


def receipt(number: int) -> None:
    notify(
        event=f"recu:{number}",
        template="accuse-reception",
        recipient=AMEL,
        context={"commune": "Ytrac", "couche": "Zones blanches", "suivi": "https://x.fr/suivi/#s3cret"},
    )


def jobs() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, queueing_lock FROM procrastinate_jobs")
        return cursor.fetchall()


def subject(letter: Message) -> str:
    """The subject, without the blank a folded header leaves."""
    return str(letter["Subject"]).strip()


def later() -> None:
    """The back-off is over."""
    Notification.objects.waiting().update(not_before=timezone.now() - dt.timedelta(seconds=1))


def test_a_letter_and_its_job_are_written_together() -> None:
    decide()
    assert Notification.objects.due().count() == 1
    assert [task for task, _lock in jobs()] == [SEND]


def test_an_event_rolled_back_writes_to_nobody() -> None:
    class Refused(Exception):
        """The event does not happen."""

    @transaction.atomic
    def refused_event() -> None:
        decide()
        raise Refused

    with pytest.raises(Refused):
        refused_event()
    assert not Notification.objects.exists()
    assert not jobs()


def test_several_letters_of_one_transaction_share_one_job() -> None:
    for number in range(5):
        decide(event=f"decision:{number}")
    assert len(jobs()) == 1
    assert Notification.objects.count() == 5


def test_the_same_event_never_writes_twice_to_the_same_address(post_office: PostOffice) -> None:
    decide()
    send_due()
    decide(recipient="AMEL@exemple.fr ")
    send_due()
    assert len(post_office.letters) == 1


def test_an_unknown_letter_or_a_missing_word_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        notify(event="x", template="inconnu", recipient=AMEL, context={})
    with pytest.raises(ValueError, match="couche, suivi"):
        notify(event="x", template="accuse-reception", recipient=AMEL, context={"commune": "Ytrac"})
    assert not Notification.objects.exists()


def test_the_letter_arrives_in_plain_french_and_the_outbox_forgets(post_office: PostOffice) -> None:
    decide()
    assert send_due() == 1
    (letter,) = post_office.letters
    assert letter["To"] == AMEL
    assert subject(letter) == "Votre signalement à L'Haÿ-les-Roses est à compléter"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "text/plain"
    body = letter.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "« Quel opérateur ? <Orange> & l'autre »" in body
    assert "--\r\nL'Haÿ-les-Roses" in body
    row = Notification.objects.get()
    assert row.sent_at is not None
    assert (row.recipient, row.context, row.last_error) == ("", {}, "")
    assert send_due() == 0


def test_the_receipt_carries_the_follow_up_link_and_the_database_no_longer_does(
    post_office: PostOffice,
) -> None:
    receipt(1)
    send_due()
    body = post_office.letters[0].get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "https://x.fr/suivi/#s3cret" in body
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM comptes_notification AS n WHERE n::text LIKE '%s3cret%'")
        assert cursor.fetchone()[0] == 0


@pytest.mark.parametrize("status", ["ACCEPTED", "PUBLISHED", "REJECTED", "RETURNED", "MERGED", "SUBMITTED"])
def test_each_decision_has_its_words(status: str, post_office: PostOffice) -> None:
    decide(status=status, public_reason="")
    send_due()
    letter = post_office.letters[0]
    assert subject(letter).startswith("Votre signalement à L'Haÿ-les-Roses ")
    assert "Ce que dit la mairie" not in letter.get_payload(decode=True).decode()  # type: ignore[union-attr]


def test_the_six_subjects_differ(post_office: PostOffice) -> None:
    for status in ["ACCEPTED", "PUBLISHED", "REJECTED", "RETURNED", "MERGED", "SUBMITTED"]:
        decide(event=status, status=status)
    send_due()
    assert len({subject(letter) for letter in post_office.letters}) == 6


def test_nobody_answers_the_letter_waits_then_leaves_under_the_same_name(
    post_office: PostOffice, settings: SettingsWrapper
) -> None:
    decide()
    settings.EMAIL_PORT = 9  # the discard port: nobody listens
    assert send_due() == 0
    row = Notification.objects.get()
    assert (row.attempts, row.recipient, row.sent_at) == (1, AMEL, None)
    assert row.not_before > timezone.now()
    assert row.last_error.startswith("ConnectionRefusedError")
    settings.EMAIL_PORT = post_office.port
    assert send_due() == 0, "not before its hour"
    later()
    assert send_due() == 1
    assert post_office.message_ids == [f"<{row.pk}.{row.recipient_hash[:24]}@127.0.0.1>"]


def test_a_dead_server_costs_one_try_to_one_letter(settings: SettingsWrapper) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    for number in range(3):
        decide(event=f"decision:{number}")
    send_due()
    assert sorted(Notification.objects.values_list("attempts", flat=True)) == [0, 0, 1]


def test_a_refused_address_does_not_hold_the_others_back(post_office: PostOffice) -> None:
    post_office.refused[AMEL] = f"550 5.1.1 <{AMEL}> unknown here"
    decide()
    decide(recipient="emma@exemple.fr")
    assert send_due() == 1
    row = Notification.objects.waiting().get()
    assert row.last_error == "SMTPRecipientsRefused 550"


def test_after_its_last_try_a_letter_is_given_up_and_forgotten(post_office: PostOffice) -> None:
    post_office.refused[AMEL] = "450 try later"
    decide()
    for _ in range(MAX_ATTEMPTS + 2):
        send_due()
        later()
    row = Notification.objects.get()
    assert row.attempts == MAX_ATTEMPTS
    assert row.given_up_at is not None
    assert (row.recipient, row.context) == ("", {})
    assert row.last_error == "SMTPRecipientsRefused 450"


def test_a_letter_that_killed_all_its_processes_is_given_up(post_office: PostOffice) -> None:
    decide()
    Notification.objects.update(attempts=MAX_ATTEMPTS)
    assert send_due() == 0
    row = Notification.objects.get()
    assert row.given_up_at is not None
    assert not post_office.letters


def test_an_address_gets_its_share_of_receipts_and_no_more(settings: SettingsWrapper) -> None:
    settings.REPERES_LIMITS = True
    share = LETTERS["accuse-reception"].per_day
    assert share is not None
    for number in range(100):
        receipt(number)
    assert Notification.objects.count() == share
    decide()
    assert Notification.objects.count() == share + 1, "a decision is never withheld"
    Notification.objects.update(created_at=timezone.now() - dt.timedelta(days=2))
    receipt(200)
    assert Notification.objects.count() == share + 2


def test_no_share_when_limits_are_off(settings: SettingsWrapper) -> None:
    settings.REPERES_LIMITS = False
    for number in range(30):
        receipt(number)
    assert Notification.objects.count() == 30


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    reason=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=200),
    commune=st.sampled_from(["Ytrac", "Ytrac\r\nBcc: tous@exemple.fr", "\n\nYtrac"]),
)
def test_no_text_adds_a_header_or_a_recipient(post_office: PostOffice, reason: str, commune: str) -> None:
    Notification.objects.all().delete()
    post_office.letters.clear()
    decide(public_reason=reason, commune=commune)
    assert send_due() == 1
    (letter,) = post_office.letters
    assert letter.get_all("To") == [AMEL]
    assert letter["Bcc"] is None
