"""A job written in the caller's own transaction: it exists if and only if the rest does."""

from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager


def defer(task: str, *, once: str | None = None, **arguments: Any) -> int | None:
    """Defer the task of that name through Django's connection; return the job's id.

    `task.defer()` does so in a web process, but inside a worker it uses the worker's own
    connection, hence another transaction. `once` is a queueing lock: None is returned when a
    job with the same lock already waits. Two open transactions with the same lock wait for one
    another, so it should hold something of one's own, not a constant.
    Raises TaskNotFound for an unknown name.
    """
    deferrer = app.configure_task(task, allow_unknown=False, queueing_lock=once)
    deferrer.job_manager = JobManager(DjangoConnector())
    try:
        with transaction.atomic():
            return deferrer.defer(**arguments)
    except AlreadyEnqueued:
        return None
