"""What moderation keeps: decisions, the reasons taken out of the register, who reads it by e-mail."""

from moderation.models.decision import Decision
from moderation.models.redaction import Redaction
from moderation.models.subscription import Subscription

__all__ = ["Decision", "Redaction", "Subscription"]
