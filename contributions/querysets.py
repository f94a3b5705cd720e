"""Contributions in the words of those who wait and those who decide."""

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.contrib.gis.geos import Point
from django.db.models import F, Manager, Q, QuerySet
from django.utils import timezone

if TYPE_CHECKING:
    from contributions.models import Contribution, Pause, WorkshopCode
    from couches.models import Couche
    from territoires.models import Commune


class ContributionQuerySet(QuerySet["Contribution"]):
    """Contributions by state."""

    def pending(self) -> Self:
        """Those that await an official."""
        return self.filter(status="SUBMITTED")

    def unsettled(self) -> Self:
        """Those that may still become public: a newcomer can be their duplicate."""
        return self.filter(status__in=["SUBMITTED", "RETURNED", "ACCEPTED"])

    def anonymous(self) -> Self:
        """Those that no official entered nor loaded."""
        return self.filter(entered_by=None).exclude(channel__in=["desk", "import"])

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


class PauseQuerySet(QuerySet["Pause"]):
    """Pauses by time and by place."""

    def to_come_or_live(self, at: dt.datetime | None = None) -> Self:
        """Those that act now or will: neither ended early nor past."""
        return self.filter(ended_at=None, ends__gt=at or timezone.now())

    def live(self, at: dt.datetime | None = None) -> Self:
        """Those that act at the instant `at` (now when omitted); at `ends` they no longer do."""
        moment = at or timezone.now()
        return self.to_come_or_live(moment).filter(starts__lte=moment)

    def of_commune(self, commune: "Commune") -> Self:
        """Those that act in `commune`, in all of it or in part."""
        return self.filter(codes_insee__contains=[commune.pk])

    def covering(self, point: Point, *, commune: "Commune", couche: "Couche") -> Self:
        """Those that hold a report on `couche` at `point` (EPSG:4326) of `commune`; an edge is inside."""
        here = self.of_commune(commune).filter(Q(couche=None) | Q(couche=couche))
        return here.filter(Q(zone=None) | Q(zone__covers=point))
