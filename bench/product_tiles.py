"""Which tiles to measure: of about the same number of objects, whatever the couche holds."""

from typing import Any

from django.db import connection

from couches.models import CoucheVersion

# As many objects as a tile of zoom 10 held when the targets were set.
LIKE = 250
_BUSY = """
SELECT z, floor(u * (1 << z))::int AS x, floor(v * (1 << z))::int AS y, count(*) AS n
FROM (
    SELECT (ST_X(geom) + 180) / 360 AS u, (1 - asinh(tan(radians(ST_Y(geom)))) / pi()) / 2 AS v
    FROM couches_featureversion
    WHERE couche_id = %(couche)s AND from_version <= %(number)s AND (to_version IS NULL OR to_version > %(number)s)
) place CROSS JOIN generate_series(10, 16) AS z
GROUP BY 1, 2, 3 ORDER BY abs(count(*) - %(like)s), z, x, y LIMIT 1
"""


def busy_tile(*, slug: str, number: int) -> dict[str, Any]:
    """Return the tile (z, x, y) of a version, from zoom 10, that holds closest to LIKE objects."""
    version = CoucheVersion.objects.get(couche__slug=slug, number=number)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_BUSY, {"couche": version.couche_id, "number": number, "like": LIKE})
        z, x, y, objects = cursor.fetchone()
    return {"z": z, "x": x, "y": y, "objects": objects}
