"""Which desk a page belongs to: the real one, or one's sandbox, mounted beside it with the same pages."""

from dataclasses import dataclass

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


def desk_at(path: str) -> Desk:
    """Return the desk of the page at this address; the real one for any other page."""
    return Desk(practice=path.startswith(SANDBOX_ROOT))
