"""Contributions in the words of those who wait and those who decide."""

from typing import TYPE_CHECKING, Self

from django.db.models import F, Manager, QuerySet
from django.utils import timezone

if TYPE_CHECKING:
    from contributions.models import Contribution, WorkshopCode


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


class RealContributionManager(Manager["Contribution"].from_queryset(ContributionQuerySet)):  # type: ignore[misc]
    """What residents sent: the invented reports of the sandbox are in no list, count or search."""

    def get_queryset(self) -> ContributionQuerySet:
        """Leave the practice reports out."""
        return ContributionQuerySet(self.model, using=self._db).filter(practice_of=None)


class WorkshopCodeQuerySet(QuerySet["WorkshopCode"]):
    """Workshop codes by what they still open."""

    def live(self) -> Self:
        """Those neither ended nor past their hour; one that is used up is still shown."""
        return self.filter(ended_at=None, expires_at__gt=timezone.now())

    def with_uses_left(self) -> Self:
        """Those that may serve once more."""
        return self.filter(uses__lt=F("max_uses"))
