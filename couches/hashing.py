"""The hash of a version: what makes a published couche checkable by anyone.

The row's hash is the SQL function `couches_row_sha256` (migration 0003): SHA-256 of a
JSON array of its public content. The version's is SHA-256 of its rows' hashes put end to
end in the order of the features' ids. docs/couches.md says it in full, with a program
that recomputes both.
"""

from django.db import connection

from couches.models import Couche

# At version n: from_version <= n < coalesce(to_version, ∞). UUIDs sort by their bytes.
_VERSION_SQL = """
SELECT count(*),
       encode(sha256(coalesce(string_agg(row_sha256, ''::bytea ORDER BY feature_id), ''::bytea)), 'hex')
FROM couches_featureversion
WHERE couche_id = %(couche)s
  AND from_version <= %(number)s AND (to_version IS NULL OR to_version > %(number)s)
"""


def fingerprint(couche: Couche, number: int) -> tuple[int, str]:
    """Return (feature count, SHA-256 in 64 hexadecimal digits) of the rows at version `number`."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSION_SQL, {"couche": couche.pk, "number": number})
        count, sha256 = cursor.fetchone()
    return count, sha256
