"""What moderation keeps: decisions, the reasons taken out of the register, who reads it by e-mail."""

from moderation.models.decision import Decision
from moderation.models.delays import Escalation, Reminder
from moderation.models.guided_tour import GuidedTour
from moderation.models.mail import DecisionLink, DigestPreference
from moderation.models.redaction import Redaction
from moderation.models.subscription import Subscription

__all__ = [
    "Decision",
    "DecisionLink",
    "DigestPreference",
    "Escalation",
    "GuidedTour",
    "Redaction",
    "Reminder",
    "Subscription",
]
