"""Decisions in the words of those who read them."""

import uuid
from typing import TYPE_CHECKING, Self

from django.db.models import Exists, F, OuterRef, QuerySet

if TYPE_CHECKING:
    from moderation.models import Decision


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
