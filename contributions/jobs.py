"""Jobs of contributions: what has had its time goes."""

from procrastinate.contrib.django import app

from contributions.contact import delete_expired_contacts
from contributions.photos import delete_orphans


@app.periodic(cron="41 3 * * *")
@app.task(name="contributions.forget", queueing_lock="contributions.forget")
def forget(timestamp: int) -> None:
    """Delete, each night, the addresses whose date has passed and the photos of no row."""
    delete_expired_contacts()
    delete_orphans()
