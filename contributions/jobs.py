"""Jobs of contributions: what has had its time goes; a file is read, tried or proposed."""

import uuid

from procrastinate.contrib.django import app

from contributions import challenge, limits, workshops
from contributions.contact import delete_expired_contacts
from contributions.imports import desk
from contributions.photos import delete_orphans
from contributions.recovery import WRITE_LINKS, delete_expired_keys, write_links


@app.periodic(cron="41 3 * * *")
@app.task(name="contributions.forget", queueing_lock="contributions.forget")
def forget(timestamp: int) -> None:
    """Delete, each night, what has had its time.

    Addresses whose date has passed and their keys, photos of no row, spent challenges, idle
    buckets, old codes, imported files.
    """
    delete_expired_contacts()
    delete_expired_keys()
    challenge.forget_expired()
    limits.forget_idle()
    workshops.forget_old()
    delete_orphans()
    desk.forget_old()


@app.task(name=WRITE_LINKS, queue="courriers")
def write_follow_up_links(email_sha256: str, request_id: str) -> None:
    """Write the letter somebody asked for, if the address is known; deferred by `recovery.recover`."""
    write_links(email_sha256=email_sha256, request_id=request_id)


@app.task(name=desk.TASK, queue="imports")
def work_import(import_id: str) -> None:
    """Try a file, or propose its rows; deferred by `imports.desk`."""
    desk.work(uuid.UUID(import_id))
