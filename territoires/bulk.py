"""Locates many points at once: one statement for a million, in the database."""

import re

from django.db import connection

from territoires.location import NEAR_BORDER_M

_TABLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")

# The pieces drive the join through their GiST index; `min` settles shared borders for the
# lowest code. Points outside every commune come back with NULLs.
LOCATE_SQL = """
SELECT point.id, min(piece.commune_id) AS commune_id
FROM {points} AS point
LEFT JOIN territoires_communepiece AS piece
       ON ST_Covers(piece.geom, point.geom)
GROUP BY point.id
"""

# With `near_border`: another commune within 100 m, or an outline to confirm. One walk of the index
# for both: what covers a point is near it, so two communes near it make a border. The box is
# widened by latitude first (110 km to the degree), so that the exact distance is computed only for
# pieces whose box is near; and only where degrees leave a doubt, for it costs twenty times more: a
# degree is 111.8 km at most, and 110.4 km times the cosine at least.
LOCATE_WITH_BORDER_SQL = """
SELECT located.id, located.commune_id,
       located.commune_id IS NOT NULL AND (home.to_confirm OR located.first <> located.last) AS near_border
FROM (
    SELECT point.id, min(piece.commune_id) FILTER (WHERE piece.covers) AS commune_id,
           min(piece.commune_id) FILTER (WHERE piece.near) AS first,
           max(piece.commune_id) FILTER (WHERE piece.near) AS last
    FROM {points} AS point
    LEFT JOIN LATERAL (
        SELECT met.commune_id, met.covers, met.covers OR CASE
            WHEN ST_Distance(met.geom, point.geom) * 111800 <= %(metres)s * 0.8 THEN true
            WHEN ST_Distance(met.geom, point.geom) * 110400 * cos(radians(ST_Y(point.geom)))
                 > %(metres)s * 1.25 THEN false
            ELSE ST_DWithin(met.geom::geography, point.geom::geography, %(metres)s)
        END AS near
        FROM (
            SELECT commune_id, geom, ST_Covers(geom, point.geom) AS covers
            FROM territoires_communepiece
            WHERE geom && ST_Expand(
                point.geom,
                %(metres)s / 110000.0 / greatest(cos(radians(least(abs(ST_Y(point.geom)) + 0.01, 89.9))), 0.001),
                %(metres)s / 110000.0)
            OFFSET 0
        ) AS met
        OFFSET 0
    ) AS piece ON true
    GROUP BY point.id
) AS located
LEFT JOIN territoires_commune AS home ON home.code_insee = located.commune_id
"""


def bulk_locate_sql(points: str, *, near_border: bool = False) -> str:
    """Return the statement for a table `points` of (id, geom Point 4326).

    Gives (id, commune_id or NULL) and, with `near_border`, a third column; then bind
    `metres`. Pieces exist for current communes only. Raises ValueError for a table name
    that is not a plain identifier: it cannot be bound.
    """
    if not _TABLE.fullmatch(points):
        raise ValueError(f"{points!r} is not a plain table name")
    return (LOCATE_WITH_BORDER_SQL if near_border else LOCATE_SQL).format(points=points)


def bulk_locate(points: str, *, into: str, near_border: bool = False) -> int:
    """Create the temporary table `into` with the location of each row of `points`; return the row count.

    Both are tables of the current connection; `into` must not exist.
    """
    if not _TABLE.fullmatch(into):
        raise ValueError(f"{into!r} is not a plain table name")
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE {into} AS {bulk_locate_sql(points, near_border=near_border)}",
            {"metres": NEAR_BORDER_M} if near_border else None,
        )
        return int(cursor.rowcount)
