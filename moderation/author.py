"""The author's side: read the story of a report, correct it, withdraw it, answer a question.

The author is whoever holds the secret; a wrong one is answered like an unknown report.
"""

import datetime as dt
import re
import uuid
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from contributions import pauses
from contributions.models import Contribution
from contributions.validation import read_observed_at
from couches.schemas import carry_over, clean_attributes, describe
from couches.text import clean_text
from moderation.appeals import Prospect, prospect_of
from moderation.delays import Delay, delay_of
from moderation.edits import Difference, describe_changes
from moderation.letters import LETTER_DELAY, turn_label
from moderation.models import Decision
from moderation.refusals import CommuneChanged, NothingAnswered, NothingCorrected, Refusal
from moderation.workflow import Action, Actor, Status, apply, can, check, correct_until
from territoires.location import locate
from territoires.points import point_from_geojson

CODE = re.compile(r"\s*(?:\S*#)?([0-9a-fA-F-]{36})\.([A-Za-z0-9_-]{22,128})\s*")
MAX_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of the story: the state it led to, in whose words and with which reason.

    `corrected` says that the state did not change, only what the report says; `appeal` that the
    author asked for another opinion; `body` names who was asked then, or answered after it; `said`
    tells what happened where the state alone would not (« Transmis »); `changes` what an official
    completed.
    """

    at: Any
    status: str
    who: str
    public_reason: str
    corrected: bool = False
    appeal: bool = False
    body: str = ""
    said: str = ""
    changes: tuple[Difference, ...] = ()

    @property
    def label(self) -> str:
        """What happened, in the words of the interface."""
        if self.appeal:
            return _("Recours")
        return self.said or str(Status(self.status).label)


@dataclass(frozen=True, slots=True)
class Story:
    """What the author reads; never who decided by name, never the officials' notes.

    `correct_until` is None when nothing can be corrected, or no longer; `delay` when no answer is owed.
    """

    contribution: Contribution
    steps: list[Step]
    answers: list[tuple[str, str]]
    may_withdraw: bool
    may_answer: bool
    correct_until: dt.datetime | None
    appeal: Prospect
    delay: Delay | None

    @property
    def may_correct(self) -> bool:
        """Say whether the author may still change what they have sent."""
        return self.correct_until is not None


def read_code(text: str) -> tuple[uuid.UUID, str] | None:
    """Return (id, secret) of a follow-up code or of the whole link, as pasted; None when it is neither."""
    found = CODE.fullmatch(text[:600])
    try:
        return (uuid.UUID(found[1]), found[2]) if found else None
    except ValueError:
        return None


def story_of(contribution: Contribution) -> Story:
    """Return the story, oldest first."""
    steps = [Step(contribution.received_at, Status.SUBMITTED.value, "auteur", "")]
    for decision in _told(contribution):
        who = "mairie" if decision.actor == Actor.OFFICIAL else "auteur"
        if decision.actor == Actor.PUBLICATION:
            who = "publication"
        # What the author wrote back is theirs to read again; the officials' own notes are not.
        said = decision.reason if decision.actor == Actor.AUTHOR else decision.public_reason
        steps.append(
            Step(
                decision.at,
                decision.to_status,
                who,
                said,
                corrected=decision.action == Action.CORRECT,
                appeal=decision.action == Action.APPEAL,
                body=_body(contribution, decision),
                said=decision.step_label,
                changes=tuple(describe_changes(contribution.couche, decision.changes)),
            )
        )
    return Story(
        contribution=contribution,
        steps=steps,
        answers=describe(contribution.couche, contribution.attributes),
        may_withdraw=can(contribution, Action.WITHDRAW, actor=Actor.AUTHOR),
        may_answer=can(contribution, Action.ANSWER, actor=Actor.AUTHOR),
        correct_until=correct_until(contribution)
        if can(contribution, Action.CORRECT, actor=Actor.AUTHOR)
        else None,
        appeal=prospect_of(contribution),
        delay=delay_of(contribution),
    )


def _told(contribution: Contribution) -> list[Decision]:
    """Return the journal as its author reads it: what was taken back before it could be told never was."""
    found: list[Decision] = []
    for decision in contribution.decisions.order_by("version"):
        if found and decision.action == Action.UNDO and decision.at < found[-1].at + LETTER_DELAY:
            found.pop()
        else:
            found.append(decision)
    return found


def _body(contribution: Contribution, decision: Decision) -> str:
    """Return who was asked by an appeal, or answered after it; "" elsewhere."""
    if decision.action == Action.APPEAL:
        return turn_label(contribution)
    appealed = contribution.appealed_at is not None and decision.at > contribution.appealed_at
    return turn_label(contribution) if appealed and decision.actor == Actor.OFFICIAL else ""


def withdraw(*, contribution: Contribution) -> Decision | None:
    """Withdraw the author's own report; None when it already is, so that a retry succeeds.

    Raises a Refusal of `moderation.refusals`.
    """
    if contribution.status == Status.WITHDRAWN:
        return None
    return apply(contribution_id=contribution.pk, action=Action.WITHDRAW, actor=Actor.AUTHOR, version=None)


@transaction.atomic
def answer(
    *, contribution: Contribution, attributes: object = None, geometry: object = None, message: object = ""
) -> Decision:
    """Complete a returned report and put it back in the queue.

    `attributes` replaces all answers (None leaves them); `geometry` is a GeoJSON Point (EPSG:4326,
    None leaves it) in the same commune. Raises ValidationError by field, or a Refusal.
    """
    row = _lock(contribution)
    check(row, Action.ANSWER, actor=Actor.AUTHOR)
    told = _message(message)
    if attributes is None and geometry is None and not told:
        raise NothingAnswered
    changed = _answers(row, attributes) + _place(row, geometry)
    if changed:
        row.save(update_fields=changed)
    return apply(contribution_id=row.pk, action=Action.ANSWER, actor=Actor.AUTHOR, version=None, reason=told)


@transaction.atomic
def correct(
    *,
    contribution: Contribution,
    attributes: object = None,
    geometry: object = None,
    observed_at: object = None,
) -> Decision | None:
    """Change what was sent less than an hour ago, while nobody decided; None when nothing changes.

    `attributes` replaces all answers; `geometry` is a GeoJSON Point (EPSG:4326) in the same
    commune; `observed_at` ISO 8601; None leaves each. The same correction again changes nothing,
    even too late: a lost answer can be asked for again. The version grows, so that an official
    who has the old page before their eyes decides on nothing. Raises ValidationError by field,
    or a Refusal.
    """
    if attributes is None and geometry is None and observed_at is None:
        raise NothingCorrected
    row = _lock(contribution)
    refusal = _closed(row)
    try:
        changed = _answers(row, attributes) + _place(row, geometry) + _date(row, observed_at)
    except (ValidationError, CommuneChanged):
        if refusal is not None:
            raise refusal from None
        raise
    if not changed:
        return None
    if refusal is not None:
        raise refusal
    row.save(update_fields=changed)
    return apply(
        contribution_id=row.pk, action=Action.CORRECT, actor=Actor.AUTHOR, version=None, reason=_said(changed)
    )


def _closed(row: Contribution) -> Refusal | None:
    """Return why the report cannot be corrected, or None when it can."""
    try:
        check(row, Action.CORRECT, actor=Actor.AUTHOR)
    except Refusal as refusal:
        return refusal
    return None


def _said(changed: list[str]) -> str:
    """Return what was corrected, for the journal: the words before are not kept."""
    parts = {"attributes": _("les réponses"), "geom": _("le lieu"), "observed_at": _("la date")}
    return ", ".join(str(label) for field, label in parts.items() if field in changed)


def _lock(contribution: Contribution) -> Contribution:
    """Return the row as it is now, locked: an official who decides meanwhile waits."""
    return (
        Contribution.objects.select_for_update(of=("self",), no_key=True)
        .select_related("couche", "commune")
        .defer("commune__geom")
        .get(pk=contribution.pk)
    )


def _message(raw: object) -> str:
    try:
        return clean_text(raw if raw is not None else "", max_length=MAX_MESSAGE)  # type: ignore[arg-type]  # it checks
    except ValidationError as error:
        raise ValidationError({"message": error.messages}) from error


def _answers(row: Contribution, attributes: object) -> list[str]:
    if attributes is None:
        return []
    whole = row.operation in {Contribution.Operation.CREATE, Contribution.Operation.UPDATE}
    by_officials = row.channel in {Contribution.Channel.DESK, Contribution.Channel.IMPORT}
    cleaned = clean_attributes(row.couche, attributes, completing=by_officials, partial=not whole)
    # What the town hall completed is not in the author's form: silence must not empty it.
    told = carry_over(row.couche, row.attributes, cleaned)
    if told == row.attributes:
        return []
    row.attributes = told
    row.schema_version = row.couche.schema_version
    return ["attributes", "schema_version"]


def _place(row: Contribution, geometry: object) -> list[str]:
    if geometry is None:
        return []
    point = point_from_geojson(geometry)
    if point.coords == row.geom.coords:
        return []
    if row.operation in {Contribution.Operation.DELETE, Contribution.Operation.CONFIRM}:
        # Those happen where the object is; only a new place for it would be a correction.
        raise ValidationError({"geometry": [_("Le lieu est celui de l'objet : laissez-le vide.")]})
    location = locate(point)
    if location.commune.pk != row.commune_id:
        raise CommuneChanged
    if row.entered_by_id is None:
        # A report received next to a pause must not slip into it afterwards.
        pauses.check_place(point, commune=row.commune, couche=row.couche)
    row.geom = point
    row.near_border = location.near_border
    row.accuracy_m = None
    row.position_source = Contribution.PositionSource.MAP
    return ["geom", "near_border", "accuracy_m", "position_source"]


def _date(row: Contribution, observed_at: object) -> list[str]:
    if observed_at is None:
        return []
    try:
        moment = read_observed_at(observed_at)
    except ValidationError as error:
        raise ValidationError({"observed_at": error.messages}) from error
    if moment == row.observed_at:
        return []
    row.observed_at = moment
    return ["observed_at"]
