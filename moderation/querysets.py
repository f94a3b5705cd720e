"""Decisions in the words of those who read them."""

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Self

from django.db.models import Exists, OuterRef, Q, QuerySet

from territoires.models import SANDBOX_CODE

if TYPE_CHECKING:
    from moderation.models import Decision

# What an official decides of a report. Taking back is no decision, the author's gestures are
# theirs, and a publication has its own journal: that of the couche's versions.
TOLD_TO_ALL = ("accept", "complete", "reject", "return", "merge", "hold", "transfer", "reopen")


class DecisionQuerySet(QuerySet["Decision"]):
    """Decisions by what became of them."""

    def of_gesture(self, gesture: uuid.UUID) -> Self:
        """Those of one click."""
        return self.filter(gesture=gesture)

    def standing(self) -> Self:
        """Those nobody took back: neither an undoing nor what one undid.

        An undoing always follows what it undoes: its version is the next one.
        """
        undoing = self.model.objects.filter(
            contribution=OuterRef("contribution"), version=OuterRef("version") + 1, action="undo"
        )
        return self.exclude(action="undo").exclude(Exists(undoing))

    def public(self, until: dt.datetime) -> Self:
        """Those that everybody may read: an official's, standing, taken before `until`.

        The one definition of what the register, its feed, its letters and its figures hold.
        """
        everybodys = Q(actor="official", action__in=TOLD_TO_ALL, at__lt=until)
        # Nor anything practised in the sandbox.
        return self.standing().filter(everybodys & ~Q(commune=SANDBOX_CODE))
