"""The postman in several processes, and dying on the way."""

import datetime as dt
import signal
import subprocess
import threading
from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone

from comptes.deferral import defer
from comptes.models import Notification
from comptes.notifications import notify, send_due
from tests.comptes.conftest import PostOffice

Start = Callable[..., subprocess.Popen[bytes]]
GENEROUS_S = 60
ONCE = ("--one-shot", "--concurrency", "1")


def write(number: int = 1) -> None:
    notify(
        event=f"decision:{number}",
        template="decision",
        recipient=f"amel{number}@exemple.fr",
        context={"commune": "Ytrac", "couche": "Services", "status": "ACCEPTED", "public_reason": ""},
    )


def statuses(task: str) -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, attempts FROM procrastinate_jobs WHERE task_name = %s ORDER BY id", [task]
        )
        return cursor.fetchall()


def its_heart_stopped_a_minute_ago() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")


def the_back_off_is_over() -> None:
    Notification.objects.waiting().update(not_before=timezone.now() - dt.timedelta(seconds=1))


def test_a_worker_delivers_what_an_event_wrote(worker: Start, post_office: PostOffice) -> None:
    write()
    assert worker(*ONCE).wait(GENEROUS_S) == 0
    assert len(post_office.letters) == 1
    assert statuses("comptes.send_notifications") == [("succeeded", 1)]
    assert not Notification.objects.waiting().exists()


def test_two_postmen_at_once_deliver_each_letter_once(
    transactional_db: None, post_office: PostOffice
) -> None:
    for number in range(12):
        write(number)
    start = threading.Barrier(3)
    delivered: list[int] = []

    def deliver() -> None:
        try:
            start.wait(GENEROUS_S)
            delivered.append(send_due())
        finally:
            connection.close()

    postmen = [threading.Thread(target=deliver) for _ in range(3)]
    for postman in postmen:
        postman.start()
    for postman in postmen:
        postman.join(GENEROUS_S)
    assert sum(delivered) == 12
    assert len(set(post_office.message_ids)) == len(post_office.letters) == 12


def test_a_postman_killed_at_the_counter_is_replaced_and_the_letter_keeps_its_name(
    worker: Start, post_office: PostOffice
) -> None:
    post_office.holding = True
    write()
    doomed = worker("--concurrency", "1")
    assert post_office.received.wait(GENEROUS_S), "the server has the letter and has not said so"
    doomed.send_signal(signal.SIGKILL)
    doomed.wait(GENEROUS_S)
    assert statuses("comptes.send_notifications") == [("doing", 0)]
    assert Notification.objects.get().sent_at is None

    post_office.holding = False
    post_office.go_on.set()
    its_heart_stopped_a_minute_ago()
    the_back_off_is_over()
    defer("config.retry_stalled_jobs", timestamp=0)
    assert worker(*ONCE).wait(GENEROUS_S) == 0

    assert statuses("comptes.send_notifications") == [("succeeded", 2)]
    assert Notification.objects.get().sent_at is not None
    assert len(post_office.letters) == 2, "once more, and no more"
    assert len(set(post_office.message_ids)) == 1


def test_a_letter_just_taken_is_left_to_who_took_it(transactional_db: None, post_office: PostOffice) -> None:
    write()
    Notification.objects.update(attempts=1, not_before=timezone.now() + dt.timedelta(minutes=3))
    assert send_due() == 0
    assert not post_office.letters


def test_the_minute_s_round_finds_a_letter_that_lost_its_job(worker: Start, post_office: PostOffice) -> None:
    write()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    defer("comptes.send_leftovers", timestamp=0)
    assert worker(*ONCE).wait(GENEROUS_S) == 0
    assert len(post_office.letters) == 1


def test_two_open_events_do_not_wait_for_one_another(transactional_db: None, post_office: PostOffice) -> None:
    """The lock of the sending job is the transaction's own: a batch never holds up a resident."""
    finished: list[str] = []

    def other_event() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            write(2)
            finished.append("other")
        finally:
            connection.close()

    with transaction.atomic():
        write(1)
        neighbour = threading.Thread(target=other_event)
        neighbour.start()
        neighbour.join(GENEROUS_S)
        assert finished == ["other"]
    assert len(statuses("comptes.send_notifications")) == 2
