"""The database itself keeps what was published: raw SQL is refused too."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from couches.models import Couche, CoucheVersion, FeatureVersion
from couches.publication import Change, publish
from territoires.models import Commune
from tests.couches.factories import CAFE, create, services

pytestmark = pytest.mark.django_db

COPY = """
INSERT INTO couches_featureversion (feature_id, couche_id, number, geom, attributes, commune_id, from_version,
    to_version, observations, distinct_observers, last_observed_on, near_border, self_accepted, origin, row_sha256)
SELECT feature_id, %(couche)s, number, geom, attributes, commune_id, %(from)s, %(to)s, observations, distinct_observers,
    last_observed_on, near_border, self_accepted, origin, row_sha256
FROM couches_featureversion WHERE from_version = 1 AND to_version = 2
"""


@pytest.fixture(autouse=True)
def _two_versions(aurillac: Commune) -> None:
    """One café, changed once: a closed row [1, 2) and an open one [2, ∞)."""
    one = create()
    publish(couche=services(), changes=[one], by=None)
    publish(
        couche=services(),
        changes=[Change("update", one.feature_id, attributes={**CAFE, "comment": "x"})],
        by=None,
    )


def run(sql: str, **parameters: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM couches_featureversion",
        "DELETE FROM couches_feature",
        "DELETE FROM couches_coucheversion",
        "UPDATE couches_feature SET number = number + 1",
        "UPDATE couches_coucheversion SET note = 'autre'",
        "UPDATE couches_coucheversion SET sha256 = repeat('0', 64)",
        "UPDATE couches_featureversion SET attributes = '{}' WHERE to_version IS NULL",
        "UPDATE couches_featureversion SET to_version = 3, observations = 9 WHERE to_version IS NULL",
        "UPDATE couches_featureversion SET to_version = 3, geom = ST_Translate(geom, 1, 0) WHERE to_version IS NULL",
        "UPDATE couches_featureversion SET to_version = 5 WHERE to_version = 2",
        "UPDATE couches_featureversion SET to_version = NULL WHERE to_version = 2",
        "UPDATE couches_featureversion SET to_version = to_version",
        "UPDATE couches_featureversion SET to_version = 2 WHERE to_version IS NULL",
        "UPDATE couches_featureversion SET to_version = 1 WHERE to_version IS NULL",
        "INSERT INTO couches_coucheversion (couche_id, number, published_at, note, feature_count, sha256, changes,"
        " schema_version) SELECT couche_id, 4, now(), '', 0, '', '{}', 1 FROM couches_coucheversion LIMIT 1",
        "INSERT INTO couches_coucheversion (couche_id, number, published_at, note, feature_count, sha256, changes,"
        " schema_version) SELECT couche_id, 2, now(), '', 0, '', '{}', 1 FROM couches_coucheversion LIMIT 1",
    ],
)
def test_what_was_published_cannot_be_changed(sql: str) -> None:
    before = list(FeatureVersion.objects.order_by("pk").values())
    with pytest.raises(DatabaseError):
        run(sql)
    assert list(FeatureVersion.objects.order_by("pk").values()) == before
    assert CoucheVersion.objects.count() == 2


def test_an_interval_may_be_closed_once() -> None:
    run("UPDATE couches_featureversion SET to_version = 3 WHERE to_version IS NULL")
    assert not FeatureVersion.objects.current().exists()
    with pytest.raises(DatabaseError, match="closed for good"):
        run("UPDATE couches_featureversion SET to_version = 4 WHERE to_version = 3")


@pytest.mark.parametrize(("begins", "ends"), [(1, 3), (2, None), (3, None), (4, 5), (1, 2)])
def test_two_intervals_of_a_feature_never_overlap(begins: int, ends: int | None) -> None:
    with pytest.raises(DatabaseError):
        run(COPY, **{"couche": services().pk, "from": begins, "to": ends})


def test_an_interval_after_the_last_one_is_welcome() -> None:
    run("UPDATE couches_featureversion SET to_version = 3 WHERE to_version IS NULL")
    run(COPY, **{"couche": services().pk, "from": 4, "to": None})
    assert FeatureVersion.objects.count() == 3


def test_a_feature_stays_in_its_couche() -> None:
    run("UPDATE couches_featureversion SET to_version = 3 WHERE to_version IS NULL")
    other = Couche.objects.get(slug="batiments-publics").pk
    with pytest.raises(DatabaseError, match="another couche"):
        run(COPY, **{"couche": other, "from": 4, "to": None})
