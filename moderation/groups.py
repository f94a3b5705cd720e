"""Reports that tell the same thing become one card: near each other, of the same object, from one desk.

Pure: rows come from `queue.read_window`, a bounded number of them, oldest first. Growing a group
looks only into the squares around its members: the cost follows the rows, not their square.
"""

import json
import math
import uuid
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contributions.models import Contribution
from couches.models import Couche
from couches.schemas import properties
from moderation.filters import Cursor
from territoires.names import fold

# Each is near another of the group, and none far from the oldest: a street of dead zones is not one place.
NEAR_M = 100
REACH_M = 250
# Nobody reads more before deciding once; the others make a card of their own.
MAX_MEMBERS = 30
# Mean length of a degree of latitude (WGS84): 0.5 % off at most, which is half a metre here.
_METRES_PER_DEGREE = 111_195
Operation = Contribution.Operation


@dataclass(frozen=True, slots=True)
class Line:
    """A report as grouping reads it; `x` and `y` in degrees (EPSG:4326).

    `alone` says that it is decided by itself: decided already, appealed, or handed by a neighbour.
    """

    id: uuid.UUID
    version: int
    received_at: Any
    couche_id: int
    desk: str
    operation: str
    feature_id: uuid.UUID | None
    attributes: Mapping[str, Any]
    x: float
    y: float
    alone: bool = False
    turn: Hashable = None

    @property
    def cursor(self) -> Cursor:
        """Where it stands in the queue."""
        return Cursor(self.received_at, self.id)


@dataclass(slots=True)
class Group:
    """One card: its oldest report leads, and is the first of `members`."""

    members: list[Line] = field(default_factory=list)

    @property
    def leader(self) -> Line:
        """The oldest."""
        return self.members[0]


def group(lines: Iterable[Line], couches: Mapping[int, Couche]) -> list[Group]:
    """Return the groups of `lines` (given oldest first), in the order of their oldest member."""
    alike: dict[Hashable, _Squares] = {}
    places: list[tuple[Line, _Squares | None]] = []
    for line in lines:
        if line.alone:
            places.append((line, None))
            continue
        squares = alike.setdefault(_what(line, couches[line.couche_id]), _Squares(line.y))
        squares.add(line)
        places.append((line, squares))
    found, taken = [], set[uuid.UUID]()
    for line, near in places:
        if line.id in taken:
            continue
        members = [line] if near is None else near.gather(line)
        taken.update(one.id for one in members)
        found.append(Group(members))
    return found


def same_thing(couche: Couche, attributes: Mapping[str, Any]) -> Hashable:
    """Return what two reports of a couche must share, besides the place, to tell the same thing.

    The answers marked `x-same`; lacking them, the keys of its keyed list (the set of operators); lacking
    that, the name and the answer that tells its objects apart.
    """
    known = properties(couche)
    marked = [name for name, definition in known.items() if definition.get("x-same")]
    keyed = [name for name, definition in known.items() if definition.get("x-key")]
    told = [couche.attribute_schema.get("x-title"), couche.style.get("category")]
    names = marked or keyed or [name for name in told if name in known]
    return tuple(_comparable(attributes.get(name), known[name]) for name in names)


def _comparable(value: Any, definition: Mapping[str, Any]) -> Hashable:
    key = definition.get("x-key")
    if key and isinstance(value, list):
        return frozenset(str(row.get(key)) for row in value)
    return fold(value) if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _what(line: Line, couche: Couche) -> Hashable:
    """Return what reports of one group have in common, the place left out."""
    common: tuple[Hashable, ...] = (line.couche_id, line.desk, line.operation, line.turn)
    if line.operation == Operation.CREATE:
        return *common, same_thing(couche, line.attributes)
    if line.operation == Operation.UPDATE:
        # Two different corrections of one object are two decisions.
        return *common, line.feature_id, json.dumps(line.attributes, sort_keys=True)
    return *common, line.feature_id


def _distance(one: Line, other: Line) -> float:
    """Return metres, on a plane: good to the half metre at these sizes."""
    dx = (one.x - other.x) * math.cos(math.radians((one.y + other.y) / 2))
    return math.hypot(dx, one.y - other.y) * _METRES_PER_DEGREE


class _Squares:
    """Reports alike, by squares a little wider than 100 m: all that is near lies in the nine around."""

    def __init__(self, latitude: float) -> None:
        # One latitude for all: those of a desk differ by a hundredth at most, the margin of a square.
        self._shrunk = max(math.cos(math.radians(latitude)), 0.01)
        self._held: dict[tuple[int, int], list[Line]] = defaultdict(list)

    def add(self, line: Line) -> None:
        self._held[self._square(line)].append(line)

    def gather(self, oldest: Line) -> list[Line]:
        """Take out `oldest` and all that its group holds, oldest first."""
        self._held[self._square(oldest)].remove(oldest)
        members, waiting = [oldest], [oldest]
        while waiting:
            for line in self._take_near(waiting.pop(), oldest, MAX_MEMBERS - len(members)):
                members.append(line)
                waiting.append(line)
        return [oldest, *sorted(members[1:], key=lambda line: (line.received_at, line.id))]

    def _take_near(self, member: Line, oldest: Line, room: int) -> list[Line]:
        column, row = self._square(member)
        found: list[Line] = []
        for square in ((column + dx, row + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
            here = self._held.get(square, [])
            near = [
                line
                for line in here
                if _distance(line, member) <= NEAR_M and _distance(line, oldest) <= REACH_M
            ][: room - len(found)]
            if near:
                taken = {line.id for line in near}
                self._held[square] = [line for line in here if line.id not in taken]
                found += near
        return found

    def _square(self, line: Line) -> tuple[int, int]:
        side = 1.1 * NEAR_M / _METRES_PER_DEGREE
        return math.floor(line.x * self._shrunk / side), math.floor(line.y / side)
