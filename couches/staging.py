"""Changes on their way into a couche: copied to a temporary table, resolved, checked.

Everything is one statement for all the changes: a million costs the database minutes at
most and this process no memory. What the changes mean against the rows in force is
computed once, in `couches_resolved`; publication then only closes and inserts.
"""

import datetime as dt
import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import orjson
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils.translation import gettext as _

from couches.coarse import ACCURACY_M, CELL_DECIMALS
from couches.models import Couche

# Coordinates are published on a grid of 7 decimals (1.1 cm at the equator): what a GeoJSON
# file prints is exactly what is stored, so a reader can recompute the hash.
DECIMALS = 7
_EWKB_POINT = struct.Struct("<BIIdd")
_WKB_POINT_WITH_SRID = 0x20000001
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class Change:
    """What one feature must say in the next version.

    Counters and dates are totals, as they will stand, never increments.
    `create` needs `geom` (EPSG:4326), `attributes` and `commune_id`; `update` keeps the
    geometry, attributes or commune it leaves None; `observe` keeps all but the counters
    and the date; `delete` needs the identity alone. At most one change per feature.
    """

    kind: Literal["create", "update", "delete", "observe"]
    feature_id: UUID
    geom: Point | None = None
    attributes: dict[str, Any] | None = None
    commune_id: str | None = None
    observations: int = 1
    distinct_observers: int = 1
    last_observed_on: dt.date | None = None
    accuracy_m: float | None = None
    near_border: bool = False
    self_accepted: bool = False
    origin: str = "contribution"


class RefusedChange(Exception):
    """Un changement ne peut pas être publié ; rien n'a été écrit."""


_CREATE_STAGED = """
DROP TABLE IF EXISTS pg_temp.couches_staged, pg_temp.couches_resolved;
CREATE TEMP TABLE couches_staged (
    rank integer, kind text, feature_id uuid, geom geometry(Point, 4326), attributes jsonb,
    commune_id text, observations integer, distinct_observers integer, last_observed_on date,
    accuracy_m double precision, near_border boolean, self_accepted boolean, origin text
) ON COMMIT DROP
"""
_COPY = "COPY pg_temp.couches_staged FROM STDIN"

# Each change beside the row in force, and the content it leads to. `s.geom IS NULL` means
# that the place is kept, and with it what was known of its accuracy. Of a sensitive couche,
# neither the place nor what tells it apart from others nearby goes further than here.
_RESOLVE = """
CREATE TEMP TABLE couches_resolved ON COMMIT DROP AS
SELECT x.*, CASE WHEN x.kind <> 'delete' THEN couches_row_sha256(
    x.feature_id, x.geom, x.attributes, x.commune_id, x.observations, x.distinct_observers,
    x.last_observed_on, x.accuracy_m, x.near_border, x.self_accepted, x.origin
) END AS row_sha256
FROM (
    SELECT s.rank, s.kind, s.feature_id, c.id AS current_id, c.row_sha256 AS current_sha256,
        CASE WHEN %(sensitive)s THEN ST_SetSRID(ST_Point(
             round(ST_X(place.geom)::numeric, %(decimals)s)::double precision,
             round(ST_Y(place.geom)::numeric, %(decimals)s)::double precision), 4326)
             ELSE place.geom END AS geom,
        CASE WHEN s.kind = 'observe' THEN c.attributes
             ELSE coalesce(s.attributes, c.attributes) END AS attributes,
        CASE WHEN s.kind = 'observe' THEN c.commune_id
             ELSE coalesce(s.commune_id, c.commune_id) END AS commune_id,
        s.observations, s.distinct_observers,
        coalesce(s.last_observed_on, c.last_observed_on, %(today)s) AS last_observed_on,
        CASE WHEN %(sensitive)s THEN %(coarse_m)s
             WHEN s.kind = 'observe' OR (s.kind = 'update' AND s.geom IS NULL) THEN c.accuracy_m
             ELSE s.accuracy_m END AS accuracy_m,
        CASE WHEN %(sensitive)s THEN false
             WHEN s.kind = 'observe' OR (s.kind = 'update' AND s.geom IS NULL) THEN c.near_border
             ELSE s.near_border END AS near_border,
        CASE WHEN s.kind = 'observe' THEN c.self_accepted ELSE s.self_accepted END AS self_accepted,
        CASE WHEN s.kind = 'observe' THEN c.origin ELSE s.origin END AS origin
    FROM pg_temp.couches_staged s
    LEFT JOIN couches_featureversion c
        ON c.feature_id = s.feature_id AND c.couche_id = %(couche)s AND c.to_version IS NULL
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.kind = 'observe' THEN c.geom ELSE coalesce(s.geom, c.geom) END AS geom
    ) place
) x
"""

_FAULTS = """
SELECT 'twice', min(feature_id::text) FROM pg_temp.couches_staged GROUP BY feature_id HAVING count(*) > 1
UNION ALL
SELECT 'absent', feature_id::text FROM pg_temp.couches_resolved WHERE kind <> 'create' AND current_id IS NULL
UNION ALL
SELECT 'known', r.feature_id::text
FROM pg_temp.couches_resolved r JOIN couches_feature f ON f.id = r.feature_id WHERE r.kind = 'create'
LIMIT %(limit)s
"""


def stage(couche: Couche, changes: Iterable[Change], *, today: dt.date) -> None:
    """Fill `couches_resolved` with the changes; call inside the publication's transaction.

    Raises RefusedChange, naming the features, for a change that has no meaning.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CREATE_STAGED)
        with cursor.copy(_COPY) as copy:
            for rank, change in enumerate(changes):
                copy.write_row(_row(rank, change))
        cursor.execute("ANALYZE pg_temp.couches_staged")
        cursor.execute(
            _RESOLVE,
            {
                "couche": couche.pk,
                "today": today,
                "sensitive": couche.sensitive,
                "decimals": CELL_DECIMALS,
                "coarse_m": ACCURACY_M,
            },
        )
        cursor.execute("ANALYZE pg_temp.couches_resolved")
        cursor.execute(_FAULTS, {"limit": _MAX_NAMED})
        faults = cursor.fetchall()
    if faults:
        raise RefusedChange(" ".join(_fault(rule, feature) for rule, feature in faults))


def _fault(rule: str, feature: str) -> str:
    messages = {
        "twice": _("L'objet %(id)s est changé deux fois : réunissez les deux changements."),
        "absent": _("L'objet %(id)s n'est pas en vigueur dans cette couche."),
        "known": _("L'objet %(id)s existe déjà : corrigez-le au lieu de le créer."),
    }
    return messages[rule] % {"id": feature}


def _row(rank: int, change: Change) -> tuple[Any, ...]:
    """Return the columns of `couches_staged` for one change."""
    if change.kind == "create" and None in (change.geom, change.attributes, change.commune_id):
        text = _("L'objet %(id)s est créé sans lieu, sans réponses ou sans commune.")
        raise RefusedChange(text % {"id": change.feature_id})
    return (
        rank,
        change.kind,
        change.feature_id,
        None if change.geom is None else _ewkb(change.geom, change.feature_id),
        None if change.attributes is None else orjson.dumps(change.attributes).decode(),
        change.commune_id,
        change.observations,
        change.distinct_observers,
        change.last_observed_on,
        None if change.accuracy_m is None else round(change.accuracy_m, 1),
        change.near_border,
        change.self_accepted,
        change.origin,
    )


def _ewkb(point: Point, feature_id: UUID) -> str:
    """Return a point on the grid, as hexadecimal EWKB; refuse what is no place on Earth."""
    lon, lat = (math.nan, math.nan) if point.empty else (point.x, point.y)
    if not (-180 <= lon <= 180 and -90 <= lat <= 90) or point.srid != 4326:
        text = _("L'objet %(id)s n'a pas de position en longitude et latitude (EPSG:4326).")
        raise RefusedChange(text % {"id": feature_id})
    # Adding 0.0 turns -0.0 into 0.0: one place, one spelling.
    x, y = round(lon, DECIMALS) + 0.0, round(lat, DECIMALS) + 0.0
    return _EWKB_POINT.pack(1, _WKB_POINT_WITH_SRID, 4326, x, y).hex()
