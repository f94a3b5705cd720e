"""Takes a public reason out of the register: the words leave, the decision stays."""

from django.utils import timezone

from comptes import permissions
from comptes.models import User
from comptes.roles import Gesture
from moderation.models import Redaction
from moderation.refusals import NotVisible
from moderation.register import decided_in
from territoires.models import Commune


def redact(*, by: User, here: Commune, decision: int, why: str) -> Redaction:
    """Take the reason of a decision of `here` out of the page, the feed, the JSON door and the letters.

    `why` is a value of Redaction.Why. Done twice is done once: the first remains. Raises
    comptes.permissions.Forbidden, or NotVisible for what is not in that register.
    """
    permissions.check(by, Gesture.DECIDE, here)
    found = decided_in(here).filter(pk=decision).first()
    if found is None:
        raise NotVisible
    row, _created = Redaction.objects.get_or_create(
        decision=found, defaults={"by": by, "at": timezone.now(), "why": why}
    )
    return row
