"""Sixteen retries at once: one row, sixteen identical receipts. With its negative control."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from rest_framework.test import APIClient

from comptes.models import Notification
from contributions import submission as submission_module
from contributions.models import Contact, Contribution
from tests.contributions.factories import payload
from tests.factories import CommuneFactory

pytestmark = pytest.mark.usefixtures("committed", "home")
RETRIES = 16


@pytest.fixture
def home(committed: None) -> None:
    """Aurillac, committed."""
    CommuneFactory()


def at_once(gestures: list[Callable[[], Any]]) -> list[Any]:
    """Run each gesture in its own thread, with its own connection, released together."""
    barrier = threading.Barrier(len(gestures))
    results: list[Any] = [None] * len(gestures)

    def run(rank: int, gesture: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            results[rank] = gesture()
        except Exception as error:  # handed to the test, which judges it
            results[rank] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(rank, gesture)) for rank, gesture in enumerate(gestures)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def post(document: dict[str, Any]) -> Any:
    return APIClient().post("/api/v1/contributions/", document)


def test_sixteen_concurrent_retries_make_one_row_and_one_receipt() -> None:
    for _ in range(3):
        document = payload(email="amel@exemple.fr")
        answers = at_once([lambda document=document: post(document)] * RETRIES)
        assert sorted(answer.status_code for answer in answers) == [200] * (RETRIES - 1) + [201]
        assert len({answer.content for answer in answers}) == 1
        assert Contribution.objects.filter(pk=document["id"]).count() == 1
    assert Contact.objects.count() == 3 and Notification.objects.count() == 3


def test_of_sixteen_concurrent_contents_one_wins_and_the_others_are_told() -> None:
    identifier = str(uuid.uuid4())
    documents = [payload(id=identifier, accuracy_m=float(rank)) for rank in range(RETRIES)]
    answers = at_once([lambda document=document: post(document) for document in documents])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (RETRIES - 1)
    winner = next(rank for rank, answer in enumerate(answers) if answer.status_code == 201)
    assert Contribution.objects.get().accuracy_m == float(winner)


def test_without_the_protection_the_race_does_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: looked up first and inserted without ON CONFLICT, retries break."""
    naive = submission_module.INSERT_ONCE.replace("ON CONFLICT (id) DO NOTHING", "")
    monkeypatch.setattr(submission_module, "INSERT_ONCE", naive)
    for _ in range(20):
        document = payload()
        outcomes = at_once([lambda document=document: post(document)] * RETRIES)
        if any(isinstance(outcome, IntegrityError) for outcome in outcomes):
            return
    pytest.fail("the harness shows no race: the tests above prove nothing")


def test_a_first_that_rolls_back_leaves_the_second_its_place() -> None:
    """The waiting retry does not answer for a row that never was."""
    document = payload()
    inserted, release = threading.Event(), threading.Event()

    def first() -> None:
        try:
            with transaction.atomic():
                assert post(document).status_code == 201
                inserted.set()
                release.wait(timeout=30)
                transaction.set_rollback(True)
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert inserted.wait(timeout=30)
    answers: list[Any] = []
    second = threading.Thread(target=lambda: (answers.append(post(document)), connection.close()))
    second.start()
    _wait_for_a_blocked_insert()
    release.set()
    thread.join(timeout=30)
    second.join(timeout=30)
    assert answers[0].status_code == 201
    assert Contribution.objects.count() == 1


def _wait_for_a_blocked_insert() -> None:
    """Return once a session waits for another's transaction: no sleeping by guess."""
    for _ in range(3000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
            )
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.001)")
    pytest.fail("nobody waits")
