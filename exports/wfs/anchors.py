"""Ranks whose key is known: WFS pages by rank, and a version never changes.

A client that reads a million rows asks for each page by its `startIndex`. Counting from the
first row every time would cost the square of what it reads; from the page before, each page
costs itself. Kept by process, bounded.
"""

from bisect import bisect_right
from collections import OrderedDict
from threading import Lock

from couches.models import CoucheVersion

MAX_VERSIONS, MAX_RANKS = 8, 5_000


class Anchors:
    """By version, the pairs (rank, key) met so far, in order."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[tuple[int, str], list[tuple[int, int]]] = OrderedDict()

    def nearest(self, version: CoucheVersion, rank: int) -> tuple[int, int] | None:
        """Return the last known (rank, key) not beyond `rank`, None when none is."""
        with self._lock:
            pairs = self._known.get((version.pk, version.sha256), [])
            place = bisect_right(pairs, rank, key=_rank)
            return pairs[place - 1] if place else None

    def keep(self, version: CoucheVersion, rank: int, key: int) -> None:
        """Remember a pair; the version looked at longest ago makes room."""
        with self._lock:
            pairs = self._known.setdefault((version.pk, version.sha256), [])
            self._known.move_to_end((version.pk, version.sha256))
            place = bisect_right(pairs, rank, key=_rank)
            if not place or pairs[place - 1][0] != rank:
                pairs.insert(place, (rank, key))
            if len(pairs) > MAX_RANKS:
                del pairs[::2]
            if len(self._known) > MAX_VERSIONS:
                self._known.popitem(last=False)


def _rank(pair: tuple[int, int]) -> int:
    return pair[0]
