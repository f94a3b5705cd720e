"""What a report would become, before it is sent: where, already known, and exactly what will be public.

Reads only. The page without scripts and the JSON door show the same rows, made here.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from comptes.mandates import who_answers
from comptes.permissions import Forbidden
from contributions import pauses
from contributions.duplicates import find_near
from contributions.models import Contribution, Pause
from contributions.submission import check_desk, locate_proposed
from contributions.validation import Operation, Reading, Submission, couche_slug, read
from couches.coarse import ACCURACY_M, middle_of_cell
from couches.models import Couche, FeatureVersion
from couches.schemas import clean_attributes, describe, title_of
from territoires.location import Location

# Those give an object its content; the others only speak of it.
DESCRIBING = {Operation.CREATE, Operation.UPDATE}
# What the files publish: 7 decimals of a degree, a centimetre.
DEGREE_DIGITS = 7
MAX_NEAR = 50
MAX_FEATURES = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be received and published.

    `location` is None when no place is known; `answered_by` is a level of `comptes.mandates` or "";
    `pause` the one that a stranger would meet there, None at the desk; `features` are published ones
    near, `pending` the number of reports that wait near; `public`
    (label, value) pairs; `errors` what `submit()` would refuse, by field.
    """

    location: Location | None
    answered_by: str
    pause: Pause | None
    features: list[dict[str, Any]]
    pending: int
    public: list[tuple[str, str]]
    errors: dict[str, list[str]]


def preview(submission: Submission) -> Preview:
    """Say what `submit()` would make of `submission`, of which only the couche must be known.

    Seven queries at most, none that writes. The id and the secret are the device's own affair:
    judged when given, not missed. Raises ValidationError for an unknown couche.
    """
    couche = Couche.objects.filter(slug=couche_slug(submission)).first()
    form = read(submission, couche)
    if couche is None:
        raise ValidationError({"couche": form.errors["couche"]})
    for name in ("id", "secret"):
        if getattr(submission, name) is None:
            form.errors.pop(name, None)
    location = _location(form, submission)
    features: list[dict[str, Any]] = []
    pending = 0
    paused: list[Pause] = []
    if location is not None:
        if submission.channel != Contribution.Channel.DESK:
            paused = pauses.on(form.values["geometry"], commune=location.commune, couche=couche)
        features, pending = _near(form.values["geometry"], couche, form.values["feature"])
    return Preview(
        location=location,
        answered_by=who_answers(location.commune) if location else "",
        pause=paused[0] if paused else None,
        features=features,
        pending=pending,
        public=_public(couche, submission, form, location),
        errors=form.errors,
    )


def _location(form: Reading, submission: Submission) -> Location | None:
    """Return where it would be received, noting the refusals of the place and of the desk."""
    point, operation = form.values.get("geometry"), form.values["operation"]
    if point is None:
        return None
    location: Location | None = form.read("place", locate_proposed, point, operation, form.values["feature"])
    if location is not None and form.values["channel"] == Contribution.Channel.DESK:
        try:
            form.read("channel", check_desk, submission.entered_by, location.commune)
        except Forbidden as refusal:
            form.errors.setdefault("channel", []).append(str(refusal))
    return location


def _near(point: Point, couche: Couche, target: FeatureVersion | None) -> tuple[list[dict[str, Any]], int]:
    """Return the features near, without the one spoken of, and how many reports wait there.

    Of a report that waits, a stranger learns here that it exists, neither where nor when.
    """
    near = find_near(point, couche, limit=MAX_NEAR)
    own = target.feature_id if target else None
    features = [one.public() for one in near if one.kind == "feature" and one.id != own]
    return features[:MAX_FEATURES], sum(one.kind == "signalement" for one in near)


def _public(
    couche: Couche, submission: Submission, form: Reading, location: Location | None
) -> list[tuple[str, str]]:
    """Return (label, value) of all that would be public, in the order of the page."""
    values = form.values
    operation, target = values["operation"], values.get("feature")
    rows = [(_("Sujet"), couche.title)]
    if operation is not None and target is not None:
        rows.append((_("Proposition"), _proposal(couche, operation, target)))
    if location is not None:
        rows.append((_("Commune"), location.commune.nom))
    if values.get("geometry") is not None:
        accuracy_m = values["accuracy_m"] if operation in DESCRIBING else None
        rows.append((_("Lieu"), _public_place(couche, values["geometry"], accuracy_m)))
    if operation in DESCRIBING:
        rows += describe(couche, _answers(couche, submission, form))
    # A removal publishes no date: the object goes, with those of its observations.
    if values["observed_at"] is not None and operation != Operation.DELETE:
        rows.append((_("Constaté le"), _day(values["observed_at"])))
    return rows


def _proposal(couche: Couche, operation: Operation, target: FeatureVersion) -> str:
    return _("%(operation)s « %(title)s »") % {
        "operation": operation.label,
        "title": title_of(couche, target.attributes),
    }


def _public_place(couche: Couche, point: Point, accuracy_m: float | None) -> str:
    """Return the place as the files will say it; of a sensitive couche, the middle of a wide cell."""
    if not couche.sensitive:
        return _place(point, accuracy_m)
    return _("arrondi à une dizaine de kilomètres : %(place)s") % {
        "place": _place(middle_of_cell(point), ACCURACY_M)
    }


def _place(point: Point, accuracy_m: float | None) -> str:
    """Return latitude and longitude in degrees, and the precision in metres when it is published."""
    latitude, longitude = (number_format(ordinate, DEGREE_DIGITS) for ordinate in (point.y, point.x))
    if accuracy_m is None:
        return f"{latitude}, {longitude}"
    return _("%(latitude)s, %(longitude)s, à %(metres)s m près") % {
        "latitude": latitude,
        "longitude": longitude,
        "metres": number_format(accuracy_m, 0),
    }


def _answers(couche: Couche, submission: Submission, form: Reading) -> dict[str, Any]:
    """Return the answers as they would be stored; those that are sound while others are still missing."""
    cleaned: dict[str, Any] | None = form.values.get("attributes")
    if cleaned is not None:
        return cleaned
    try:
        return clean_attributes(couche, submission.attributes, completing=True, partial=True)
    except ValidationError:
        return {}


def _day(moment: dt.datetime) -> str:
    """Return the day as the resident's calendar says it: no more is published."""
    return date_format(timezone.localdate(moment), "j F Y")
