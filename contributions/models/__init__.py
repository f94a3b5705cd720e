"""Contributions, their contact, keys and photos; imports, limits, workshop codes, pauses. None of it is public."""

from contributions.models.contribution import POINT_IN_RANGE, Contact, Contribution, FollowUpKey, Photo
from contributions.models.imports import Import
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
    "Import",
    "Pause",
    "Photo",
    "SpentChallenge",
    "TokenBucket",
    "WorkshopCode",
]
