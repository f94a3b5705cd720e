"""What moderation keeps: decisions."""

from moderation.models.decision import Decision

__all__ = ["Decision"]
