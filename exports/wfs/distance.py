"""`DWithin` and `Beyond` in metres, on points in degrees: GeoDjango alone compares degrees.

A circle around the literal finds through the spatial index; the distance is then that of the
ellipsoid (PostGIS geography).
"""

from typing import Any

from django.contrib.gis.db.models import PointField
from django.contrib.gis.db.models.lookups import DWithinLookup, GISLookup
from django.utils.translation import gettext as _

from exports.wfs.gate import Refused

# A circle is drawn in a plane around its centre: beyond, it would be no circle.
MAX_METRES = 100_000


class PublishedPoint(PointField):
    """A point in EPSG:4326 whose distances are in metres."""


@PublishedPoint.register_lookup
class WithinMetres(DWithinLookup):
    """`geom__dwithin=(geometry, Distance)`: at most so many metres away (ellipsoid)."""

    rhs_params: list[Any]
    template = (
        "({lhs} && ST_Buffer({rhs}::geography, %s)::geometry "
        "AND ST_DWithin({lhs}::geography, {rhs}::geography, %s))"
    )

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return the condition. Raises Refused for a distance that is none."""
        metres = float(self.rhs_params[0].m)
        if not 0 <= metres <= MAX_METRES:
            raise Refused("InvalidParameterValue", _("Donnez une distance de 0 à 100 km."), locator="filter")
        lhs, left = self.process_lhs(compiler, connection)
        rhs, right = GISLookup.process_rhs(self, compiler, connection)
        condition = self.template.format(lhs=lhs, rhs=rhs)
        # A margin for the circle, whose corners are cut.
        return condition, [*left, *right, metres * 1.05 + 1, *left, *right, metres]


@PublishedPoint.register_lookup
class BeyondMetres(WithinMetres):
    """`geom__fes_beyond=(geometry, Distance)`: more than so many metres away (ellipsoid)."""

    lookup_name = "fes_beyond"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return the contrary of `dwithin`."""
        condition, parameters = super().as_sql(compiler, connection)
        return f"NOT {condition}", parameters
