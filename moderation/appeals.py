"""The author's right to another opinion: a refusal is looked at again, once, by somebody above the commune."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from comptes.models import Membership, User
from comptes.notifications import notify
from comptes.roles import Role
from contributions.models import Contribution
from couches.text import clean_text
from moderation import turns
from moderation.letters import turn_label
from moderation.models import Decision
from moderation.refusals import AlreadyAppealed, Refusal
from moderation.workflow import Action, Actor, Status, apply, check, last_decision

MAX_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class Prospect:
    """What an author of a refused report reads: whom an appeal would go to, until when; or why not.

    `to` is "" when it is closed; `why_not` is "" when it is open, and when nothing was refused.
    """

    to: str = ""
    until: dt.datetime | None = None
    why_not: str = ""


def prospect_of(row: Contribution) -> Prospect:
    """Return whether, to whom and until when the author of `row` may appeal."""
    if row.status != Status.REJECTED:
        return Prospect()
    try:
        level, refused = _open(row)
    except Refusal as refusal:
        return Prospect(why_not=str(refusal))
    return Prospect(to=turn_label(row, level), until=refused.at + turns.APPEAL_WINDOW)


@transaction.atomic
def appeal(*, contribution: Contribution, message: object) -> Decision | None:
    """Ask the level above for another opinion on a refusal, in the author's words (1 to 1000 characters).

    Goes to the EPCI, else to the département, where somebody other than who refused decides; they are
    written to. None when the very same appeal was made before, so that a retry succeeds. Raises
    ValidationError on "message", or a Refusal of `moderation.refusals`.
    """
    told = _message(message)
    row = (
        Contribution.objects.select_for_update(of=("self",), no_key=True)
        .select_related("couche", "commune", "handed_to")
        .defer("commune__geom", "handed_to__geom")
        .get(pk=contribution.pk)
    )
    if row.appealed_at is not None:
        if row.decisions.filter(action=Action.APPEAL, reason=told).exists():
            return None
        raise AlreadyAppealed
    _open(row)
    decision = apply(
        contribution_id=row.pk, action=Action.APPEAL, actor=Actor.AUTHOR, version=None, reason=told
    )
    _write_to_judges(decision)
    return decision


def judges_of(row: Contribution, *, but: int | None) -> list[User]:
    """Return who decides at the level an appeal went to, without the person `but`.

    At the département's, the nearest territory that has somebody: département, région, then France.
    """
    desk = turns.desk_of(row)
    live = Membership.objects.live().covering(desk).filter(role=Role.MODERATOR).exclude(user=but)
    levels = {
        turns.Level.EPCI: [Q(epci__isnull=False)],
        turns.Level.DEPARTEMENT: [Q(departement__isnull=False), Q(region__isnull=False), Q(national=True)],
    }
    for at in levels[turns.Level(row.level)]:
        people = User.objects.filter(pk__in=live.filter(at).values("user")).order_by("pk")
        if found := list(people):
            return found
    return []


def _open(row: Contribution) -> tuple[turns.Level, Decision]:
    """Return the level and the refusal. Raises a Refusal when no appeal is possible."""
    if row.appealed_at is not None:
        raise AlreadyAppealed
    check(row, Action.APPEAL, actor=Actor.AUTHOR)
    refused = last_decision(row)
    assert refused is not None  # noqa: S101  # a refused report has the decision that refused it
    return turns.check_appeal(row, refused.at, refused.by), refused


def _message(raw: object) -> str:
    try:
        text = clean_text(raw if raw is not None else "", max_length=MAX_MESSAGE)  # type: ignore[arg-type]  # it checks
    except ValidationError as error:
        raise ValidationError({"message": error.messages}) from error
    if not text:
        raise ValidationError(
            {"message": [_("Dites en quelques mots pourquoi cette réponse ne vous convient pas.")]}
        )
    return text


def _write_to_judges(decision: Decision) -> None:
    """Write to who may decide now; nothing of the author, whose words are on the page only."""
    row = Contribution.objects.select_related("couche", "commune", "handed_to").get(
        pk=decision.contribution_id
    )
    refusal = row.decisions.filter(action=Action.REJECT).order_by("-version")[0]
    for person in judges_of(row, but=refusal.by_id):
        notify(
            event=f"recours:{decision.pk}",
            template="recours",
            recipient=person.email,
            context={
                "commune": turns.desk_of(row).nom,
                "couche": row.couche.title,
                "refused_on": date_format(timezone.localtime(refusal.at), "j F Y"),
                "lien": f"{settings.PUBLIC_URL}/moderation/{row.pk}/",
            },
        )
