"""Jobs of comptes: the postman."""

from procrastinate.contrib.django import app

from comptes.notifications import SEND, send_due


@app.task(name=SEND, queue="courriers")
def send_notifications() -> int:
    """Send what is due; deferred by `notify` in the transaction of the event."""
    return send_due()


@app.periodic(cron="* * * * *")
@app.task(name="comptes.send_leftovers", queue="courriers", queueing_lock="comptes.send_leftovers")
def send_leftovers(timestamp: int) -> int:
    """Send, each minute, what waited for its next try or lost its job. `timestamp`: seconds, unused."""
    return send_due()
