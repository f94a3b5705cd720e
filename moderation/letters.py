"""The letter an author gets after a decision: a row of the outbox, in the same transaction."""

import datetime as dt

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from comptes.models import Notification
from comptes.notifications import notify
from contributions.contact import email_of
from contributions.models import Contribution
from moderation.edits import describe_changes
from moderation.models import Decision

# The job that tells the authors of a version; deferred by name in the publication's transaction.
WRITE_LETTERS = "moderation.write_publication_letters"

# A decision taken back within this time writes to nobody: the button shows 30 s, a slow line the rest.
LETTER_DELAY = dt.timedelta(seconds=45)


def write_to_author(decision: Decision) -> None:
    """Put one letter in the outbox when the author left an address.

    Nobody is written to about their own gesture, nor about an invented report; an official's waits
    for second thoughts. Once per decision and address, whatever is retried.
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
        event=_event(decision),
        template="decision-recours" if _judges_appeal(decision) else "decision",
        recipient=email,
        after=LETTER_DELAY if decision.actor == Decision.Actor.OFFICIAL else None,
        context={
            "contribution": str(contribution.pk),
            "action": decision.action,
            "status": decision.to_status,
            "status_label": decision.outcome_label,
            "public_reason": decision.public_reason,
            "changes": [
                {"label": one.label, "before": one.before, "after": one.after}
                for one in describe_changes(contribution.couche, decision.changes)
            ],
            "until_said": date_format(contribution.held_until, "j F Y") if contribution.held_until else "",
            "desk": turn_label(contribution),
            "couche": contribution.couche.title,
            "commune": contribution.commune.nom,
            "received_on": contribution.received_at.date().isoformat(),
            "decided_at": decision.at.isoformat(),
            "suivi_url": f"{settings.PUBLIC_URL}/suivi/",
        },
    )


def take_back_letter(decision: Decision) -> bool:
    """Tear up the letter of a decision that is undone; False when it has already left.

    Without address there is no letter, hence nothing to correct: True.
    """
    letters = Notification.objects.filter(event=_event(decision))
    letters.waiting().filter(attempts=0, not_before__gt=timezone.now()).delete()
    return not letters.exists()


def turn_label(contribution: Contribution, level: str | None = None) -> str:
    """Return who is asked now (or would be at `level`), as an author reads it.

    « Ytrac », « Bassin d'Aurillac », « Cantal ».
    """
    desk = contribution.handed_to or contribution.commune
    asked = contribution.level if level is None else level
    if asked == Contribution.Level.EPCI and desk.epci is not None:
        return desk.epci.nom
    if asked == Contribution.Level.DEPARTEMENT:
        return desk.departement.nom
    return desk.nom


def _judges_appeal(decision: Decision) -> bool:
    """Say whether an official decides on a refusal that its author contested."""
    appealed_at = decision.contribution.appealed_at
    return decision.actor == Decision.Actor.OFFICIAL and appealed_at is not None and decision.at > appealed_at


def _event(decision: Decision) -> str:
    return f"decision:{decision.pk}"


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
