"""Contributions with their contact, keys and photos; limits, workshop codes and pauses. Nothing here is public."""

from contributions.models.contribution import POINT_IN_RANGE, Contact, Contribution, FollowUpKey, Photo
from contributions.models.limits import (
    WORKSHOP_HOURS,
    WORKSHOP_USES,
    SpentChallenge,
    TokenBucket,
    WorkshopCode,
)
from contributions.models.pauses import PAUSE_DAYS, PAUSE_MESSAGE, PAUSE_VERTICES, Pause

__all__ = [
    "PAUSE_DAYS",
    "PAUSE_MESSAGE",
    "PAUSE_VERTICES",
    "POINT_IN_RANGE",
    "WORKSHOP_HOURS",
    "WORKSHOP_USES",
    "Contact",
    "Contribution",
    "FollowUpKey",
    "Pause",
    "Photo",
    "SpentChallenge",
    "TokenBucket",
    "WorkshopCode",
]
