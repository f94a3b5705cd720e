"""Gives an author their own contribution: the id names it, the secret opens it."""

import secrets
import uuid

from contributions.models import Contribution
from contributions.submission import secret_sha256


def find_for_author(contribution_id: uuid.UUID, secret: str) -> Contribution:
    """Return the contribution whose author holds `secret`.

    Raises Contribution.DoesNotExist, the same for a wrong secret as for an unknown id.
    """
    contribution = Contribution.objects.select_related("couche", "commune").get(pk=contribution_id)
    if not secrets.compare_digest(contribution.secret_sha256, secret_sha256(secret)):
        raise Contribution.DoesNotExist
    return contribution
