"""Jobs of deciding by mail: digests, reminders, what is passed on, and the sweeping of old links."""

import datetime as dt

from django.utils import timezone
from procrastinate.contrib.django import app

from moderation.digests import WRITE_DIGEST, plan_digests, write_digest
from moderation.links import forget_old_links
from moderation.reminders import (
    WRITE_ESCALATION,
    WRITE_REMINDER,
    follow_delays,
    write_escalation,
    write_reminder,
)


# The hours are UTC: an hour or two later in France, before the town hall opens.
@app.periodic(cron="20 4 * * *")
@app.task(name="moderation.follow_delays", queue="courriers", queueing_lock="moderation.follow_delays")
def follow_delays_daily(timestamp: int) -> tuple[int, int]:
    """Each day, remind of what waits and pass on what waited too long. `timestamp`: seconds, unused."""
    return follow_delays(timezone.localdate())


@app.periodic(cron="40 4 * * *")
@app.task(name="moderation.plan_digests", queue="courriers", queueing_lock="moderation.plan_digests")
def plan_digests_daily(timestamp: int) -> int:
    """Each day, have the digests of that day written."""
    return plan_digests(timezone.localdate())


@app.periodic(cron="47 3 * * *")
@app.task(name="moderation.forget_old_links", queueing_lock="moderation.forget_old_links")
def forget_links(timestamp: int) -> int:
    """Each night, delete the links that expired long ago."""
    return forget_old_links()


@app.task(name=WRITE_DIGEST, queue="courriers")
def write_one_digest(user_id: int, day: str) -> int:
    """Write one person's digest. `day`: ISO 8601."""
    return write_digest(user_id=user_id, day=dt.date.fromisoformat(day))


@app.task(name=WRITE_REMINDER, queue="courriers")
def write_one_reminder(user_id: int, day: str) -> int:
    """Write one person's reminder. `day`: ISO 8601."""
    return write_reminder(user_id=user_id, day=dt.date.fromisoformat(day))


@app.task(name=WRITE_ESCALATION, queue="courriers")
def write_one_escalation(user_id: int, day: str) -> int:
    """Write to one person what was passed on to their level. `day`: ISO 8601."""
    return write_escalation(user_id=user_id, day=dt.date.fromisoformat(day))
