"""The letter an author gets after a decision: a row of the outbox, in the same transaction."""

from django.conf import settings

from comptes.notifications import notify
from contributions.contact import email_of
from moderation.models import Decision

# The job that tells the authors of a version; deferred by name in the publication's transaction.
WRITE_LETTERS = "moderation.write_publication_letters"


def write_to_author(decision: Decision) -> None:
    """Put one letter in the outbox when the author left an address.

    Nobody is written to about their own gesture, nor about an invented report. Once per decision
    and address, whatever is retried.
    """
    if decision.actor == Decision.Actor.AUTHOR:
        return
    contribution = decision.contribution
    if contribution.practice_of_id is not None:
        return
    email = email_of(contribution)
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


def write_to_authors_of(version_id: int) -> int:
    """Put in the outbox the letters of everybody published in a version; return how many were looked at.

    Safe to run again after a kill: a letter is once per decision and address.
    """
    decisions = (
        Decision.objects.filter(
            action=Decision.Action.PUBLISH,
            contribution__published_in=version_id,
            contribution__contact__isnull=False,
        )
        .select_related("contribution__couche", "contribution__commune")
        .defer("contribution__commune__geom")
        .order_by("pk")
    )
    count = 0
    for decision in decisions.iterator(chunk_size=500):
        write_to_author(decision)
        count += 1
    return count
