"""The count and hash of a version within a territory: what a follower of that territory checks.

The whole couche's are in its version's row; these are computed when asked, from the rows'
own hashes, put end to end in the order of the ids, as docs/couches.md says.
"""

from psycopg import sql

from couches.reading import reader
from exports.rows import TABLES, Selection

_QUERY = """
SELECT count(*), encode(sha256(coalesce(
    string_agg(fv.row_sha256, ''::bytea ORDER BY fv.feature_id), ''::bytea)), 'hex')
{tables} WHERE {where}
"""


def fingerprint_of(selection: Selection) -> tuple[int, str]:
    """Return (feature count, SHA-256 in 64 hexadecimal digits) of the rows of a selection."""
    if selection.territory is None:
        return selection.version.feature_count, selection.version.sha256
    query = sql.SQL(_QUERY).format(tables=TABLES, where=selection.where())
    with reader().cursor() as cursor:
        cursor.execute(query)
        count, sha256 = cursor.fetchone()
    return count, sha256
