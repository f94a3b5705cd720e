"""Jobs whose worker died: started again, put aside when they kill, never in the way of others."""

import pytest
from django.db import connection, transaction

from comptes.deferral import defer
from config.jobs import MAX_ATTEMPTS, retry_stalled_jobs, sweep_old_jobs
from tests.jobs import run_job

pytestmark = pytest.mark.usefixtures("transactional_db")
TASK = "comptes.send_leftovers"


def job(*, status: str = "doing", attempts: int = 0, queueing_lock: str | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts, queueing_lock)
            VALUES ('default', %s, '{}', %s::procrastinate_job_status, %s, %s) RETURNING id
            """,
            [TASK, status, attempts, queueing_lock],
        )
        return int(cursor.fetchone()[0])


def held_by_a_living_worker(job_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        worker_id = cursor.fetchone()[0]
        cursor.execute("UPDATE procrastinate_jobs SET worker_id = %s WHERE id = %s", [worker_id, job_id])


def status(job_id: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM procrastinate_jobs WHERE id = %s", [job_id])
        return str(cursor.fetchone()[0])


def retry() -> None:
    run_job(retry_stalled_jobs.func, timestamp=0)


def test_a_job_without_a_living_worker_waits_again() -> None:
    orphan = job()
    retry()
    assert status(orphan) == "todo"


def test_a_job_in_living_hands_is_left_there() -> None:
    held = job()
    held_by_a_living_worker(held)
    retry()
    assert status(held) == "doing"


def test_a_job_that_kills_its_workers_is_put_aside() -> None:
    poison = job(attempts=MAX_ATTEMPTS - 1)
    retry()
    assert status(poison) == "failed"


def test_a_job_already_queued_again_is_closed_and_holds_nobody_up() -> None:
    twin, waiting, after = job(queueing_lock=TASK), job(status="todo", queueing_lock=TASK), job()
    retry()
    assert [status(twin), status(waiting), status(after)] == ["aborted", "todo", "todo"]


def test_a_job_lives_and_dies_with_the_transaction_that_defers_it() -> None:
    class Undone(Exception):
        """The event does not happen."""

    @transaction.atomic
    def undone() -> None:
        assert defer(TASK, timestamp=0) is not None
        raise Undone

    with pytest.raises(Undone):
        undone()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone()[0] == 0


def test_the_same_work_is_not_queued_twice_and_the_transaction_goes_on() -> None:
    assert defer(TASK, once="x", timestamp=0) is not None
    assert defer(TASK, once="x", timestamp=0) is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone()[0] == 1


def test_finished_jobs_are_forgotten_after_a_week_and_waiting_ones_never() -> None:
    done, recent, waiting = job(), job(), job(status="todo")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id IN (%s, %s)", [done, recent]
        )
        cursor.execute(
            "UPDATE procrastinate_events SET at = now() - interval '8 days' WHERE job_id IN (%s, %s)",
            [done, waiting],
        )
    run_job(sweep_old_jobs.func, timestamp=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM procrastinate_jobs ORDER BY id")
        assert [row[0] for row in cursor.fetchall()] == [recent, waiting]
