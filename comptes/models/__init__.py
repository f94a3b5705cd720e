"""People, their mandates, how they get and lose them, their tokens, and the outbox of letters."""

from comptes.models.claims import AttestationRequest, Claim, ContestLink, TownHallAddress
from comptes.models.invitations import Invitation
from comptes.models.mandate_events import MandateEvent
from comptes.models.outbox import Notification
from comptes.models.people import ApiToken, Membership, User, UserManager

__all__ = [
    "ApiToken",
    "AttestationRequest",
    "Claim",
    "ContestLink",
    "Invitation",
    "MandateEvent",
    "Membership",
    "Notification",
    "TownHallAddress",
    "User",
    "UserManager",
]
