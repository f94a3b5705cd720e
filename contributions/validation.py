"""Checks a submission: every field at once, each refusal naming its remedy.

Both doors hand over what they received, as received; this is the only reader.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from contributions.models import Contribution
from couches.models import Couche, FeatureVersion
from couches.schemas import carry_over, clean_attributes
from territoires.points import point_from_geojson

if TYPE_CHECKING:
    from comptes.models import User

SECRET_PATTERN = re.compile(r"[A-Za-z0-9_-]{22,128}")
SLUG_PATTERN = re.compile(r"[a-z0-9-]{1,40}")
# A phone's clock drifts; what it says of the past is a claim, bounded by the first smartphones.
CLOCK_DRIFT = dt.timedelta(minutes=5)
# Somewhere on Earth it is already that day: a resident of Wallis is not in the future.
EARLIEST_ZONE = dt.timezone(dt.timedelta(hours=14))
OLDEST_CLAIM = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
MAX_ACCURACY_M = 100_000
MAX_EMAIL = 254

Operation = Contribution.Operation
# Doors of officials, who may fill the fields that the schema keeps for the town hall.
BY_OFFICIALS = {Contribution.Channel.DESK, Contribution.Channel.IMPORT}
# The place and the commune of these come from the feature, wherever the author stands.
AT_THE_FEATURE = {Operation.DELETE, Operation.CONFIRM}


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a door received, types unchecked except `entered_by`.

    `geometry` is a GeoJSON Point (EPSG:4326) or None; `attributes` an object of the couche's
    schema; `observed_at` an ISO 8601 text or an aware datetime; `accuracy_m` metres;
    `secret` 22 to 128 URL-safe characters made by the author's device; `entered_by` the
    signed-in person, needed by the channel "desk".
    """

    id: object
    secret: object
    couche: object
    operation: object = Operation.CREATE.value
    feature: object = None
    geometry: object = None
    attributes: object = None
    observed_at: object = None
    accuracy_m: object = None
    position_source: object = Contribution.PositionSource.COORDINATES.value
    channel: object = Contribution.Channel.API.value
    email: object = None
    entered_by: "User | None" = None


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A submission whose every field is sound; `point` EPSG:4326, `target` the row in force."""

    id: uuid.UUID
    secret: str
    couche: Couche
    operation: Operation
    target: FeatureVersion | None
    point: Point
    attributes: dict[str, Any]
    observed_at: dt.datetime
    accuracy_m: float | None
    position_source: str
    channel: str
    email: str
    entered_by: "User | None"


class Reading:
    """The fields read so far, and the refusals of the others."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.errors: dict[str, list[str]] = {}

    def read(self, field: str, reader: Callable[..., Any], *arguments: Any) -> Any:
        """Keep what `reader` returns, or note its refusal under `field` and keep None."""
        try:
            self.values[field] = reader(*arguments)
        except ValidationError as error:
            self.values[field] = None
            found = error.message_dict if hasattr(error, "error_dict") else {field: error.messages}
            for name, messages in found.items():
                self.errors.setdefault(name, []).extend(messages)
        return self.values[field]


def identity(submission: Submission) -> tuple[uuid.UUID, str] | None:
    """Return the id and the secret when both are well formed, else None."""
    try:
        return _uuid(submission.id), _secret(submission.secret)
    except ValidationError:
        return None


def couche_slug(submission: Submission) -> str:
    """Return the couche's identifier, or "" when what was sent cannot be one."""
    slug = submission.couche
    return slug if isinstance(slug, str) and SLUG_PATTERN.fullmatch(slug) else ""


def read(submission: Submission, couche: Couche | None) -> Reading:
    """Return the fields of `submission` read one by one, `couche` being what its slug names.

    Costs no query for a creation, one when it speaks of a feature. A field refused is None in
    `values` and told in `errors`, `attributes.<key>` for those of the schema; one that depends on
    a field refused is absent from both. `geometry` is a Point, `feature` the row in force.
    """
    form = Reading()
    form.read("id", _uuid, submission.id)
    form.read("secret", _secret, submission.secret)
    form.read("couche", _known, couche)
    operation = form.read("operation", _choice, submission.operation, Operation)
    channel = form.read("channel", _choice, submission.channel, Contribution.Channel)
    form.read("position_source", _choice, submission.position_source, Contribution.PositionSource)
    form.read("observed_at", read_observed_at, submission.observed_at)
    form.read("accuracy_m", read_accuracy, submission.accuracy_m)
    form.read("email", read_email, submission.email)
    # What depends on a field refused above is not judged: one mistake, one message.
    if operation is not None and couche is not None:
        target = form.read("feature", _target, submission.feature, operation, couche)
        form.read("geometry", _place, submission.geometry, operation, target)
        form.read("attributes", _attributes, couche, submission.attributes, operation, channel, target)
    return form


def check(submission: Submission, couche: Couche | None) -> Checked:
    """Return `submission` with sound types. Raises ValidationError with all refusals by field."""
    form = read(submission, couche)
    if form.errors:
        raise ValidationError(dict(form.errors))
    values = form.values
    return Checked(
        **{field: values[field] for field in values if field not in {"feature", "geometry"}},
        target=values["feature"],
        point=values["geometry"],
        entered_by=submission.entered_by,
    )


def _known(couche: Couche | None) -> Couche:
    if couche is None:
        raise ValidationError(_("Couche inconnue : choisissez-en une dans la liste /api/v1/couches/."))
    return couche


def _uuid(raw: object) -> uuid.UUID:
    if isinstance(raw, uuid.UUID):
        return raw
    # uuid.UUID() also takes braces and "urn:uuid:": one spelling only, so that ids compare as text.
    if isinstance(raw, str) and re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", raw):
        return uuid.UUID(raw)
    raise ValidationError(_("Donnez un UUID, par exemple 3f2b8c1e-6d4a-4a57-9c1b-2f60d2a3b4c5."))


def _secret(raw: object) -> str:
    if isinstance(raw, str) and SECRET_PATTERN.fullmatch(raw):
        return raw
    raise ValidationError(
        _("Donnez un secret de 22 à 128 caractères tirés au hasard parmi A-Z a-z 0-9 - et _.")
    )


def _choice(raw: object, choices: type[TextChoices]) -> TextChoices:
    if isinstance(raw, str) and raw in choices.values:
        return choices(raw)
    raise ValidationError(
        _("Choisissez l'une de ces valeurs : %(values)s.") % {"values": ", ".join(choices.values)}
    )


def read_observed_at(raw: object) -> dt.datetime:
    """Return when it was seen, in UTC, from ISO 8601. Raises ValidationError on a date not plausible."""
    moment = _instant(raw)
    if moment < OLDEST_CLAIM:
        raise ValidationError(_("La date du constat doit être postérieure au 1er janvier 2000."))
    if moment > timezone.now() + CLOCK_DRIFT:
        raise ValidationError(
            _("La date du constat est dans le futur : vérifiez l'horloge de l'appareil ou corrigez la date.")
        )
    return moment


def read_observed_on(raw: object) -> dt.datetime:
    """Return the same from a day alone, as files have it: its noon in UTC, or now when noon is to come.

    Anything but a day is read as an instant. Raises ValidationError as `read_observed_at`.
    """
    day = _day(raw)
    if day is None:
        return read_observed_at(raw)
    if day > timezone.now().astimezone(EARLIEST_ZONE).date():
        raise ValidationError(_("Ce jour n'est pas encore venu : donnez celui du constat."))
    return read_observed_at(min(dt.datetime.combine(day, dt.time(12), dt.UTC), timezone.now()))


def _day(raw: object) -> dt.date | None:
    if not isinstance(raw, str) or len(raw) != len("2026-05-04"):
        return None
    try:
        return parse_date(raw)
    except ValueError:
        return None


def _instant(raw: object) -> dt.datetime:
    """Return `raw` in UTC; comparisons cannot overflow once the year is a plausible one."""
    moment = raw
    if isinstance(raw, str) and len(raw) <= 40:
        try:
            moment = parse_datetime(raw)
        except ValueError:
            moment = None
    if not isinstance(moment, dt.datetime) or moment.tzinfo is None or not 1900 < moment.year < 9000:
        raise ValidationError(
            _("Donnez la date du constat en ISO 8601 avec le fuseau, par exemple 2026-05-04T10:30:00+02:00.")
        )
    return moment.astimezone(dt.UTC)


def read_accuracy(raw: object) -> float | None:
    """Return metres, or None for none. Raises ValidationError."""
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw <= MAX_ACCURACY_M:
        raise ValidationError(_("Donnez la précision en mètres, entre 0 et 100000, ou null."))
    return float(raw)


def read_email(raw: object) -> str:
    """Return an address, or "" for none. Raises ValidationError."""
    if raw is None or raw == "":
        return ""
    # isprintable() refuses the lone surrogates that Django's own pattern lets through.
    if isinstance(raw, str) and len(raw) <= MAX_EMAIL and raw.isprintable():
        address = raw.strip()
        validate_email(address)
        return address
    raise ValidationError(_("Donnez une adresse électronique valide, ou rien."))


def _target(raw: object, operation: Operation, couche: Couche) -> FeatureVersion | None:
    """Return the row in force that the author speaks of; None for a creation."""
    if operation == Operation.CREATE:
        if raw is not None:
            raise ValidationError(
                _("Laissez « feature » vide pour ajouter, ou choisissez corriger, supprimer ou confirmer.")
            )
        return None
    if raw is None:
        raise ValidationError(_("Dites quel objet publié corriger, supprimer ou confirmer."))
    target = FeatureVersion.objects.current().filter(feature_id=_uuid(raw), couche=couche).first()
    if target is None:
        raise ValidationError(_("Cet objet n'est pas ou plus publié dans cette couche : rechargez la carte."))
    target.couche = couche
    return target


def _place(raw: object, operation: Operation, target: FeatureVersion | None) -> Point | None:
    """Return where the contribution stands.

    Confirming or deleting happens at the feature: where the author stood is not kept, and the
    commune that decides is the feature's. Even so, a geometry sent must be a sound one.
    """
    given = point_from_geojson(raw) if raw is not None else None
    if operation in AT_THE_FEATURE or (operation == Operation.UPDATE and given is None):
        return target.geom if target else None
    return given if given is not None else point_from_geojson(raw)


def _attributes(
    couche: Couche,
    raw: object,
    operation: Operation,
    channel: Contribution.Channel | None,
    target: FeatureVersion | None,
) -> dict[str, Any]:
    """Return the cleaned attributes; a resident's correction keeps what the town hall completed."""
    completing = channel in BY_OFFICIALS
    if operation in AT_THE_FEATURE:
        return clean_attributes(couche, raw, completing=completing, partial=True)
    cleaned = clean_attributes(couche, raw, completing=completing)
    if target is None or completing:
        return cleaned
    return carry_over(couche, target.attributes, cleaned)
