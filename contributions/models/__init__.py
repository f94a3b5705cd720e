"""Contributions with their contact, keys and photos; limits and workshop codes. Nothing here is public."""

from contributions.models.contribution import POINT_IN_RANGE, Contact, Contribution, FollowUpKey, Photo
from contributions.models.limits import (
    WORKSHOP_HOURS,
    WORKSHOP_USES,
    SpentChallenge,
    TokenBucket,
    WorkshopCode,
)

__all__ = [
    "POINT_IN_RANGE",
    "WORKSHOP_HOURS",
    "WORKSHOP_USES",
    "Contact",
    "Contribution",
    "FollowUpKey",
    "Photo",
    "SpentChallenge",
    "TokenBucket",
    "WorkshopCode",
]
