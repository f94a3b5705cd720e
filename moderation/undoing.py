"""Taking back what one has just decided: for half a minute, or while an acceptance is unpublished."""

import datetime as dt
from typing import Any

from django.utils import timezone

from comptes.models import User
from contributions.models import Contribution
from moderation.edits import put_back
from moderation.letters import LETTER_DELAY
from moderation.models import Decision
from moderation.refusals import TooLateToUndo, UndoRefused

Action = Decision.Action

# What the button counts down; the letter to the author waits longer (`letters.LETTER_DELAY`), so
# that a click at the last second, on a slow line, still finds it unsent.
UNDO_WINDOW = dt.timedelta(seconds=30)
UNDOABLE = frozenset(
    {
        Action.ACCEPT,
        Action.COMPLETE,
        Action.REJECT,
        Action.RETURN,
        Action.MERGE,
        Action.HOLD,
        Action.TRANSFER,
    }
)
# Nothing public happens to an acceptance until its publication: it may be taken back till then.
UNTIL_PUBLISHED = frozenset({Action.ACCEPT, Action.COMPLETE})


def check_undo(contribution: Contribution, last: Decision | None, *, by: User | None) -> None:
    """Raise UndoRefused unless `last` is a decision of `by` that can still be taken back."""
    if last is None or by is None or last.by_id != by.pk or last.action not in UNDOABLE:
        raise UndoRefused
    if contribution.published_in_id is not None:
        raise TooLateToUndo
    if last.action not in UNTIL_PUBLISHED and timezone.now() >= last.at + LETTER_DELAY:
        raise TooLateToUndo


def undo_fields(contribution: Contribution, last: Decision) -> tuple[dict[str, Any], list[str]]:
    """Put the unsaved row back to before `last`; return the reverse changes and the fields."""
    changes, fields = put_back(contribution, last.changes)
    if last.action == Action.MERGE:
        contribution.merged_into = None
        contribution.published_feature = None
        fields += ["merged_into", "published_feature"]
    elif last.action == Action.HOLD:
        contribution.held_until = None
        fields.append("held_until")
    elif last.action == Action.TRANSFER:
        before, after = last.changes["turn"]
        contribution.handed_to_id, contribution.level = before
        changes["turn"] = [after, before]
        fields += ["handed_to", "level"]
    return changes, fields
