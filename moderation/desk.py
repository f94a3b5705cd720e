"""Which desk a page belongs to: the real one, or one's sandbox, mounted beside it with the same views.

The address decides, for the pages and the JSON door alike: below `bac-a-sable/` a view sees the
invented reports of who asks, elsewhere it never does.
"""

from dataclasses import dataclass
from typing import Any

ROOT = "/moderation/"
SANDBOX_ROOT = "/moderation/bac-a-sable/"


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of a page; its addresses are `base` followed by the same words on both."""

    practice: bool = False

    @property
    def base(self) -> str:
        """The address of its queue, and the beginning of every other."""
        return SANDBOX_ROOT if self.practice else ROOT

    @property
    def api(self) -> str:
        """The beginning of the addresses of its JSON door."""
        return f"/api/v1{self.base}"


def desk_of(request: Any) -> Desk:
    """Return the desk that a request (Django's or the JSON door's) is asked of."""
    return Desk(practice=request.path.startswith((SANDBOX_ROOT, f"/api/v1{SANDBOX_ROOT}")))
