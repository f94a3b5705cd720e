"""The words in which the rest of the code asks about communes."""

import math
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.gis.db.models import PointField
from django.contrib.gis.geos import Point, Polygon
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Exists, F, Func, OuterRef, QuerySet, Value

if TYPE_CHECKING:
    from territoires.models import Commune, Departement, Epci, Region

# Outlines at hand are simplified by tens of metres: nearer than this, a person decides.
NEAR_BORDER_M = 100
# Length of a degree of latitude where it is shortest (equator, WGS84), less a margin.
_METRES_PER_DEGREE = 110_000


class IsAnyOf(Func):
    """`code = ANY(ARRAY(…))`: the array is computed once, before the rows are looked at."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field: ClassVar[Any] = BooleanField()


class WithinMetres(Func):
    """`ST_DWithin` on the ellipsoid. Always behind a `bboverlaps` filter: the cast has no index."""

    function = "ST_DWithin"
    template = "%(function)s(%(expressions)s)"
    output_field: ClassVar[Any] = BooleanField()

    def __init__(self, field: str, point: Point, metres: float) -> None:
        """Compare `field` with `point` (EPSG:4326)."""
        super().__init__(
            Func(F(field), template="(%(expressions)s)::geography"),
            Func(Value(point, output_field=PointField(srid=4326)), template="(%(expressions)s)::geography"),
            Value(float(metres)),
        )


def box_around(point: Point, metres: float) -> Polygon:
    """Return a box in degrees (EPSG:4326) which holds all that is within `metres` of `point`."""
    dy = metres / _METRES_PER_DEGREE
    dx = dy / max(math.cos(math.radians(min(abs(point.y) + dy, 89.9))), 1e-3)
    box = Polygon.from_bbox((point.x - dx, point.y - dy, point.x + dx, point.y + dy))
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

    def with_near_border(self, point: Point) -> Self:
        """Annotate `near_border`: another current commune lies within 100 m of `point`."""
        from territoires.models import CommunePiece

        others = CommunePiece.objects.filter(
            WithinMetres("geom", point, NEAR_BORDER_M),
            geom__bboverlaps=box_around(point, NEAR_BORDER_M),
            commune__valid_to__isnull=True,
        ).exclude(commune_id=OuterRef("code_insee"))
        return self.annotate(near_border=Exists(others))

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
