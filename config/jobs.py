"""Care of the queue itself: jobs whose worker died start again, finished ones are swept away.

Procrastinate runs a job at least once and notes which worker holds it, but leaves it to us to
take it back from a worker whose heart stopped.
"""

import logging

from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status

log = logging.getLogger(__name__)

# A worker says it lives every 10 s; after three silences it is dead.
SILENCE_S = 30
# A job that has killed that many workers is left aside for somebody to look at.
MAX_ATTEMPTS = 5
KEPT_HOURS = 7 * 24


@app.periodic(cron="* * * * * */15")
@app.task(name="config.retry_stalled_jobs", queueing_lock="config.retry_stalled_jobs")
async def retry_stalled_jobs(timestamp: int) -> None:
    """Start again the jobs of dead workers; every 15 s (the sixth column is seconds).

    It takes no lock on purpose: a job that dies keeps its lock, and this one must never wait.
    """
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENCE_S):
        await _start_again(job)


async def _start_again(job: Job) -> None:
    if job.attempts + 1 >= MAX_ATTEMPTS:
        log.error("job %s (%s) killed %s workers: put aside", job.id, job.task_name, MAX_ATTEMPTS)
        await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)
        return
    try:
        await app.job_manager.retry_job(job)
    except UniqueViolation:
        # The same work waits already under the same queueing lock: this one has nothing to add.
        await app.job_manager.finish_job(job, status=Status.ABORTED, delete_job=False)
        return
    log.warning("job %s (%s) starts again: its worker died", job.id, job.task_name)


@app.periodic(cron="23 3 * * *")
@app.task(name="config.sweep_old_jobs", queueing_lock="config.sweep_old_jobs")
async def sweep_old_jobs(timestamp: int) -> None:
    """Forget, each night, the jobs that ended more than a week ago."""
    await app.job_manager.delete_old_jobs(
        nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
