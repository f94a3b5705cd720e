"""The e-mail an author left: kept apart, used for their letters only, for a time."""

import datetime as dt
import hashlib

from django.conf import settings
from django.utils import timezone

from comptes.notifications import notify
from contributions.models import Contact, Contribution

# The longest a decision may take; a settled contribution's contact may go sooner.
CONTACT_KEPT = dt.timedelta(days=183)


def leave_contact(contribution: Contribution, *, email: str, secret: str) -> Contact:
    """Keep `email` beside a new contribution and write its receipt to the outbox.

    Runs in the caller's transaction. The letter carries the follow-up link, so the outbox
    holds the secret until the letter leaves: it is emptied by the sending job.
    """
    contact = Contact.objects.create(
        contribution=contribution,
        email=email,
        email_sha256=email_sha256(email),
        delete_after=(contribution.received_at + CONTACT_KEPT).date(),
    )
    notify(
        event=f"contribution:{contribution.pk}:recue",
        template="accuse-reception",
        recipient=email,
        context={
            "couche": contribution.couche.title,
            "commune": contribution.commune.nom,
            "suivi": follow_up_url(contribution, secret),
        },
    )
    return contact


def email_sha256(email: str) -> str:
    """Return the hash under which an address is found, whatever its capitals."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()


def email_of(contribution: Contribution) -> str | None:
    """Return the address to write to about `contribution`, or None when none is kept."""
    contact = Contact.objects.filter(
        contribution=contribution, delete_after__gte=timezone.localdate()
    ).first()
    return contact.email if contact else None


def delete_expired_contacts() -> int:
    """Delete the addresses whose date has passed; return how many."""
    deleted, _by_model = Contact.objects.filter(delete_after__lt=timezone.localdate()).delete()
    return deleted


def follow_up_url(contribution: Contribution, secret: str) -> str:
    """Return the author's page; the secret is in the fragment, which browsers do not send."""
    return f"{settings.PUBLIC_URL}/suivi/#{contribution.pk}.{secret}"
