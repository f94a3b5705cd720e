"""What changed between two versions of a couche, as cheap as the changes are few.

A row that matters begins or ends between the two versions; both are index ranges
(`fv_couche_from`, `fv_couche_to`), so the rest of the couche is never read.
"""

from django.db import connection
from django.utils.translation import gettext as _

from couches.models import Couche

# Columns: change ('added', 'changed', 'withdrawn'), feature_id, before_id and after_id, the
# keys in couches_featureversion of what the feature said at version `since` (null when
# added) and says at `until` (null when withdrawn). What changed and came back is not there.
DELTA_SQL = """
SELECT CASE WHEN b.id IS NULL THEN 'added' WHEN a.id IS NULL THEN 'withdrawn' ELSE 'changed' END AS change,
       feature_id, b.id AS before_id, a.id AS after_id
FROM (
    SELECT id, feature_id, row_sha256 FROM couches_featureversion
    WHERE couche_id = %(couche)s AND from_version > %(since)s AND from_version <= %(until)s
      AND (to_version IS NULL OR to_version > %(until)s)
) a
FULL JOIN (
    SELECT id, feature_id, row_sha256 FROM couches_featureversion
    WHERE couche_id = %(couche)s AND to_version > %(since)s AND to_version <= %(until)s
      AND from_version <= %(since)s
) b USING (feature_id)
WHERE a.row_sha256 IS DISTINCT FROM b.row_sha256
"""
_COUNT_SQL = f"SELECT change, count(*) FROM ({DELTA_SQL}) AS delta GROUP BY change"  # noqa: S608  # a constant


class BadInterval(ValueError):
    """La version de départ doit précéder celle d'arrivée."""


def delta_parameters(couche: Couche, since: int, until: int) -> dict[str, int]:
    """Return the parameters of `DELTA_SQL`: changes after version `since`, up to `until`.

    `since` 0 is the empty couche. Raises BadInterval unless 0 <= since < until.
    """
    if not 0 <= since < until:
        raise BadInterval(
            _("La version de départ (%(since)d) doit précéder la version d'arrivée (%(until)d).")
            % {"since": since, "until": until}
        )
    return {"couche": couche.pk, "since": since, "until": until}


def delta_counts(couche: Couche, since: int, until: int) -> dict[str, int]:
    """Return {"added", "changed", "withdrawn"} between two versions of a couche."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_SQL, delta_parameters(couche, since, until))
        found = dict(cursor.fetchall())
    return {change: found.get(change, 0) for change in ("added", "changed", "withdrawn")}
