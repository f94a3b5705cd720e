"""What the JSON door takes and what it answers, field by field."""

from typing import Any

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from contributions.models import Contribution
from couches.text import clean_text
from moderation.edits import Edits
from moderation.models import Decision
from moderation.reasons import OTHER
from moderation.workflow import OFFICIAL_ACTIONS, reason_required
from territoires.points import point_from_geojson

MAX_BATCH = 100
ACTIONS = [(action.value, str(action.label)) for action in OFFICIAL_ACTIONS]


class TextField(serializers.CharField):
    """A text stripped of what no reader sees; refuses what PostgreSQL cannot hold."""

    def to_internal_value(self, data: Any) -> str:
        """Return the cleaned text, or refuse it in French."""
        text = super().to_internal_value(data)
        try:
            return clean_text(text, max_length=self.max_length or 1000)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from error


# Our own messages: the library's quote what was sent and give no remedy.
NOT_AN_ID: dict[str, Any] = {
    "invalid": _("Donnez un UUID, par exemple 3f2b8c1e-6d4a-4a57-9c1b-2f60d2a3b4c5.")
}
NOT_A_DATE = _("Donnez une date, par exemple 2026-12-24.")


def _one_of(values: list[str]) -> dict[str, Any]:
    message = _("Choisissez l'une de ces valeurs : {values}.")
    return {"invalid_choice": format_lazy(message, values=", ".join(values))}


class DecisionRequest(serializers.Serializer[Any]):
    """One decision. `reason` is what the author and the register read; `note` stays between officials.

    `attributes` (all of them) and `geometry` (a Point) are for « complete », `until` for « hold », `to`
    (« epci », « departement » or a neighbour's code) for « transfer ». A reason in one's own
    words needs no code: it is then « autre ».
    """

    action = serializers.ChoiceField(
        choices=ACTIONS,
        error_messages=_one_of([action.value for action in OFFICIAL_ACTIONS]),
    )
    reason_code = TextField(max_length=40, required=False, allow_blank=True, default="")
    reason = TextField(max_length=1000, required=False, allow_blank=True, default="", source="public_reason")
    note = TextField(max_length=1000, required=False, allow_blank=True, default="", source="reason")
    into = serializers.UUIDField(required=False, allow_null=True, default=None, error_messages=NOT_AN_ID)
    attributes = serializers.DictField(required=False, allow_null=True, default=None)
    geometry = serializers.DictField(required=False, allow_null=True, default=None)
    until = serializers.DateField(
        required=False, allow_null=True, default=None, error_messages={"invalid": NOT_A_DATE}
    )
    to = TextField(max_length=11, required=False, allow_blank=True, default="")

    def validate_geometry(self, value: dict[str, Any] | None) -> Point | None:
        """Return the point (EPSG:4326), or refuse it in French."""
        try:
            return None if value is None else point_from_geojson(value)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from error

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Name the code that a reason in one's own words stands under; gather what is completed."""
        if attrs["public_reason"] and not attrs["reason_code"] and reason_required(attrs["action"]):
            attrs["reason_code"] = OTHER
        attributes, point = attrs.pop("attributes"), attrs.pop("geometry")
        attrs["edits"] = None if attributes is None and point is None else Edits(attributes, point)
        return attrs


class BatchItemRequest(DecisionRequest):
    """One decision of a batch, on one version of one contribution."""

    id = serializers.UUIDField(error_messages=NOT_AN_ID)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class GestureItemRequest(serializers.Serializer[Any]):
    """One report, in the version that was on the screen."""

    id = serializers.UUIDField(error_messages=NOT_AN_ID)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class GestureRequest(DecisionRequest):
    """One click: `id` is made by the device; `together`, the items are one group, the first leads it."""

    id = serializers.UUIDField(error_messages=NOT_AN_ID)
    together = serializers.BooleanField(required=False, default=False)
    items = GestureItemRequest(many=True, allow_empty=False, max_length=MAX_BATCH)  # type: ignore[call-arg]  # of the list

    def validate_items(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse to decide twice on the same contribution in one go."""
        return _each_once(items)


class BatchRequest(serializers.Serializer[Any]):
    """Up to 100 decisions: `all` or nothing, or `each` for itself."""

    mode = serializers.ChoiceField(choices=["all", "each"], error_messages=_one_of(["all", "each"]))
    decisions = BatchItemRequest(many=True, allow_empty=False, max_length=MAX_BATCH)  # type: ignore[call-arg]  # of the list

    def validate_decisions(self, decisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse to decide twice on the same contribution in one go."""
        return _each_once(decisions)


def _each_once(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len({item["id"] for item in items}) != len(items):
        raise serializers.ValidationError(_("Un signalement figure deux fois : ne le citez qu'une fois."))
    return items


class QueueCommuneAnswer(serializers.Serializer[Any]):
    """A commune by its code and name."""

    code = serializers.CharField()
    nom = serializers.CharField()


class QueuePointAnswer(serializers.Serializer[Any]):
    """A GeoJSON Point, WGS84."""

    type = serializers.ChoiceField(choices=["Point"])
    coordinates = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)


class QueueItemAnswer(serializers.Serializer[Any]):
    """One contribution of the queue; its author is never shown beyond « has an e-mail ».

    `level`, `handed_to` (INSEE code), `held_until`, `appealed_at` say whose turn it is; `group`, only when
    groups are asked for, is the oldest of the reports that tell the same thing.
    """

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Contribution.Status.choices)
    version = serializers.IntegerField()
    couche = serializers.CharField()
    operation = serializers.ChoiceField(choices=Contribution.Operation.choices)
    feature = serializers.UUIDField(allow_null=True)
    commune = QueueCommuneAnswer()
    geometry = QueuePointAnswer()
    attributes = serializers.DictField()
    observed_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    accuracy_m = serializers.FloatField(allow_null=True)
    position_source = serializers.CharField()
    channel = serializers.CharField()
    near_border = serializers.BooleanField()
    photos = serializers.IntegerField()
    has_email = serializers.BooleanField()
    merged_into = serializers.UUIDField(allow_null=True)
    published_feature = serializers.UUIDField(allow_null=True)
    level = serializers.ChoiceField(choices=Contribution.Level.choices, allow_blank=True)
    handed_to = serializers.CharField(allow_null=True)
    held_until = serializers.DateField(allow_null=True)
    appealed_at = serializers.DateTimeField(allow_null=True)
    group = serializers.UUIDField(allow_null=True)


class QueueAnswer(serializers.Serializer[Any]):
    """One page: `next` is the address of the following one, `remaining` stops at 10,000."""

    remaining = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    results = QueueItemAnswer(many=True)


class DecisionAnswer(serializers.Serializer[Any]):
    """One line of the journal."""

    contribution = serializers.UUIDField(source="contribution_id")
    action = serializers.CharField()
    actor = serializers.ChoiceField(choices=Decision.Actor.choices)
    from_status = serializers.CharField()
    status = serializers.CharField(source="to_status")
    version = serializers.IntegerField()
    by = serializers.CharField(source="author_name")
    at = serializers.DateTimeField()
    reason_code = serializers.CharField()
    reason = serializers.CharField(source="public_reason")
    note = serializers.CharField(source="reason")
    self_accepted = serializers.BooleanField()


class NeighbourAnswer(serializers.Serializer[Any]):
    """Something of the same couche nearby: a merge target."""

    kind = serializers.ChoiceField(choices=["contribution", "feature"])
    id = serializers.UUIDField()
    distance_m = serializers.FloatField()
    status = serializers.CharField(allow_blank=True)
    title = serializers.CharField()


class ActionAnswer(serializers.Serializer[Any]):
    """A gesture, open or closed, and then why."""

    action = serializers.CharField()
    allowed = serializers.BooleanField()
    why_not = serializers.CharField(allow_blank=True)


class QueueItemDetailAnswer(QueueItemAnswer):
    """One contribution with its journal, its neighbours and what may be done."""

    history = DecisionAnswer(many=True)
    duplicates = NeighbourAnswer(many=True)
    actions = ActionAnswer(many=True)


class OutcomeAnswer(serializers.Serializer[Any]):
    """What became of one decision of a batch; `code` is the HTTP status it would have had alone."""

    id = serializers.UUIDField()
    applied = serializers.BooleanField()
    code = serializers.IntegerField()
    status = serializers.CharField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    detail = serializers.CharField(allow_blank=True)


class BatchAnswer(serializers.Serializer[Any]):
    """Outcomes in the order they were asked."""

    applied = serializers.IntegerField()
    results = OutcomeAnswer(many=True)


class GestureAnswer(BatchAnswer):
    """Outcomes of one click; `remaining` reports wait still, the click can be undone `undo_seconds` long."""

    id = serializers.UUIDField()
    remaining = serializers.IntegerField()
    undo_seconds = serializers.IntegerField()


class ReasonAnswer(serializers.Serializer[Any]):
    """One reason of the fixed list."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    public_text = serializers.CharField(allow_blank=True)
    actions = serializers.ListField(child=serializers.CharField())


class ReasonsAnswer(serializers.Serializer[Any]):
    """The reasons, in the order of the buttons."""

    results = ReasonAnswer(many=True)


def represent(row: Contribution) -> dict[str, Any]:
    """Return a row of `queue.in_full()` as QueueItemAnswer spells it."""
    return {
        "id": row.pk,
        "status": row.status,
        "version": row.version,
        "couche": row.couche.slug,
        "operation": row.operation,
        "feature": row.feature_id,
        "commune": {"code": row.commune_id, "nom": row.commune.nom},
        "geometry": {"type": "Point", "coordinates": [row.geom.x, row.geom.y]},
        "attributes": row.attributes,
        "observed_at": row.observed_at,
        "received_at": row.received_at,
        "accuracy_m": row.accuracy_m,
        "position_source": row.position_source,
        "channel": row.channel,
        "near_border": row.near_border,
        "photos": row.photo_count,  # type: ignore[attr-defined]  # annotated by queue.in_full()
        "has_email": row.has_email,  # type: ignore[attr-defined]
        "merged_into": row.merged_into_id,
        "published_feature": row.published_feature_id,
        "level": row.level,
        "handed_to": row.handed_to_id,
        "held_until": row.held_until,
        "appealed_at": row.appealed_at,
        "group": None,
    }
