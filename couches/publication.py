"""Publishing is a commit: close what ends, open what begins, count, hash, number.

`publish()` and `revert()` are the only writers of versions. Both hold the couche's row
from the first read to the commit, so numbers have no gap and no change is lost, and both
are set-based: their cost follows the changes, plus one pass over the version to hash it.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from comptes.models import User
from couches.deltas import delta_counts
from couches.hashing import fingerprint
from couches.models import Couche, CoucheVersion
from couches.staging import Change, RefusedChange, stage

__all__ = [
    "Change",
    "NothingToPublish",
    "RefusedChange",
    "UnknownVersion",
    "delta_counts",
    "publish",
    "revert",
]


class NothingToPublish(Exception):
    """Rien de nouveau à publier : la version en vigueur dit déjà la même chose."""


class UnknownVersion(Exception):
    """Cette version n'existe pas, ou c'est celle en vigueur."""


# A national couche takes minutes, which the web's five seconds would cut; the sort that
# hashes a million rows stays in memory. Both end with the transaction.
_SETTINGS = "SET LOCAL statement_timeout = '600s'; SET LOCAL work_mem = '64MB'"

_COUNT = """
SELECT count(*) FILTER (WHERE r.kind = 'create'),
       count(*) FILTER (WHERE r.kind IN ('update', 'observe') AND r.row_sha256 <> r.current_sha256),
       count(*) FILTER (WHERE r.kind = 'delete')
FROM pg_temp.couches_resolved r
"""
_CLOSE = """
UPDATE couches_featureversion v SET to_version = %(number)s
FROM pg_temp.couches_resolved r
WHERE v.id = r.current_id AND (r.kind = 'delete' OR r.row_sha256 <> r.current_sha256)
"""
# The order gives the features their numbers, in the order of the changes.
_INSERT_FEATURES = """
INSERT INTO couches_feature (id, couche_id)
SELECT r.feature_id, %(couche)s FROM pg_temp.couches_resolved r WHERE r.kind = 'create' ORDER BY r.rank
"""
_OPEN = """
INSERT INTO couches_featureversion (
    feature_id, couche_id, number, geom, attributes, commune_id, from_version, observations, distinct_observers,
    last_observed_on, accuracy_m, near_border, self_accepted, origin, row_sha256
)
SELECT r.feature_id, %(couche)s, f.number, r.geom, r.attributes, r.commune_id, %(number)s, r.observations,
    r.distinct_observers, r.last_observed_on, r.accuracy_m, r.near_border, r.self_accepted, r.origin,
    r.row_sha256
FROM pg_temp.couches_resolved r JOIN couches_feature f ON f.id = r.feature_id
WHERE r.kind <> 'delete' AND r.row_sha256 IS DISTINCT FROM r.current_sha256
ORDER BY r.rank
"""

# What differs between the rows in force and those of the version to restore: a feature
# absent from one side has no row there, and equal hashes are equal contents.
_DIFFER = """
DROP TABLE IF EXISTS pg_temp.couches_differing;
CREATE TEMP TABLE couches_differing ON COMMIT DROP AS
SELECT present.id AS current_id, past.id AS target_id
FROM (
    SELECT id, feature_id, row_sha256 FROM couches_featureversion
    WHERE couche_id = %(couche)s AND to_version IS NULL
) present
FULL JOIN (
    SELECT id, feature_id, row_sha256 FROM couches_featureversion
    WHERE couche_id = %(couche)s
      AND from_version <= %(target)s AND (to_version IS NULL OR to_version > %(target)s)
) past USING (feature_id)
WHERE present.row_sha256 IS DISTINCT FROM past.row_sha256
"""
_COUNT_DIFFERING = """
SELECT count(*) FILTER (WHERE current_id IS NULL),
       count(*) FILTER (WHERE current_id IS NOT NULL AND target_id IS NOT NULL),
       count(*) FILTER (WHERE target_id IS NULL)
FROM pg_temp.couches_differing
"""
_CLOSE_DIFFERING = """
UPDATE couches_featureversion v SET to_version = %(number)s
FROM pg_temp.couches_differing d WHERE v.id = d.current_id
"""
_REOPEN_DIFFERING = """
INSERT INTO couches_featureversion (
    feature_id, couche_id, number, geom, attributes, commune_id, from_version, observations, distinct_observers,
    last_observed_on, accuracy_m, near_border, self_accepted, origin, row_sha256
)
SELECT t.feature_id, t.couche_id, t.number, t.geom, t.attributes, t.commune_id, %(number)s, t.observations,
    t.distinct_observers, t.last_observed_on, t.accuracy_m, t.near_border, t.self_accepted, t.origin,
    t.row_sha256
FROM pg_temp.couches_differing d JOIN couches_featureversion t ON t.id = d.target_id
ORDER BY t.id
"""


@transaction.atomic
def publish(
    *,
    couche: Couche,
    changes: Iterable[Change],
    by: User | None,
    note: str = "",
    at: dt.datetime | None = None,
) -> CoucheVersion:
    """Publish the changes as the couche's next version and return it.

    `changes` may be a generator: it is read once, row by row. `at` defaults to now.
    Raises NothingToPublish when no content would differ, RefusedChange when a change has
    no meaning; nothing is then written.
    """
    at = at or timezone.now()
    number = _lock_and_number(couche)
    stage(couche, changes, today=timezone.localdate(at))
    counts = _counts(_COUNT)
    _refuse_nothing(counts)
    parameters = {"couche": couche.pk, "number": number}
    _run(_CLOSE, parameters)
    _run(_INSERT_FEATURES, parameters)
    _run(_OPEN, parameters)
    return _commit(couche, number, counts, by=by, note=note, at=at)


@transaction.atomic
def revert(
    *, couche: Couche, number: int, by: User | None, note: str = "", at: dt.datetime | None = None
) -> CoucheVersion:
    """Publish a new version whose content is exactly that of version `number`; return it.

    The hash of the new version is the old one's. Raises UnknownVersion for a number that
    does not exist or is in force, NothingToPublish when the contents are already equal.
    """
    following = _lock_and_number(couche)
    if not 1 <= number < following - 1:
        raise UnknownVersion(
            _("La version %(number)d n'existe pas ou est en vigueur : choisissez-en une plus ancienne.")
            % {"number": number}
        )
    parameters = {"couche": couche.pk, "target": number, "number": following}
    _run(_DIFFER, parameters)
    counts = _counts(_COUNT_DIFFERING)
    _refuse_nothing(counts)
    _run(_CLOSE_DIFFERING, parameters)
    _run(_REOPEN_DIFFERING, parameters)
    return _commit(couche, following, counts, by=by, note=note, at=at or timezone.now(), reverts_to=number)


def _lock_and_number(couche: Couche) -> int:
    """Hold the couche until the commit, and return the number its next version takes.

    The number is read after the lock: a publication that waited sees the one before it.
    """
    _run(_SETTINGS, None)
    # NO KEY: two publications exclude each other, reports on the couche keep coming in.
    Couche.objects.select_for_update(of=("self",), no_key=True).get(pk=couche.pk)
    latest = couche.latest()
    return latest.number + 1 if latest else 1


def _run(statement: str, parameters: dict[str, int] | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _counts(statement: str) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return dict(zip(("added", "changed", "withdrawn"), cursor.fetchone(), strict=True))


def _refuse_nothing(counts: dict[str, int]) -> None:
    if not any(counts.values()):
        raise NothingToPublish(_("Rien de nouveau à publier : la version en vigueur dit déjà la même chose."))


def _commit(
    couche: Couche,
    number: int,
    counts: dict[str, int],
    *,
    by: User | None,
    note: str,
    at: dt.datetime,
    reverts_to: int | None = None,
) -> CoucheVersion:
    """Count and hash what is now in force, and write the version's row."""
    feature_count, sha256 = fingerprint(couche, number)
    schema_version = Couche.objects.values_list("schema_version", flat=True).get(pk=couche.pk)
    return CoucheVersion.objects.create(
        couche=couche,
        number=number,
        published_at=at,
        by=by,
        note=note,
        reverts_to=reverts_to,
        feature_count=feature_count,
        sha256=sha256,
        changes=counts,
        schema_version=schema_version,
    )
