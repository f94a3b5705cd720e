"""Finds what already lies near: features in force and contributions not settled yet."""

import datetime as dt
import json
import math
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import Point
from django.db import connection

from couches.models import Couche
from couches.schemas import title_of
from territoires.querysets import box_around

NEAR_M = 100
# To strangers, a pending report's distance is said by steps: exact ones would locate it.
DISTANCE_STEP_M = 10

# The box finds the candidates by the GiST indexes; only those are measured on the
# ellipsoid. Row values: kind, id, number, attributes, observed on, metres.
_FIND = """
SELECT kind, id, number, attributes, observed_on, distance FROM (
    {features}
    UNION ALL
    SELECT 'signalement', pending.id, NULL, NULL,
           (pending.observed_at AT TIME ZONE 'UTC')::date,
           ST_Distance(pending.geom::geography, %(point)s::geometry::geography)
    FROM contributions_contribution AS pending
    WHERE pending.geom && %(box)s::geometry AND pending.couche_id = %(couche)s
      AND pending.status IN ('SUBMITTED', 'RETURNED', 'ACCEPTED')
      AND pending.id IS DISTINCT FROM %(exclude)s
      AND pending.practice_of_id IS NOT DISTINCT FROM %(practice_of)s::bigint
) AS candidate
WHERE distance <= %(radius)s
ORDER BY distance, id
LIMIT %(limit)s
"""
FIND_NEAR = _FIND.format(
    features="""
    SELECT 'feature' AS kind, row.feature_id AS id, row.number, row.attributes,
           row.last_observed_on AS observed_on,
           ST_Distance(row.geom::geography, %(point)s::geometry::geography) AS distance
    FROM couches_featureversion AS row
    WHERE row.geom && %(box)s::geometry AND row.couche_id = %(couche)s AND row.to_version IS NULL"""
)
# A sensitive object is published at the middle of a wide cell: where it is, the last report
# that placed it says, to officials alone.
FIND_NEAR_SENSITIVE = _FIND.format(
    features="""
    SELECT 'feature' AS kind, row.feature_id AS id, row.number, row.attributes,
           row.last_observed_on AS observed_on,
           ST_Distance(said.geom::geography, %(point)s::geometry::geography) AS distance
    FROM contributions_contribution AS said
    JOIN couches_featureversion AS row
        ON row.feature_id = said.published_feature_id AND row.to_version IS NULL
    WHERE said.geom && %(box)s::geometry AND said.couche_id = %(couche)s
      AND said.id = (
        SELECT placed.id FROM contributions_contribution AS placed
        WHERE placed.published_feature_id = row.feature_id AND placed.status = 'PUBLISHED'
          AND placed.operation IN ('create', 'update') AND NOT ST_Equals(placed.geom, row.geom)
        ORDER BY placed.published_in_id DESC, placed.received_at DESC, placed.id LIMIT 1)"""
)


@dataclass(frozen=True, slots=True)
class Near:
    """Something of the same couche nearby. `number` and `label` are a feature's only."""

    kind: str
    id: uuid.UUID
    number: int | None
    label: str | None
    distance_m: float
    observed_on: dt.date

    def public(self) -> dict[str, Any]:
        """Return what a stranger may know: all of a feature; of a report, that there is one."""
        if self.kind == "feature":
            return {
                "kind": self.kind,
                "id": str(self.id),
                "number": self.number,
                "label": self.label,
                "distance_m": round(self.distance_m, 1),
                "observed_on": self.observed_on.isoformat(),
            }
        steps = max(1, math.ceil(self.distance_m / DISTANCE_STEP_M))
        return {
            "kind": self.kind,
            "distance_m": steps * DISTANCE_STEP_M,
            "observed_on": self.observed_on.isoformat(),
        }


def find_near(
    point: Point,
    couche: Couche,
    *,
    radius_m: float = NEAR_M,
    exclude: uuid.UUID | None = None,
    practice_of: int | None = None,
    official: bool = False,
    limit: int = 10,
) -> list[Near]:
    """Return what of `couche` lies within `radius_m` metres of `point` (EPSG:4326), nearest first.

    One query. `exclude` is a contribution's id: nobody is their own duplicate. `practice_of` is the
    person in whose sandbox to look; without it, only real reports are found. The labels of
    pending reports stay in the database: officials read the rows themselves. Of a sensitive
    couche only an `official` is answered: a stranger would find a place by asking around it.
    """
    if couche.sensitive and not official:
        return []
    parameters: dict[str, Any] = {
        "point": point.ewkb,
        "box": box_around(point, radius_m).ewkb,
        "couche": couche.pk,
        "exclude": exclude,
        "practice_of": practice_of,
        "radius": radius_m,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(FIND_NEAR_SENSITIVE if couche.sensitive else FIND_NEAR, parameters)
        return [
            Near(
                kind=kind,
                id=identifier,
                number=number,
                label=title_of(couche, _as_object(attributes)) if kind == "feature" else None,
                distance_m=distance,
                observed_on=observed_on,
            )
            for kind, identifier, number, attributes, observed_on, distance in cursor.fetchall()
        ]


def _as_object(attributes: Any) -> dict[str, Any]:
    """Return decoded attributes: Django hands jsonb over as text to raw cursors."""
    return json.loads(attributes) if isinstance(attributes, str) else attributes
