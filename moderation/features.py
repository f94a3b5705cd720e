"""Published features as their town hall keeps them: worst first, with what waits to be published."""

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.gis.geos import Point
from django.db.models import F, FloatField, QuerySet
from django.db.models.expressions import RawSQL

from comptes.permissions import communes_for
from comptes.roles import Gesture
from contributions.models import Contribution
from couches.conformity import REQUIRED, Gauge, asked, derivable, gauge_of, national_of
from couches.models import Couche, Feature, FeatureVersion
from couches.schemas import title_of
from moderation.workflow import Status

if TYPE_CHECKING:
    from comptes.models import User

# Beyond it the worst of all would cost a reading of them all: the page asks for a commune.
CEILING = 5_000
PAGE = 25

# How many of the fields asked of this couche a row does not hold, as a share: 0 all there, 1 none.
SHARE_MISSING = """
(SELECT COALESCE(avg((NOT jsonb_exists(couches_featureversion.attributes, wanted))::int), 0)
 FROM jsonb_array_elements_text(%s::jsonb -> couches_featureversion.couche_id::text) AS wanted)
"""


@dataclass(frozen=True, slots=True)
class State:
    """A feature as it will read once all that is accepted is published.

    `update` is the accepted change not published yet, `waiting` how many proposals nobody decided
    on, `removal` says that its removal is accepted; `token` changes with any of what is accepted.
    """

    row: FeatureVersion
    attributes: dict[str, Any]
    geom: Point
    update: Contribution | None
    waiting: int
    removal: bool

    @property
    def token(self) -> str:
        """What the page sends back, to know that nothing changed meanwhile."""
        said = [self.row.pk, str(self.update.pk) if self.update else "", self.removal]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]

    @property
    def title(self) -> str:
        """What names it in a list."""
        return title_of(self.row.couche, self.attributes)

    @property
    def gauge(self) -> Gauge | None:
        """How far it is from its national schema."""
        return gauge_of(self.row.couche, self.attributes, commune=self.row.commune)


def couches_to_complete() -> list[Couche]:
    """Return the couches that follow a national schema we know."""
    return [couche for couche in Couche.objects.all() if national_of(couche)]


def kept_by(user: "User") -> QuerySet[FeatureVersion]:
    """Return the features in force of the communes where `user` enters for others: the only way in."""
    return (
        FeatureVersion.objects.current()
        .filter(commune__in=communes_for(user, Gesture.ENTER_FOR_OTHERS))
        .select_related("couche", "commune")
        .defer("commune__geom")
    )


def worst_first(rows: QuerySet[FeatureVersion], couches: list[Couche]) -> QuerySet[FeatureVersion]:
    """Return at most CEILING of `rows`, those of `couches`, the least complete first.

    In the database, by what is absent: what is wrong was refused at the door.
    """
    levels: dict[str, dict[str, list[str]]] = {"required": {}, "recommended": {}}
    for couche in couches:
        for name, level in asked(couche):
            if name not in derivable(couche):
                key = "required" if level == REQUIRED else "recommended"
                levels[key].setdefault(str(couche.pk), []).append(name)
    first = rows.filter(couche__in=couches).order_by("pk").values("pk")[:CEILING]
    found = FeatureVersion.objects.filter(pk__in=first).select_related("couche", "commune")
    return (
        found.defer("commune__geom")
        .annotate(
            **{
                # The one parameter is ours, made from the couches' schemas.
                f"lacks_{level}": RawSQL(SHARE_MISSING, [json.dumps(names)], FloatField())  # noqa: S611
                for level, names in levels.items()
            }
        )
        .order_by(F("lacks_required").desc(), F("lacks_recommended").desc(), "pk")
    )


def states_of(rows: list[FeatureVersion]) -> list[State]:
    """Return the states of `rows`, in their order, in one query."""
    spoken: dict[uuid.UUID, list[Contribution]] = {}
    changes = Contribution.objects.filter(
        feature__in=[row.feature_id for row in rows], status__in=[Status.SUBMITTED, Status.ACCEPTED]
    )
    # Publication takes the last that arrived, of those accepted: so do we.
    for one in changes.order_by("received_at", "pk"):
        spoken.setdefault(one.feature_id, []).append(one)
    return [_state(row, spoken.get(row.feature_id, [])) for row in rows]


def _state(row: FeatureVersion, spoken: list[Contribution]) -> State:
    accepted = [one for one in spoken if one.status == Status.ACCEPTED]
    updates = [one for one in accepted if one.operation == Contribution.Operation.UPDATE]
    last = updates[-1] if updates else None
    return State(
        row=row,
        attributes=last.attributes if last else row.attributes,
        geom=last.geom if last else row.geom,
        update=last,
        waiting=sum(1 for one in spoken if one.status == Status.SUBMITTED),
        removal=any(one.operation == Contribution.Operation.DELETE for one in accepted),
    )


def read_state(feature_id: uuid.UUID, user: "User") -> State | None:
    """Return the state of one feature that `user` keeps, or None: elsewhere, gone, or of no such couche."""
    row = kept_by(user).filter(feature=feature_id).first()
    if row is None or not national_of(row.couche):
        return None
    return states_of([row])[0]


def lock(feature_id: uuid.UUID) -> None:
    """Make whoever else completes this feature wait for the end of the transaction."""
    Feature.objects.select_for_update(of=("self",), no_key=True).get(pk=feature_id)
