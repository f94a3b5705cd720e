"""Follow-up links sent again to the address left with a report: nobody else learns that it was left.

The request itself looks nothing up: it defers a job, the same for every address, so that
neither its answer nor its duration tells a known address from another.
"""

import secrets
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from comptes.deferral import defer
from comptes.models import Notification
from comptes.notifications import notify
from contributions.contact import email_sha256, follow_up_url
from contributions.forms import SECRET_BYTES
from contributions.models import Contact, FollowUpKey
from contributions.submission import secret_sha256
from contributions.validation import read_email

WRITE_LINKS = "contributions.write_follow_up_links"
MAX_LINKS = 10


def recover(*, email: object) -> str:
    """Ask for the letter « Vos liens de suivi » to `email`; return the sentence to answer, always the same.

    The queue holds the address's hash, never the address. Raises ValidationError on "email"
    for what is no address.
    """
    try:
        address = read_email(email)
    except ValidationError as error:
        raise ValidationError({"email": error.messages}) from error
    if not address:
        raise ValidationError({"email": [_("Donnez l'adresse électronique laissée avec votre signalement.")]})
    digest = email_sha256(address)
    # Asked again while the first request waits: one letter is enough.
    defer(WRITE_LINKS, once=f"{WRITE_LINKS}:{digest}", email_sha256=digest, request_id=str(uuid.uuid4()))
    return _(
        "Si cette adresse a été laissée avec un signalement, un courriel y part avec ses liens de suivi. "
        "Rien n'arrive ? Vérifiez l'adresse, puis les courriers indésirables."
    )


@transaction.atomic
def write_links(*, email_sha256: str, request_id: str) -> int:
    """Write one letter with a fresh link for each of the ten latest reports of an address; return how many.

    The letter goes to the address as its author wrote it, not as somebody typed it since. Nothing
    when none is known, when the address had its share today, or when this request was served.
    """
    event = f"suivi-retrouver:{request_id}"
    contacts = list(
        Contact.objects.filter(email_sha256=email_sha256, delete_after__gte=timezone.localdate())
        .select_related("contribution__couche", "contribution__commune")
        .defer("contribution__commune__geom")
        .order_by("-contribution__received_at", "-pk")[:MAX_LINKS]
    )
    if not contacts or Notification.objects.filter(event=event).exists():
        return 0
    fresh = [secrets.token_urlsafe(SECRET_BYTES) for _contact in contacts]
    links = [_link(contact, secret) for contact, secret in zip(contacts, fresh, strict=True)]
    written = notify(
        event=event, template="liens-de-suivi", recipient=contacts[0].email, context={"liens": links}
    )
    if not written:
        return 0
    FollowUpKey.objects.bulk_create(
        FollowUpKey(
            contribution=contact.contribution,
            secret_sha256=secret_sha256(secret),
            created_at=timezone.now(),
            delete_after=contact.delete_after,
        )
        for contact, secret in zip(contacts, fresh, strict=True)
    )
    return len(links)


def delete_expired_keys() -> int:
    """Delete the keys whose date has passed or whose contact is gone; return how many."""
    spent = Q(delete_after__lt=timezone.localdate()) | Q(contribution__contact__isnull=True)
    deleted, _by_model = FollowUpKey.objects.filter(spent).delete()
    return deleted


def _link(contact: Contact, secret: str) -> dict[str, Any]:
    contribution = contact.contribution
    return {
        "couche": contribution.couche.title,
        "commune": contribution.commune.nom,
        "date": date_format(timezone.localtime(contribution.received_at), "j F Y"),
        "lien": follow_up_url(contribution, secret),
    }
