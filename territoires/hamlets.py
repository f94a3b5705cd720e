"""The named place nearest to a point: how people say where something is."""

from django.db.models import F, FloatField, Func, OuterRef, Subquery

from territoires.models import LieuDit

# Farther than this, a hamlet says nothing of the place.
NEAR_M = 2_000


def nearest_hamlet(*, point: str = "geom", commune: str = "commune", within_m: float = NEAR_M) -> Subquery:
    """Return, for each outer row, the name of the nearest hamlet of its commune; NULL when none is near.

    `point` and `commune` name the outer row's columns (Point EPSG:4326, code INSEE). Distances are
    on the sphere, in metres: half a percent off at most, for the few hamlets of one commune.
    """
    metres = Func(F("point"), OuterRef(point), function="ST_DistanceSphere", output_field=FloatField())
    named = LieuDit.objects.filter(commune=OuterRef(commune)).annotate(metres=metres)
    return Subquery(named.filter(metres__lte=within_m).order_by("metres", "nom").values("nom")[:1])
