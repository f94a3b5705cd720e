"""Gives an author their own contribution: the id names it, the secret opens it."""

import secrets
import uuid

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils import timezone

from contributions.models import Contribution, FollowUpKey
from contributions.submission import secret_sha256


def find_for_author(contribution_id: uuid.UUID, secret: str) -> Contribution:
    """Return the contribution whose author holds `secret`: the device's own, or that of a mailed link.

    One query. Raises Contribution.DoesNotExist, the same for a wrong secret as for an unknown id.
    """
    today = timezone.localdate()
    mailed = FollowUpKey.objects.filter(
        contribution=OuterRef("pk"), delete_after__gte=today, contribution__contact__delete_after__gte=today
    )
    contribution = (
        Contribution.objects.select_related("couche", "commune")
        .annotate(mailed_sha256=ArraySubquery(mailed.values("secret_sha256")))
        .get(pk=contribution_id)
    )
    given = secret_sha256(secret)
    accepted = [contribution.secret_sha256, *contribution.mailed_sha256]
    # Each is compared, whichever is the good one: the time taken says nothing.
    if not sum(secrets.compare_digest(one, given) for one in accepted):
        raise Contribution.DoesNotExist
    return contribution
