"""The outbox: letters are written in the transaction of their event, and sent by a job.

An event that is rolled back writes to nobody; a mail server that is down delays nothing
but the letter.
"""

import datetime as dt
import logging
import smtplib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac

from comptes.deferral import defer
from comptes.models import Notification

log = logging.getLogger(__name__)

SEND = "comptes.send_notifications"
# After each try, minutes before the next one: two and a half days in all. The first is also the
# time a job has to send one letter before another may take it for dead.
DELAYS_MIN = [3, 10, 30, 120, 360, 720, 1440]
MAX_ATTEMPTS = len(DELAYS_MIN)
# The server, or the letter itself, refuses this letter: the next one may pass.
REFUSED = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError, ValueError)
# Nobody answers, or not as a mail server should: no other letter would pass either.
UNREACHABLE = (smtplib.SMTPException, OSError)


@dataclass(frozen=True)
class Letter:
    """A kind of letter: what its template needs, and how many an address may get a day."""

    needs: frozenset[str]
    per_day: int | None = None


# The template of each is frontend/templates/courriers/<name>.txt, its subject on the first line.
# Anybody may type somebody else's address: letters that answer a form are capped.
LETTERS = {
    "accuse-reception": Letter(frozenset({"commune", "couche", "suivi"}), per_day=10),
    "liens-de-suivi": Letter(frozenset({"liens"}), per_day=3),
    "decision": Letter(frozenset({"commune", "couche", "status", "public_reason"})),
    "mot-de-passe": Letter(frozenset({"lien"}), per_day=3),
    "invitation": Letter(frozenset({"auteur", "role", "territoire", "lien", "expire"}), per_day=5),
    "invitation-a-approuver": Letter(frozenset({"auteur", "invite", "role", "territoire", "lien"})),
    "code-mairie": Letter(frozenset({"commune", "code", "lien", "jours"})),
    "mandat-annonce": Letter(frozenset({"personne", "adresse", "role", "commune", "lien", "jours"})),
    "mandat-fini": Letter(frozenset({"role", "territoire", "suspendu"})),
    "demande-acces": Letter(frozenset({"commune", "nom", "adresse", "mots", "lien"}), per_day=3),
    "delegation": Letter(frozenset({"auteur", "remplacant", "territoire", "du", "au", "pour_vous"})),
    "attestation": Letter(frozenset({"role", "territoire", "avant", "suspendu", "lien"})),
    "attestation-equipe": Letter(frozenset({"mandats", "lien"})),
    "double-verification": Letter(frozenset({"geste", "compte"})),
    "demande-proconnect": Letter(frozenset({"commune", "nom", "adresse", "lien"})),
    "recours": Letter(frozenset({"commune", "couche", "refused_on", "lien"})),
    "decision-recours": Letter(frozenset({"commune", "couche", "status", "public_reason", "desk"})),
    "abonnement": Letter(frozenset({"commune", "couche", "rythme", "lien"}), per_day=3),
    "registre": Letter(frozenset({"commune", "lignes", "registre", "unsubscribe_url"})),
    "recapitulatif": Letter(
        frozenset({"groupes", "total", "autres", "file", "unsubscribe_url", "preferences"})
    ),
    "rappel": Letter(frozenset({"groupes", "total", "autres", "file"})),
    "transmission": Letter(frozenset({"groupes", "total", "autres", "file"})),
}


def notify(
    *,
    event: str,
    template: str,
    recipient: str,
    context: dict[str, Any],
    after: dt.timedelta | None = None,
) -> bool:
    """Put a letter in the outbox, once per (event, recipient), and have it sent after commit.

    `after` keeps it back that long, for what may still be taken back.

    `event` names what happened, at most 120 characters (`decision:42`); `template` is a key of
    LETTERS; `context` is JSON. Writes nothing and returns False when the address had its share of
    that letter today. Raises KeyError for an unknown letter and ValueError for a missing word: both are
    mistakes of the caller.
    """
    letter = LETTERS[template]
    if missing := letter.needs - context.keys():
        raise ValueError(f"{template}: {', '.join(sorted(missing))}")
    recipient_hash = hash_recipient(recipient)
    if letter.per_day is not None and settings.REPERES_LIMITS:
        since = timezone.now() - dt.timedelta(days=1)
        sent_lately = Notification.objects.filter(
            recipient_hash=recipient_hash, template=template, created_at__gte=since
        ).count()
        if sent_lately >= letter.per_day:
            log.warning("letter not written: the address had its share of %s today", template)
            return False
    row = Notification(
        event=event,
        template=template,
        recipient=recipient,
        recipient_hash=recipient_hash,
        context=context,
        not_before=timezone.now() + (after or dt.timedelta()),
    )
    with transaction.atomic():
        Notification.objects.bulk_create([row], ignore_conflicts=True)
        defer(SEND, once=f"{SEND}:{_transaction_id()}")
    return True


def hash_recipient(recipient: str) -> str:
    """Return the keyed hash that recognises an address after it was emptied, 64 hexadecimal digits."""
    return salted_hmac("comptes.notification", recipient.strip().lower(), algorithm="sha256").hexdigest()


def send_due() -> int:
    """Send every letter whose hour has come, one transaction each; return how many left.

    A letter is taken (committed) before it is sent and settled after: a process that dies in
    between makes it leave once more at the next try, under the same Message-ID. When the server
    does not answer, the round stops: the letters not tried keep all their tries.
    """
    sent = 0
    while letter := _take():
        try:
            _message(letter).send()
        except REFUSED as error:
            _record_failure(letter, error)
        except UNREACHABLE as error:
            _record_failure(letter, error)
            break
        else:
            _settle(letter, sent_at=timezone.now(), last_error="")
            sent += 1
    return sent


def _transaction_id() -> int:
    """Return PostgreSQL's number of the open transaction: one sending job for each, and no more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        return int(cursor.fetchone()[0])


def _take() -> Notification | None:
    """Take the next due letter for this process, count the try, and commit."""
    with transaction.atomic():
        due = Notification.objects.due().select_for_update(skip_locked=True, of=("self",))
        letter = due.filter(attempts__lt=MAX_ATTEMPTS).first()
        if letter is not None:
            letter.not_before = timezone.now() + dt.timedelta(minutes=DELAYS_MIN[letter.attempts])
            letter.attempts += 1
            letter.save(update_fields=["attempts", "not_before"])
        # Those whose last try killed its process: nobody was left to give them up.
        for spent in due.filter(attempts__gte=MAX_ATTEMPTS):
            _settle(spent, given_up_at=timezone.now())
    return letter


def _settle(letter: Notification, **fields: Any) -> None:
    """Close the letter and forget whom it was for and what it said."""
    Notification.objects.waiting().filter(pk=letter.pk).update(recipient="", context={}, **fields)


def _record_failure(letter: Notification, error: Exception) -> None:
    """Keep the kind of refusal, never its text: servers quote addresses."""
    code = getattr(error, "smtp_code", None) or getattr(error, "errno", None)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(iter(error.recipients.values()))[0]
    kind = f"{type(error).__name__} {code or ''}".strip()[:200]
    log.warning("letter %s not sent, try %s: %s", letter.pk, letter.attempts, kind)
    if letter.attempts >= MAX_ATTEMPTS:
        _settle(letter, given_up_at=timezone.now(), last_error=kind)
    else:
        Notification.objects.waiting().filter(pk=letter.pk).update(last_error=kind)


def _message(letter: Notification) -> EmailMessage:
    """Write the letter as plain text, under a Message-ID that is the same at each try."""
    text = render_to_string(f"courriers/{letter.template}.txt", letter.context)
    # Every kind of line end, so that none is left to break a header.
    subject, *body = text.strip().splitlines()
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    headers = {
        "Message-ID": f"<{letter.pk}.{letter.recipient_hash[:24]}@{host}>",
        # RFC 3834: keeps out-of-office answers away.
        "Auto-Submitted": "auto-generated",
    }
    if stop := letter.context.get("unsubscribe_url"):
        # RFC 2369 and 8058: the button of the mail reader, which sends a POST without opening the page.
        headers["List-Unsubscribe"] = f"<{stop}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return EmailMessage(
        subject.strip(), "\n".join(body).strip() + "\n", to=[letter.recipient], headers=headers
    )
