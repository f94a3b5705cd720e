"""The words in which the rest of the code asks about communes."""

from typing import TYPE_CHECKING, Self

from django.contrib.gis.geos import Point
from django.db.models import Exists, OuterRef, QuerySet

if TYPE_CHECKING:
    from territoires.models import Commune, Departement, Epci, Region


class CommuneQuerySet(QuerySet["Commune"]):
    """Communes by place, by territory and by time."""

    def current(self) -> Self:
        """Communes that exist today: no successor and no end."""
        return self.filter(valid_to__isnull=True)

    def covering(self, point: Point) -> Self:
        """Communes whose outline holds `point` (EPSG:4326), lowest code first.

        A point on a shared border is covered by both; callers take `.first()`.
        Looks in the pieces of at most 64 vertices, never in whole outlines.
        """
        from territoires.models import CommunePiece

        pieces = CommunePiece.objects.filter(commune=OuterRef("pk"), geom__covers=point)
        return self.current().filter(Exists(pieces)).order_by("code_insee")

    def within(self, territory: "Commune | Epci | Departement | Region | None") -> Self:
        """Communes of a territory; `None` is the whole country."""
        from territoires.models import Commune, Departement, Epci

        if territory is None:
            return self
        if isinstance(territory, Commune):
            return self.filter(pk=territory.pk)
        if isinstance(territory, Epci):
            return self.filter(epci=territory)
        if isinstance(territory, Departement):
            return self.filter(departement=territory)
        return self.filter(departement__region=territory)
