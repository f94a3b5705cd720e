"""Links that decide by mail: made when the letter is written, opened as often as one likes, used once.

Mail scanners open every link of a letter, several times; opening changes nothing. Whoever holds the
link acts as the person it was written to, with the rights that person has at that instant.
"""

import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.links import absolute, hash_link, new_link
from comptes.models import User
from contributions.models import Contribution
from moderation.letters import LETTER_DELAY
from moderation.models import Decision, DecisionLink
from moderation.refusals import NotAllowedFrom, Refusal, TooLateToUndo, UndoRefused
from moderation.workflow import Action, Actor, Status, apply, check

# What can be said in one gesture, without comparing with anything else.
LINK_ACTIONS = (Action.ACCEPT, Action.RETURN, Action.REJECT)


class Closed(Refusal):
    """A link that decides nothing any more."""


class LinkUsed(Closed):
    """The link has decided."""

    message = _("Ce lien a déjà servi : il ne décide qu'une fois.")


class LinkExpired(Closed):
    """Its time is over."""

    message = _("Ce lien n'est plus valable : il l'était pendant quatorze jours.")


class Settled(Closed):
    """The report waits for no decision: somebody else took it, or its author withdrew it."""

    message = _("Ce signalement n'attend plus votre décision.")


def make_links(user: User, rows: Iterable[Contribution]) -> dict[UUID, str]:
    """Make a fresh link of `user` for each report; return the address of each by the report's id.

    The addresses are kept nowhere but in the letter: call it in the transaction that writes it.
    """
    made = {row: new_link() for row in rows}
    DecisionLink.objects.bulk_create(
        DecisionLink(user=user, contribution=row, version=row.version, token_sha256=digest)
        for row, (_token, digest) in made.items()
    )
    return {
        row.pk: absolute(reverse("moderation-link", args=[token])) for row, (token, _digest) in made.items()
    }


def find_link(token: str) -> DecisionLink:
    """Return the link with its report. Raises DecisionLink.DoesNotExist, for a malformed token too."""
    return (
        DecisionLink.objects.select_related(
            "user", "decision__by", "contribution__couche", "contribution__commune"
        )
        .defer("contribution__commune__geom")
        .get(token_sha256=hash_link(token))
    )


def check_link(link: DecisionLink) -> None:
    """Raise unless the link may decide now: Forbidden first, who lost the mandate learns nothing else.

    Raises comptes.permissions.Forbidden, LinkUsed, LinkExpired or Settled.
    """
    row = link.contribution
    _check_rights(link)
    if link.decision is not None:
        raise LinkUsed
    if link.is_expired:
        raise LinkExpired
    if row.status != Status.SUBMITTED:
        raise Settled


def decide_by_link(token: str, *, action: Action | str, version: int | None = None, **words: Any) -> Decision:
    """Take the decision of the person the link was written to, and close the link, all or nothing.

    `version` is the report's version that the page showed, that of the letter when omitted. `words`:
    `reason_code`, `public_reason`. A refused decision leaves the link as it was. Raises
    DecisionLink.DoesNotExist, what `check_link` and `workflow.apply` raise.
    """
    with transaction.atomic():
        found = find_link(token)
        # Twice at once: the second waits here, then reads that the first has served.
        link = DecisionLink.objects.select_for_update(of=("self",)).get(pk=found.pk)
        link.contribution = found.contribution
        with suppress(Settled):  # `apply` says it better: who, what and when
            check_link(link)
        decision = apply(
            contribution_id=link.contribution_id,
            action=action,
            actor=Actor.OFFICIAL,
            by=link.user,
            version=version or link.version,
            **words,
        )
        link.used_at, link.decision = decision.at, decision
        link.save(update_fields=["used_at", "decision"])
    return decision


def undo_by_link(token: str) -> None:
    """Take back what the link has just decided; the link decides again. Nobody was written to yet.

    Raises DecisionLink.DoesNotExist, comptes.permissions.Forbidden, or the Refusal that says why it
    is too late.
    """
    with transaction.atomic():
        found = find_link(token)
        link = DecisionLink.objects.select_for_update(of=("self",)).get(pk=found.pk)
        if link.decision is None:
            raise UndoRefused
        if timezone.now() >= link.decision.at + LETTER_DELAY:
            # An acceptance may be taken back longer than that, by who signs in: a used link is closed.
            raise TooLateToUndo
        apply(
            contribution_id=link.contribution_id,
            action=Action.UNDO,
            actor=Actor.OFFICIAL,
            by=link.user,
            version=link.decision.version,
        )
        link.used_at = link.decision = None
        link.save(update_fields=["used_at", "decision"])


def _check_rights(link: DecisionLink) -> None:
    """Raise unless the link's person may decide on the report's commune now."""
    try:
        check(link.contribution, Action.REJECT, actor=Actor.OFFICIAL, by=link.user)
    except NotAllowedFrom:
        return  # the state of the report, looked at after


def forget_old_links(kept_days: int = 90) -> int:
    """Delete the links that expired long ago, used or not; return how many. The decisions stay."""
    before = timezone.now() - dt.timedelta(days=kept_days)
    deleted, _by_model = DecisionLink.objects.filter(expires_at__lt=before).delete()
    return deleted
