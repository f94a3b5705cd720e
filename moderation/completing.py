"""What a town hall fills in, in a report before deciding and in a published feature: one form, one judge.

Nothing here edits a couche: a completed feature is a contribution like another, entered at the
town hall's desk, accepted by whoever may decide, published with the next version.
"""

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comptes import permissions
from comptes.models import User
from comptes.roles import Gesture
from contributions.models import Contribution
from contributions.submission import PayloadConflict, Submission, submit
from couches.conformity import PARENT, Gauge, address_parts, asked, gauge_of, suggestions
from couches.forms import AttributeForm, Group, attribute_form
from couches.models import Couche
from couches.schemas import describe
from moderation.edits import Difference
from moderation.features import State, lock, read_state
from moderation.forms import NewPlaceForm
from moderation.refusals import CommuneChanged, NothingCompleted, Refusal
from moderation.workflow import Action, Actor, apply
from territoires.location import locate
from territoires.models import Commune

PLACE_ID = "completer-%s"


class FeatureChanged(Refusal):
    """Somebody else changed the feature between the reading and the saving."""

    message = gettext_lazy(
        "Cette fiche a changé depuis que vous l'avez ouverte. Rien n'est perdu : comparez ci-dessous, "
        "puis enregistrez de nouveau."
    )


class FeatureRemoved(Refusal):
    """Its removal is accepted: nothing more can be said of it."""

    message = gettext_lazy("La suppression de ce lieu est acceptée : il n'y a plus rien à compléter.")


@dataclass(frozen=True, slots=True)
class Completion:
    """What the template shows: `first` what the national schema asks a town hall to write, `others` the rest.

    `address` maps the parts of an address to the ids of their inputs.
    """

    questions: AttributeForm
    place: NewPlaceForm
    first: list[Group]
    others: list[Group]
    gauge: Gauge | None
    address: dict[str, str]
    geom: Point
    commune: Commune


def completion_of(contribution: Contribution, data: Any = None) -> Completion:
    """Return the form that completes a report before accepting it; `data` what was sent."""
    whole = contribution.operation in {Contribution.Operation.CREATE, Contribution.Operation.UPDATE}
    return build(
        contribution.couche,
        contribution.attributes,
        contribution.geom,
        contribution.commune,
        data,
        partial=not whole,
    )


def build(
    couche: Couche,
    attributes: dict[str, Any],
    geom: Point,
    commune: Commune,
    data: Any = None,
    *,
    partial: bool = False,
) -> Completion:
    """Return the form for these attributes; what may be proposed is, where nothing is said.

    `partial`: of a removal or a confirmation, which need say nothing.
    """
    proposed = {} if partial else suggestions(couche, attributes, commune)
    questions = attribute_form(couche, data, {**attributes, **proposed}, completing=True, partial=partial)
    for name in proposed:
        field = questions.fields[name]
        # The field's template trusts help texts; ours is escaped where it was made.
        note = escape(_("Proposé d'après ce qui est connu : vérifiez."))
        field.help_text = f"{field.help_text} {note}".strip()
    first, others = _split(questions)
    typed = questions.answers() if data is not None else attributes
    return Completion(
        questions=questions,
        place=NewPlaceForm(data, auto_id=PLACE_ID),
        first=first,
        others=others,
        gauge=None if partial else gauge_of(couche, typed, commune=commune),
        address={part: f"id_{questions.add_prefix(name)}" for part, name in address_parts(couche).items()},
        geom=geom,
        commune=commune,
    )


def _split(questions: AttributeForm) -> tuple[list[Group], list[Group]]:
    """Part the questions: what a town hall writes for the national schema first, then all the rest.

    What residents answer by ticking stays with the rest, a click away: a phone's screen is short.
    """
    names = [name for name, _level in asked(questions.couche)] + [PARENT]
    wanted = {name for name in names if name in questions.questions and _is_written(questions, name)}
    first, others = [], []
    for group in questions.groups():
        here = [one for one in group.questions if one.name in wanted]
        rest = [one for one in group.questions if one.name not in wanted]
        first += [replace(group, questions=here)] if here else []
        others += [replace(group, questions=rest)] if rest else []
    # The group that is the town hall's alone comes first.
    first.sort(key=lambda group: not _is_official(questions, group))
    return first, others


def _is_written(questions: AttributeForm, name: str) -> bool:
    asked_of = questions.questions[name]
    if asked_of.definition.get("x-complete"):
        return True
    return (
        asked_of.definition.get("type") == "string"
        and "enum" not in asked_of.definition
        and not asked_of.required
    )


def _is_official(questions: AttributeForm, group: Group) -> bool:
    return all(questions.questions[one.name].definition.get("x-complete") for one in group.questions)


def read_changes(contribution: Contribution, data: Any) -> tuple[dict[str, Any], Point | None]:
    """Return (all the answers, the new point or None) typed by an official on a report.

    `data` is a form's (`a-<attribute>`, `lon`, `lat` as text, EPSG:4326). Feed them to
    `edits.Edits(attributes, point)`. Raises ValidationError by field: `attributes.<path>`, `geometry`.
    """
    return read_form(completion_of(contribution, data))


def read_form(completion: Completion) -> tuple[dict[str, Any], Point | None]:
    """Return (answers, new point or None) of a sent form. Raises ValidationError by field."""
    errors: dict[str, list[str]] = {}
    questions, place = completion.questions, completion.place
    if not questions.is_valid():
        errors |= _by_path(questions)
    point = None
    try:
        if not place.is_valid():
            told = [str(text) for texts in place.errors.values() for text in texts]
            raise ValidationError({"geometry": told})
        point = _moved(place.geometry(), completion)
    except ValidationError as error:
        errors |= error.message_dict
        place.add_error(None, error.messages)
    if errors:
        raise ValidationError(errors)
    return questions.to_attributes(), point


def _by_path(questions: AttributeForm) -> dict[str, list[str]]:
    """Return the messages of the form's fields under the names of the JSON door."""
    found: dict[str, list[str]] = {}
    for name, texts in questions.errors.items():
        path = "attributes" if name == "__all__" else f"attributes.{name}"
        found.setdefault(path, []).extend(str(text) for text in texts)
    return found


def _moved(geometry: Mapping[str, Any] | None, completion: Completion) -> Point | None:
    """Return the point typed, None when it is the one known. Raises ValidationError on "geometry"."""
    if geometry is None:
        return None
    lon, lat = geometry["coordinates"]
    point = Point(lon, lat, srid=4326)
    if point.coords == completion.geom.coords:
        return None
    if locate(point).commune.pk != completion.commune.pk:
        raise ValidationError({"geometry": [str(CommuneChanged())]})
    return point


def complete_feature(
    *,
    by: User,
    feature_id: uuid.UUID,
    attributes: Mapping[str, Any],
    point: Point | None,
    base: str,
    identifier: uuid.UUID,
) -> Contribution | None:
    """Propose the completed feature as `by`, and accept it when they may decide; None when out of scope.

    `attributes` are all its answers, `point` (EPSG:4326) its new place or None, `base` the token of
    the state that was on the screen, `identifier` made by the page: sent twice, it is done once.
    Raises FeatureChanged, FeatureRemoved, NothingCompleted, ValidationError by field, or Forbidden.
    """
    known = Contribution.objects.filter(pk=identifier).select_related("couche", "commune").first()
    if known is not None:
        if known.entered_by_id != by.pk or known.feature_id != feature_id:
            raise PayloadConflict
        return known
    with transaction.atomic():
        state = read_state(feature_id, by)
        if state is None:
            return None
        lock(feature_id)
        # Read again behind the lock: somebody may have saved while we waited.
        state = read_state(feature_id, by)
        if state is None:
            return None
        if state.removal:
            raise FeatureRemoved
        if state.token != base:
            raise FeatureChanged
        if dict(attributes) == state.attributes and (point is None or point.coords == state.geom.coords):
            raise NothingCompleted
        receipt = submit(_submission(by, state, attributes, point, identifier))
        if permissions.can(by, Gesture.DECIDE, state.row.commune):
            apply(
                contribution_id=identifier,
                action=Action.ACCEPT,
                actor=Actor.OFFICIAL,
                by=by,
                version=receipt.contribution.version,
                gesture=identifier,
            )
    receipt.contribution.refresh_from_db()
    return receipt.contribution


def _submission(
    by: User, state: State, attributes: Mapping[str, Any], point: Point | None, identifier: uuid.UUID
) -> Submission:
    place = point or state.geom
    moved = point is not None
    return Submission(
        id=identifier,
        # Nobody follows it by a link: the secret is made and forgotten.
        secret=secrets.token_urlsafe(24),
        couche=state.row.couche.slug,
        operation=Contribution.Operation.UPDATE.value,
        feature=state.row.feature_id,
        geometry={"type": "Point", "coordinates": list(place.coords)},
        attributes=dict(attributes),
        observed_at=_last_seen(state.row.last_observed_on),
        accuracy_m=None if moved else state.row.accuracy_m,
        position_source=(
            Contribution.PositionSource.MAP if moved else Contribution.PositionSource.LIST
        ).value,
        channel=Contribution.Channel.DESK.value,
        entered_by=by,
    )


def _last_seen(day: dt.date) -> dt.datetime:
    """Return noon of the last observation: writing a SIRET says nothing of when the place was seen."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time(12)))


def differences_with(state: State, attributes: Mapping[str, Any]) -> list[Difference]:
    """Return what somebody typed against what the feature says now, in the words of the couche."""
    couche = state.row.couche
    now, mine = dict(describe(couche, state.attributes)), dict(describe(couche, dict(attributes)))
    return [
        Difference(label, now.get(label, ""), mine.get(label, ""))
        for label in {**now, **mine}
        if now.get(label, "") != mine.get(label, "")
    ]
