"""Jobs of moderation: publication by the couches' own policy, and the letters that follow it."""

from procrastinate.contrib.django import app

from comptes.deferral import defer
from couches.models import Couche
from moderation import jobs_mail as jobs_mail  # the worker finds its tasks through this module
from moderation.letters import WRITE_LETTERS, write_to_authors_of
from moderation.publication import publish_accepted, waiting
from moderation.subscriptions import delete_unconfirmed, tell_due

PUBLISH = "moderation.publish_couche"


@app.task(name=PUBLISH, queue="publication")
def publish_couche(slug: str) -> int | None:
    """Publish what waits in one couche; return the version's number, None when nothing is new."""
    version = publish_accepted(couche=Couche.objects.get(slug=slug), by=None)
    return version.number if version else None


@app.task(name=WRITE_LETTERS, queue="courriers")
def write_publication_letters(version_id: int) -> int:
    """Tell the authors that their report is public."""
    return write_to_authors_of(version_id)


def publish_due(policy: Couche.Policy) -> list[str]:
    """Defer one job per couche of this policy that has something waiting; return their slugs.

    One job each: a couche that fails holds back none of the others.
    """
    due = [
        couche.slug for couche in Couche.objects.filter(publication_policy=policy) if waiting(couche).exists()
    ]
    for slug in due:
        defer(PUBLISH, once=f"{PUBLISH}:{slug}", slug=slug)
    return due


@app.periodic(cron="5 * * * *")
@app.task(name="moderation.publish_hourly", queue="publication", queueing_lock="moderation.publish_hourly")
def publish_hourly(timestamp: int) -> list[str]:
    """Each hour. `timestamp`: seconds, unused."""
    return publish_due(Couche.Policy.HOURLY)


@app.periodic(cron="15 2 * * *")
@app.task(name="moderation.publish_daily", queue="publication", queueing_lock="moderation.publish_daily")
def publish_daily(timestamp: int) -> list[str]:
    """Each night."""
    return publish_due(Couche.Policy.DAILY)


@app.periodic(cron="30 2 * * 1")
@app.task(name="moderation.publish_weekly", queue="publication", queueing_lock="moderation.publish_weekly")
def publish_weekly(timestamp: int) -> list[str]:
    """Each Monday, before the town hall opens."""
    return publish_due(Couche.Policy.WEEKLY)


@app.periodic(cron="10 5 * * *")
@app.task(name="moderation.tell_subscribers", queue="courriers", queueing_lock="moderation.tell_subscribers")
def tell_subscribers(timestamp: int) -> int:
    """Each morning, send the decisions of the day before; on Mondays, those of the week too."""
    return tell_due()


@app.periodic(cron="52 3 * * *")
@app.task(name="moderation.forget_unconfirmed", queueing_lock="moderation.forget_unconfirmed")
def forget_unconfirmed(timestamp: int) -> int:
    """Each night, delete the addresses typed in a register's form that nobody confirmed."""
    return delete_unconfirmed()
