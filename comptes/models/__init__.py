"""People, their mandates, their tokens, and the outbox of letters."""

from comptes.models.outbox import Notification
from comptes.models.people import ApiToken, Membership, User, UserManager

__all__ = ["ApiToken", "Membership", "Notification", "User", "UserManager"]
