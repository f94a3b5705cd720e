"""Tells people by letter what changed in how their account opens."""

import uuid

from django.conf import settings
from django.urls import reverse

from comptes.models import User
from comptes.notifications import notify


def tell_second_factor(user: User, what: str) -> None:
    """Write to `user` that `what` (a sentence) happened to their account; they may not be who did it."""
    notify(
        event=f"double-verification:{uuid.uuid4()}",
        template="double-verification",
        recipient=user.email,
        context={"geste": what, "compte": settings.PUBLIC_URL + reverse("mfa_index")},
    )
