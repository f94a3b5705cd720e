"""What moderation keeps: decisions, and who has followed the guided tour."""

from moderation.models.decision import Decision
from moderation.models.guided_tour import GuidedTour

__all__ = ["Decision", "GuidedTour"]
