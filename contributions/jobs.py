"""Jobs of contributions: what has had its time goes."""

from procrastinate.contrib.django import app

from contributions import challenge, limits, workshops
from contributions.contact import delete_expired_contacts
from contributions.photos import delete_orphans


@app.periodic(cron="41 3 * * *")
@app.task(name="contributions.forget", queueing_lock="contributions.forget")
def forget(timestamp: int) -> None:
    """Delete, each night, what has had its time.

    Addresses whose date has passed, photos of no row, spent challenges, idle buckets, old codes.
    """
    delete_expired_contacts()
    challenge.forget_expired()
    limits.forget_idle()
    workshops.forget_old()
    delete_orphans()
