"""The letter an author gets after a decision: a row of the outbox, in the same transaction."""

from django.conf import settings

from comptes.notifications import notify
from contributions.models import Contact
from moderation.models import Decision


def write_to_author(decision: Decision) -> None:
    """Put one letter in the outbox when the author left an address.

    Nobody is written to about their own gesture. Once per decision and address, whatever is retried.
    """
    if decision.actor == Decision.Actor.AUTHOR:
        return
    contribution = decision.contribution
    email = Contact.objects.filter(contribution=contribution).values_list("email", flat=True).first()
    if email is None:
        return
    notify(
        event=f"decision:{decision.pk}",
        template="decision",
        recipient=email,
        context={
            "contribution": str(contribution.pk),
            "action": decision.action,
            "status": decision.to_status,
            "status_label": decision.outcome_label,
            "public_reason": decision.public_reason,
            "couche": contribution.couche.title,
            "commune": contribution.commune.nom,
            "received_on": contribution.received_at.date().isoformat(),
            "decided_at": decision.at.isoformat(),
            "suivi_url": f"{settings.PUBLIC_URL}/suivi/",
        },
    )
