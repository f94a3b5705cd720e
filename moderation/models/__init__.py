"""What moderation keeps: decisions, and the reasons of each territory."""

from moderation.models.decision import Decision
from moderation.models.reason import TerritoryReason

__all__ = ["Decision", "TerritoryReason"]
