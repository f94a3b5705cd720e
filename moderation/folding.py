"""Folds what was accepted since the last version into one change per object. Pure: no query.

Several people speak of the same object: the last correction in order of arrival gives its
content, everybody who saw it counts as an observation, and one accepted removal closes it.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from django.contrib.gis.geos import Point

from contributions.models import Contribution
from couches.publication import Change

Operation = Contribution.Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What publication needs of a contribution. `observer` hashes the author's e-mail, if left."""

    id: uuid.UUID
    operation: str
    feature_id: uuid.UUID | None
    received_at: dt.datetime
    observed_on: dt.date
    geom: Point
    attributes: dict[str, Any]
    commune_id: str
    accuracy_m: float | None
    near_border: bool
    self_accepted: bool
    origin: str
    observer: str | None
    # The town hall's fields that a resident's correction carries as they were that day: not theirs to say.
    carried: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What an object in force says of its observations; `observers` are the hashes known so far.

    `nameless` says that somebody without an e-mail was among them.
    """

    commune_id: str
    observations: int
    distinct_observers: int
    last_observed_on: dt.date
    origin: str
    observers: frozenset[str] = frozenset()
    nameless: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged contribution and what it went into: a contribution of the same table, or an object."""

    piece: Piece
    into_contribution: uuid.UUID | None
    into_feature: uuid.UUID | None


@dataclass(slots=True)
class Batch:
    """What one publication does. Pairs are (contribution, feature); `left` stay accepted."""

    changes: list[Change] = field(default_factory=list)
    published: list[tuple[uuid.UUID, uuid.UUID]] = field(default_factory=list)
    counted: list[tuple[uuid.UUID, uuid.UUID]] = field(default_factory=list)
    left: list[uuid.UUID] = field(default_factory=list)


@dataclass(slots=True)
class _Fold:
    feature_id: uuid.UUID
    before: State | None
    content: Piece | None = None
    removed: bool = False
    pieces: list[Piece] = field(default_factory=list)
    merged: list[Piece] = field(default_factory=list)

    def take(self, piece: Piece) -> bool:
        """Fold one accepted contribution in; False when it comes after the object's removal."""
        if self.removed and piece.operation != Operation.DELETE:
            return False
        self.pieces.append(piece)
        if piece.operation == Operation.DELETE:
            self.removed = True
        elif piece.operation != Operation.CONFIRM:
            self.content = self._without_old_words(piece)
        return True

    def _without_old_words(self, piece: Piece) -> Piece:
        """Return the correction with the town hall's fields as they stand now, not as when it was written."""
        if not piece.carried:
            return piece
        before: Mapping[str, Any] = {}
        if self.content is not None:
            before = self.content.attributes
        elif self.before is not None:
            before = self.before.attributes
        said = {name: value for name, value in piece.attributes.items() if name not in piece.carried}
        kept = {name: before[name] for name in piece.carried if name in before}
        return replace(piece, attributes=said | kept)

    def change(self) -> Change:
        """Return the one change this object undergoes."""
        seen = [one for one in [*self.pieces, *self.merged] if one.operation != Operation.DELETE]
        content = None if self.removed else self.content
        before = self.before
        known = before.observers if before else frozenset[str]()
        named = known | {one.observer for one in seen if one.observer}
        nameless = (before is not None and before.nameless) or any(not one.observer for one in seen)
        dates = [one.observed_on for one in seen] + ([before.last_observed_on] if before else [])
        return Change(
            kind=self._kind(),
            feature_id=self.feature_id,
            geom=content.geom if content else None,
            attributes=content.attributes if content else None,
            commune_id=content.commune_id if content else None,
            observations=len(seen) + (before.observations if before else 0),
            # A lower bound: people without an e-mail may all be the same one, and an address
            # deleted in the meantime no longer counts, but never lowers what was published.
            distinct_observers=max(len(named) + nameless, before.distinct_observers if before else 1),
            last_observed_on=max(dates),
            accuracy_m=content.accuracy_m if content else None,
            near_border=content.near_border if content else False,
            self_accepted=content.self_accepted if content else False,
            origin=content.origin if content else (before.origin if before else ""),
        )

    def _kind(self) -> Literal["create", "update", "delete", "observe"]:
        if self.removed:
            return "delete"
        if self.before is None:
            return "create"
        return "update" if self.content else "observe"


def fold(
    accepted: Iterable[Piece],
    merged: Mapping[uuid.UUID, Merged],
    states: Mapping[uuid.UUID, State],
    published_roots: Mapping[uuid.UUID, uuid.UUID],
) -> Batch:
    """Return what to publish.

    `merged` are those not counted yet, by id; `states` the objects in force they and the
    accepted ones speak of; `published_roots` the object of each published contribution that
    something was merged into. What speaks of an object no longer in force is left as it is.
    """
    batch = Batch()
    folds: dict[uuid.UUID, _Fold] = {}
    home: dict[uuid.UUID, _Fold] = {}
    for piece in sorted(accepted, key=lambda one: (one.received_at, one.id)):
        place = _fold_of(piece.feature_id, folds, states, creating=piece.operation == Operation.CREATE)
        if place is not None and place.take(piece):
            home[piece.id] = place
            batch.published.append((piece.id, place.feature_id))
        else:
            batch.left.append(piece.id)
    for identifier in sorted(merged):
        place = _home_of(identifier, merged, home, folds, states, published_roots)
        if place is not None:
            place.merged.append(merged[identifier].piece)
            batch.counted.append((identifier, place.feature_id))
    batch.changes = [place.change() for place in folds.values()]
    return batch


def _fold_of(
    feature_id: uuid.UUID | None,
    folds: dict[uuid.UUID, _Fold],
    states: Mapping[uuid.UUID, State],
    *,
    creating: bool = False,
) -> _Fold | None:
    """Return the fold of an object, opened on first use; None when it is no longer in force."""
    if creating:
        # The published identity is not the contribution's: a follow-up link must not lead to the map.
        new = _Fold(uuid.uuid4(), None)
        return folds.setdefault(new.feature_id, new)
    if feature_id is None or feature_id not in states:
        return None
    return folds.setdefault(feature_id, _Fold(feature_id, states[feature_id]))


def _home_of(
    identifier: uuid.UUID,
    merged: Mapping[uuid.UUID, Merged],
    home: Mapping[uuid.UUID, _Fold],
    folds: dict[uuid.UUID, _Fold],
    states: Mapping[uuid.UUID, State],
    published_roots: Mapping[uuid.UUID, uuid.UUID],
) -> _Fold | None:
    """Follow the merges to what stands at their end; None when that is not published, or gone."""
    link = merged[identifier]
    while link.into_contribution is not None and link.into_contribution in merged:
        link = merged[link.into_contribution]
    if link.into_contribution is None:
        return _fold_of(link.into_feature, folds, states)
    if link.into_contribution in home:
        return home[link.into_contribution]
    return _fold_of(published_roots.get(link.into_contribution), folds, states)
