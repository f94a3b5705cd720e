"""Feature versions in the analyst's words."""

from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from couches.models import FeatureVersion


class FeatureVersionQuerySet(QuerySet["FeatureVersion"]):
    """Published rows by version."""

    def at_version(self, number: int) -> Self:
        """The rows of a couche at version `number`: `from <= n < coalesce(to, ∞)`."""
        return self.filter(Q(to_version__isnull=True) | Q(to_version__gt=number), from_version__lte=number)

    def current(self) -> Self:
        """The rows in force."""
        return self.filter(to_version__isnull=True)
