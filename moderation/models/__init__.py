"""What moderation keeps: decisions, and the filters that officials save."""

from moderation.models.decision import Decision
from moderation.models.saved_filters import SAVED_NAME, SAVED_QUERY, SavedFilter

__all__ = ["SAVED_NAME", "SAVED_QUERY", "Decision", "SavedFilter"]
