"""Couches and feature versions in the analyst's words."""

from typing import TYPE_CHECKING, Self

from django.db.models import Prefetch, Q, QuerySet

if TYPE_CHECKING:
    from couches.models import Couche, FeatureVersion


class CoucheQuerySet(QuerySet["Couche"]):
    """The catalogue."""

    def with_latest(self) -> Self:
        """Couches that know their version in force: `latest()` then asks nothing more."""
        from couches.models import CoucheVersion

        latest = CoucheVersion.objects.order_by("couche_id", "-number").distinct("couche_id")
        return self.prefetch_related(Prefetch("versions", latest, to_attr="latest_versions"))


class FeatureVersionQuerySet(QuerySet["FeatureVersion"]):
    """Published rows by version."""

    def at_version(self, number: int) -> Self:
        """The rows of a couche at version `number`: `from <= n < coalesce(to, ∞)`."""
        return self.filter(Q(to_version__isnull=True) | Q(to_version__gt=number), from_version__lte=number)

    def current(self) -> Self:
        """The rows in force."""
        return self.filter(to_version__isnull=True)
