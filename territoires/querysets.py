"""The words in which the rest of the code asks about communes."""

import math
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.gis.geos import Point, Polygon
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Func, Manager, QuerySet

if TYPE_CHECKING:
    from territoires.models import Commune, Departement, Epci, Region

# Length of a degree of latitude where it is shortest (equator, WGS84), less a margin.
_METRES_PER_DEGREE = 110_000


class IsAnyOf(Func):
    """`code = ANY(ARRAY(…))`: the array is computed once, before the rows are looked at."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field: ClassVar[Any] = BooleanField()


def extent_around(point: Point, metres: float) -> tuple[float, float, float, float]:
    """Return (west, south, east, north) in degrees, which hold all that is within `metres` of `point`."""
    dy = metres / _METRES_PER_DEGREE
    dx = dy / max(math.cos(math.radians(min(abs(point.y) + dy, 89.9))), 1e-3)
    return point.x - dx, point.y - dy, point.x + dx, point.y + dy


def box_around(point: Point, metres: float) -> Polygon:
    """Return `extent_around` as a Polygon EPSG:4326, for an index-backed prefilter."""
    box = Polygon.from_bbox(extent_around(point, metres))
    box.srid = 4326
    return box


class CommuneQuerySet(QuerySet["Commune"]):
    """Communes by place, by territory and by time."""

    def current(self) -> Self:
        """Communes that exist today: no successor and no end."""
        return self.filter(valid_to__isnull=True)

    def covering(self, point: Point) -> Self:
        """Communes whose outline holds `point` (EPSG:4326), lowest code first.

        A point on a shared border is covered by both; callers take `.first()`.
        Looks in the pieces of at most 64 vertices, never in whole outlines. The codes
        are gathered in an array first, once: as a join, `ORDER BY … LIMIT 1` tempts the
        planner to walk the 35,000 communes in order and probe the pieces of each.
        """
        from territoires.models import CommunePiece

        codes = CommunePiece.objects.filter(geom__covers=point).values("commune_id")
        return self.current().filter(IsAnyOf("code_insee", ArraySubquery(codes))).order_by("code_insee")

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


class CommuneManager(Manager["Commune"].from_queryset(CommuneQuerySet)):  # type: ignore[misc]
    """The communes that exist or existed: the imaginary one is asked for by its name only."""

    def get_queryset(self) -> CommuneQuerySet:
        """Leave the sandbox out, by its code: the look-ups by key still read the index alone."""
        from territoires.models import SANDBOX_CODE

        return CommuneQuerySet(self.model, using=self._db).exclude(pk=SANDBOX_CODE)


class DepartementManager(Manager["Departement"]):
    """The départements of France: that of the sandbox is in no list."""

    def get_queryset(self) -> QuerySet["Departement"]:
        """Leave the sandbox's out."""
        from territoires.models import SANDBOX_DEPARTEMENT

        return super().get_queryset().exclude(pk=SANDBOX_DEPARTEMENT)
