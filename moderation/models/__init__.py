"""What moderation keeps: decisions and their reasons, those taken out of the register, its readers."""

from moderation.models.decision import Decision
from moderation.models.delays import Escalation, Reminder
from moderation.models.guided_tour import GuidedTour
from moderation.models.mail import DecisionLink, DigestPreference
from moderation.models.reason import TerritoryReason
from moderation.models.redaction import Redaction
from moderation.models.saved_filters import SAVED_NAME, SAVED_QUERY, SavedFilter
from moderation.models.subscription import Subscription

__all__ = [
    "SAVED_NAME",
    "SAVED_QUERY",
    "Decision",
    "DecisionLink",
    "DigestPreference",
    "Escalation",
    "GuidedTour",
    "Redaction",
    "Reminder",
    "SavedFilter",
    "Subscription",
    "TerritoryReason",
]
