"""The bulk door beside `submit()`: the same checks, a thousand rows a statement.

Each row was judged by the readers of `contributions.validation`; here rows go to a temporary table by
COPY, are located together, and become contributions in one statement, once: the id of a row
comes from its file, so that what is killed and begun again doubles nothing.
"""

import datetime as dt
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from comptes.models import User
from couches.coarse import ACCURACY_M
from couches.models import Couche, FeatureVersion
from territoires.bulk import bulk_locate_sql
from territoires.location import NEAR_BORDER_M

_EWKB = struct.Struct("<BIIdd")
_POINT_WITH_SRID = 0x20000001

_TABLES = """
CREATE TEMPORARY TABLE IF NOT EXISTS contributions_staged (
    id integer, uid uuid, operation text, feature uuid, home text, geom geometry(Point, 4326),
    attributes jsonb, observed_at timestamptz, accuracy_m double precision, payload text, secret text,
    at_home boolean
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS contributions_settled (
    id integer, commune_id text, near_border boolean, fault text
) ON COMMIT DELETE ROWS;
"""
# Who sends a file may send it for their own communes: NULL stands for all of them. A row that
# leaves a sensitive object where it is stands in the object's commune, whatever the middle of
# its cell is in.
_SETTLE = """
INSERT INTO contributions_settled
SELECT s.id, l.commune_id, l.near_border AND NOT s.at_home, CASE
    WHEN l.commune_id IS NULL THEN 'outside'
    WHEN %(allowed)s::text[] IS NOT NULL AND l.commune_id <> ALL (%(allowed)s::text[]) THEN 'territory'
    WHEN coalesce(home.successor_id, s.home) <> l.commune_id THEN 'moved'
    WHEN EXISTS (SELECT FROM contributions_contribution c WHERE c.id = s.uid) THEN 'known'
END
FROM contributions_staged s
JOIN ({located}) found USING (id)
LEFT JOIN territoires_commune home ON home.code_insee = s.home
CROSS JOIN LATERAL (
    SELECT CASE WHEN s.at_home THEN coalesce(home.successor_id, s.home) ELSE found.commune_id END AS commune_id,
        found.near_border
) l
"""
_INSERT = """
INSERT INTO contributions_contribution (
    id, couche_id, operation, feature_id, geom, attributes, commune_id, code_insee_at_capture,
    millesime, near_border, observed_at, received_at, accuracy_m, position_source, channel,
    entered_by_id, status, version, payload_sha256, secret_sha256, schema_version, near_at_receipt)
SELECT s.uid, %(couche)s, s.operation, s.feature, s.geom, s.attributes, t.commune_id, t.commune_id,
    c.millesime, t.near_border, s.observed_at, %(now)s, s.accuracy_m, 'list', 'import',
    %(by)s, 'SUBMITTED', 1, s.payload, s.secret, %(schema_version)s, '[]'
FROM contributions_staged s
JOIN contributions_settled t USING (id)
JOIN territoires_commune c ON c.code_insee = t.commune_id
WHERE t.fault IS NULL
ORDER BY s.id
ON CONFLICT (id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Staged:
    """A judged row: its number in the file, its place (EPSG:4326), what it says.

    `id` is a UUID in hexadecimal; `target` the object it corrects; `attributes` is cleaned JSON;
    `payload_sha256` the hash of the row, `secret_sha256` that of a secret nobody holds: rows of a
    file are followed by who sent it. `at_home`: the place is what a sensitive couche publishes of
    the object's, and says nothing of its commune.
    """

    number: int
    id: str
    target: FeatureVersion | None
    lon: float
    lat: float
    attributes: bytes
    observed_at: dt.datetime
    accuracy_m: float | None
    payload_sha256: str
    secret_sha256: str
    at_home: bool = False


@dataclass(frozen=True)
class Settled:
    """What became of a batch: (number, fault) of rows left aside, rows that entered or would."""

    faults: list[tuple[int, str]]
    entered: int


def enter(
    couche: Couche, rows: Sequence[Staged], *, by: User | None, allowed: list[str] | None, wet: bool
) -> Settled:
    """Locate a batch and, if `wet`, make contributions of it, in one transaction.

    `allowed` are the codes of the communes the sender may send for (None: all). Faults are
    "outside" (in no commune of the site), "territory" (not the sender's), "moved" (to another
    commune than the object's), "known" (entered before).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # The commit that says the import is done is waited for, and with it all that came before.
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(_TABLES)
        # A dry run inside another transaction meets its own rows again.
        cursor.execute("TRUNCATE contributions_staged, contributions_settled")
        with cursor.copy("COPY contributions_staged FROM STDIN") as copy:
            copy.write("".join(map(_line, rows)))
        # A planner that knows how many rows there are locates them in half the time.
        cursor.execute("ANALYZE contributions_staged (id)")
        located = bulk_locate_sql("contributions_staged", near_border=True)
        cursor.execute(_SETTLE.format(located=located), {"allowed": allowed, "metres": NEAR_BORDER_M})
        cursor.execute("SELECT id, fault FROM contributions_settled WHERE fault IS NOT NULL ORDER BY id")
        faults = [(number, fault) for number, fault in cursor.fetchall()]
        entered = len(rows) - len(faults)
        if wet:
            cursor.execute(
                _INSERT,
                {
                    "couche": couche.pk,
                    "by": by.pk if by else None,
                    "now": timezone.now(),
                    "schema_version": couche.schema_version,
                },
            )
            entered = cursor.rowcount
    return Settled(faults, entered)


@lru_cache(maxsize=4096)
def _text_of(moment: dt.datetime) -> str:
    """Return an instant as COPY reads it: a file has few of them."""
    return moment.isoformat()


def _line(row: Staged) -> str:
    """Return a row as a line of COPY: made here in one go, a million adaptations fewer."""
    target = row.target
    place = _EWKB.pack(1, _POINT_WITH_SRID, 4326, row.lon, row.lat).hex()
    # JSON writes its own escapes with backslashes, which COPY reads too.
    said = row.attributes.decode().replace("\\", "\\\\")
    about = f"update\t{target.feature_id}\t{target.commune_id}" if target else "create\t\\N\t\\N"
    accuracy = "\\N" if row.accuracy_m is None else repr(row.accuracy_m)
    at_home = "t" if row.at_home else "f"
    return (
        f"{row.number}\t{row.id}\t{about}\t{place}\t{said}\t{_text_of(row.observed_at)}\t{accuracy}"
        f"\t{row.payload_sha256}\t{row.secret_sha256}\t{at_home}\n"
    )


_SOUGHT = """
CREATE TEMPORARY TABLE IF NOT EXISTS contributions_sought (
    id integer, geom geometry(Point, 4326), name text
) ON COMMIT DELETE ROWS
"""
# The box is a little wider than the radius at any latitude of France; the ellipsoid decides.
_NEAR_BY_NAME = """
SELECT s.id, found.feature_id FROM contributions_sought s
CROSS JOIN LATERAL (
    SELECT row.feature_id FROM couches_featureversion row
    WHERE row.couche_id = %(couche)s AND row.to_version IS NULL
      AND row.geom && ST_Expand(s.geom, %(metres)s / 60000.0, %(metres)s / 110000.0)
      AND lower(btrim(row.attributes ->> %(key)s)) = lower(btrim(s.name))
      AND ST_DWithin(row.geom::geography, s.geom::geography, %(metres)s)
    LIMIT 2
) found
ORDER BY s.id
"""


def same_name_near(
    couche: Couche, sought: Iterable[tuple[int, float, float, str]], *, key: str, metres: int
) -> dict[int, list[Any]]:
    """Return {number: [feature ids]} of the objects in force of that name within `metres`; two at most.

    `sought` are (number, longitude, latitude, name); `key` is the attribute that names. Objects of
    a sensitive couche stand at the middle of a wide cell: they are looked for as far as its corners.
    """
    metres = max(metres, ACCURACY_M) if couche.sensitive else metres
    found: dict[int, list[Any]] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SOUGHT)
        cursor.execute("TRUNCATE contributions_sought")
        with cursor.copy("COPY contributions_sought FROM STDIN") as copy:
            for number, lon, lat, name in sought:
                copy.write_row((number, _EWKB.pack(1, _POINT_WITH_SRID, 4326, lon, lat).hex(), name))
        cursor.execute("ANALYZE contributions_sought")
        cursor.execute(_NEAR_BY_NAME, {"couche": couche.pk, "metres": float(metres), "key": key})
        for number, feature in cursor.fetchall():
            found.setdefault(number, []).append(feature)
    return found
