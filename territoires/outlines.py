"""Rebuilds today's outlines in SQL: unions of former communes, what may be replaced, pieces.

The staging tables live for one transaction; see `territoires.boundaries` for `incoming`.
"""

from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper

MOVED_SHARE = 0.01  # a hundredth of the commune's area changed sides
OVERLAP_SHARE = 0.001  # of the smaller of the two
PIECE_VERTICES = 64

# Communes that end without a newer file: their outlines, and their successor's own, are
# joined. `ended` holds (code, successor).
STAGE_FROM_TABLES = """
INSERT INTO incoming (file_code, code, approximate, from_file, year, geom)
SELECT commune.code_insee, target.code, commune.approximate, false, commune.outline_year, commune.geom
FROM (
    SELECT ended.code AS part, ended.successor AS code FROM unnest(%(codes)s::text[], %(successors)s::text[])
        AS ended (code, successor)
    UNION
    SELECT successor, successor FROM unnest(%(successors)s::text[]) AS own (successor)
) AS target
JOIN territoires_commune AS commune ON commune.code_insee = target.part
WHERE commune.geom IS NOT NULL AND commune.valid_to IS NULL
  AND NOT EXISTS (SELECT 1 FROM incoming WHERE incoming.code = target.code AND incoming.from_file)
"""

# One outline as it is; several are united, and only what has an area is kept.
REBUILD = """
CREATE TEMPORARY TABLE rebuilt ON COMMIT DROP AS
SELECT code, from_file, bool_or(approximate) AS approximate, min(year) AS year,
       array_agg(DISTINCT file_code ORDER BY file_code) AS parts,
       CASE WHEN count(*) = 1 THEN ST_Multi((array_agg(geom))[1])
            ELSE ST_Multi(ST_CollectionExtract(ST_MakeValid(ST_Union(geom)), 3)) END AS geom
FROM incoming GROUP BY code, from_file
"""
# The planner must know the sizes as this transaction sees them: a second or two, against
# minutes for a nested loop over what it takes for an empty table.
INDEX_REBUILT = """
ALTER TABLE rebuilt ADD PRIMARY KEY (code);
ANALYZE rebuilt;
ANALYZE territoires_commune;
ANALYZE territoires_communepiece
"""

# Never back in time: an approximate outline does not replace a true one, nor an older a newer.
KEEP_BETTER = """
DELETE FROM rebuilt USING territoires_commune AS commune
WHERE commune.code_insee = rebuilt.code AND commune.geom IS NOT NULL AND commune.valid_to IS NULL
  AND rebuilt.from_file AND NOT commune.approximate
  AND (rebuilt.approximate OR coalesce(commune.outline_year > rebuilt.year, false))
RETURNING rebuilt.code
"""

# Outlines of unknown age may not replace dated ones.
WOULD_REPLACE_DATED = """
SELECT max(commune.outline_year) FROM rebuilt
JOIN territoires_commune AS commune ON commune.code_insee = rebuilt.code
WHERE rebuilt.from_file AND rebuilt.year IS NULL AND NOT rebuilt.approximate
  AND NOT commune.approximate AND commune.geom IS NOT NULL
"""

# Share of the commune's area that changes sides. Identical outlines are left out first.
DROP_IDENTICAL = """
DELETE FROM rebuilt USING territoires_commune AS commune
WHERE commune.code_insee = rebuilt.code AND commune.valid_to IS NULL
  AND commune.approximate = rebuilt.approximate
  AND commune.outline_year IS NOT DISTINCT FROM rebuilt.year
  AND ST_OrderingEquals(commune.geom, rebuilt.geom)
RETURNING rebuilt.code
"""
MOVED = """
SELECT code, share FROM (
    SELECT rebuilt.code,
           ST_Area(ST_SymDifference(commune.geom, rebuilt.geom)) / nullif(ST_Area(commune.geom), 0) AS share
    FROM rebuilt JOIN territoires_commune AS commune ON commune.code_insee = rebuilt.code
    WHERE commune.geom IS NOT NULL AND NOT ST_OrderingEquals(commune.geom, rebuilt.geom)
) AS moved WHERE share >= %s ORDER BY code
"""

# Measured on the pieces, once cut: whole outlines of a thousand vertices would take ten
# times longer. The box test comes from the index, the exact intersection only where
# interiors meet; pieces of closed communes are gone by then.
OVERLAPS = """
SELECT pair.low, pair.high,
       pair.area / least((SELECT ST_Area(geom) FROM territoires_commune WHERE code_insee = pair.low),
                         (SELECT ST_Area(geom) FROM territoires_commune WHERE code_insee = pair.high)) AS share
FROM (
    SELECT least(one.commune_id, other.commune_id) AS low, greatest(one.commune_id, other.commune_id) AS high,
           sum(ST_Area(ST_Intersection(one.geom, other.geom))) AS area
    FROM rebuilt
    JOIN territoires_communepiece AS one ON one.commune_id = rebuilt.code
    JOIN territoires_communepiece AS other ON one.geom && other.geom AND other.commune_id <> one.commune_id
    WHERE ST_Relate(one.geom, other.geom, '2********')
      AND (one.commune_id < other.commune_id
           OR NOT EXISTS (SELECT 1 FROM rebuilt AS twin WHERE twin.code = other.commune_id))
    GROUP BY 1, 2
) AS pair
ORDER BY pair.low, pair.high
"""

APPLY = """
UPDATE territoires_commune AS commune
SET geom = rebuilt.geom, approximate = rebuilt.approximate, outline_year = rebuilt.year,
    to_confirm = rebuilt.code = ANY(%(to_confirm)s)
FROM rebuilt WHERE commune.code_insee = rebuilt.code
"""
MARK_TO_CONFIRM = """
UPDATE territoires_commune SET to_confirm = true
WHERE code_insee = ANY(%(to_confirm)s) AND NOT to_confirm AND geom IS NOT NULL
"""
DROP_PIECES = "DELETE FROM territoires_communepiece WHERE commune_id IN (SELECT code FROM rebuilt)"
CUT_PIECES = """
INSERT INTO territoires_communepiece (commune_id, geom)
SELECT code, (ST_Dump(ST_CollectionExtract(piece, 3))).geom
FROM rebuilt, LATERAL ST_Subdivide(rebuilt.geom, %s) AS piece
"""


@dataclass(slots=True)
class OutlineDiff:
    """What becomes of outlines: written, rebuilt from parts, kept because better, moved, overlapping."""

    written: list[str] = field(default_factory=list)
    rebuilt: dict[str, list[str]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    identical: int = 0
    moved: list[tuple[str, float]] = field(default_factory=list)
    overlaps: list[tuple[str, str, float]] = field(default_factory=list)
    to_confirm: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def rebuild(cursor: CursorWrapper) -> None:
    """Turn `incoming` into `rebuilt`, one outline for each of today's communes."""
    cursor.execute(REBUILD)
    cursor.execute(INDEX_REBUILT)


def dated_year_at_risk(cursor: CursorWrapper) -> int | None:
    """Return the year of the newest dated outline that undated ones would replace."""
    cursor.execute(WOULD_REPLACE_DATED)
    row = cursor.fetchone()
    return row[0] if row else None


def leave_better(cursor: CursorWrapper, diff: OutlineDiff) -> None:
    """Drop from `rebuilt` what is older, rougher than or identical to what the tables hold."""
    cursor.execute(KEEP_BETTER)
    diff.kept = sorted(code for (code,) in cursor.fetchall())
    cursor.execute(DROP_IDENTICAL)
    diff.identical = len(cursor.fetchall())
    cursor.execute("SELECT code, parts FROM rebuilt ORDER BY code")
    for code, parts in cursor.fetchall():
        diff.written.append(code)
        if parts != [code]:
            diff.rebuilt[code] = parts


def measure_moves(cursor: CursorWrapper, diff: OutlineDiff) -> None:
    """Fill in the outlines that move; before they are written."""
    cursor.execute(MOVED, [MOVED_SHARE])
    diff.moved = [(code, float(share)) for code, share in cursor.fetchall()]


def measure_overlaps(cursor: CursorWrapper, diff: OutlineDiff) -> None:
    """Fill in the outlines that overlap; after the pieces are cut."""
    if not diff.written:  # the planner would read all pieces to find that nothing is new
        return
    cursor.execute(OVERLAPS)
    pairs = [(one, other, float(share or 0)) for one, other, share in cursor.fetchall()]
    diff.overlaps = [pair for pair in pairs if pair[2] >= OVERLAP_SHARE]


def apply(cursor: CursorWrapper, diff: OutlineDiff) -> None:
    """Write the outlines and cut them into pieces of at most 64 vertices."""
    marks = {"to_confirm": diff.to_confirm}
    cursor.execute(APPLY, marks)
    cursor.execute(MARK_TO_CONFIRM, marks)
    cursor.execute(DROP_PIECES)
    cursor.execute(CUT_PIECES, [PIECE_VERTICES])
    cursor.execute("ANALYZE territoires_communepiece")
    cursor.execute("ANALYZE territoires_commune")
