"""What moderation keeps: decisions, what was mailed to decide, and what waited too long."""

from moderation.models.decision import Decision
from moderation.models.delays import Escalation, Reminder
from moderation.models.mail import DecisionLink, DigestPreference

__all__ = ["Decision", "DecisionLink", "DigestPreference", "Escalation", "Reminder"]
