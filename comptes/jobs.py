"""Jobs of comptes: the postman, the yearly question, and what has had its time."""

from procrastinate.contrib.django import app

from comptes import attestation, claims, invitations
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


@app.periodic(cron="10 7 * * *")
@app.task(name="comptes.attest_mandates", queueing_lock="comptes.attest_mandates")
def attest_mandates(timestamp: int) -> tuple[int, int]:
    """Each morning, ask who still holds their office, and suspend who did not answer in time."""
    return attestation.remind(), attestation.suspend_overdue()


@app.periodic(cron="47 3 * * *")
@app.task(name="comptes.forget", queueing_lock="comptes.forget")
def forget(timestamp: int) -> None:
    """Each night, forget old codes, links, and the addresses of invitations that nobody accepted."""
    claims.forget_old()
    invitations.forget_old()
    attestation.forget_old()
