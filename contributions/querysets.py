"""Contributions in the words of those who wait and those who decide."""

from typing import TYPE_CHECKING, Self

from django.db.models import QuerySet

if TYPE_CHECKING:
    from contributions.models import Contribution


class ContributionQuerySet(QuerySet["Contribution"]):
    """Contributions by state."""

    def pending(self) -> Self:
        """Those that await an official."""
        return self.filter(status="SUBMITTED")

    def unsettled(self) -> Self:
        """Those that may still become public: a newcomer can be their duplicate."""
        return self.filter(status__in=["SUBMITTED", "RETURNED", "ACCEPTED"])

    def with_secret(self, secret_sha256: str) -> Self:
        """Those whose author holds the secret with this hash."""
        return self.filter(secret_sha256=secret_sha256)
