"""publish(): a commit of changes, counted, hashed and numbered."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comptes.models import User
from couches.models import Couche, CoucheVersion, Feature, FeatureVersion
from couches.publication import Change, NothingToPublish, RefusedChange, publish
from territoires.models import Commune
from tests.couches.factories import CAFE, DAY, content, create, services

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _communes(aurillac: Commune, ytrac: Commune) -> None:
    """The two communes where things are published."""


def test_the_first_publication_is_version_one(sophie: User) -> None:
    at = dt.datetime(2026, 11, 22, 18, 0, tzinfo=dt.UTC)
    one, two = create(), create(geom=Point(2.34, 44.93, srid=4326), commune_id="15267")
    version = publish(couche=services(), changes=[one, two], by=sophie, note="Premier envoi", at=at)
    assert (version.number, version.feature_count, version.by, version.note) == (
        1,
        2,
        sophie,
        "Premier envoi",
    )
    assert version.published_at == at
    assert version.changes == {"added": 2, "changed": 0, "withdrawn": 0}
    assert version.reverts_to is None
    assert content(services(), 1)[one.feature_id] == (
        (2.44, 44.93), CAFE, "15014", 1, 1, DAY, None, False, False, "contribution",
    )  # fmt: skip


def test_features_are_numbered_in_the_order_of_the_changes() -> None:
    changes = [create() for _ in range(30)]
    publish(couche=services(), changes=changes, by=None)
    numbered = list(Feature.objects.order_by("number").values_list("id", flat=True))
    assert numbered == [change.feature_id for change in changes]


def test_a_change_closes_an_interval_and_opens_the_next() -> None:
    one = create(accuracy_m=12.34, near_border=True)
    publish(couche=services(), changes=[one], by=None)
    update = Change("update", one.feature_id, attributes={**CAFE, "comment": "Neuf"}, observations=3)
    version = publish(couche=services(), changes=[update], by=None)
    assert version.changes == {"added": 0, "changed": 1, "withdrawn": 0}
    old, new = FeatureVersion.objects.order_by("from_version")
    assert (old.from_version, old.to_version, new.from_version, new.to_version) == (1, 2, 2, None)
    assert (old.attributes, new.attributes["comment"]) == (CAFE, "Neuf")
    # The place is kept, with its date and what was known of its accuracy.
    assert (new.geom.coords, new.commune_id) == (old.geom.coords, "15014")
    assert (new.last_observed_on, new.accuracy_m, new.near_border, new.observations) == (DAY, 12.3, True, 3)


def test_moving_a_feature_replaces_what_was_known_of_its_place() -> None:
    one = create(accuracy_m=12.0, near_border=True)
    publish(couche=services(), changes=[one], by=None)
    moved = Change("update", one.feature_id, geom=Point(2.34, 44.93, srid=4326), commune_id="15267")
    publish(couche=services(), changes=[moved], by=None)
    new = FeatureVersion.objects.get(to_version=None)
    assert (new.geom.coords, new.commune_id, new.accuracy_m, new.near_border) == (
        (2.34, 44.93),
        "15267",
        None,
        False,
    )
    assert new.attributes == CAFE


def test_an_observation_changes_the_counters_alone() -> None:
    one = create(accuracy_m=5.0, self_accepted=True, origin="import")
    publish(couche=services(), changes=[one], by=None)
    seen = Change(
        "observe",
        one.feature_id,
        observations=2,
        distinct_observers=2,
        last_observed_on=DAY + dt.timedelta(1),
    )
    version = publish(couche=services(), changes=[seen], by=None)
    assert version.changes["changed"] == 1
    before, after = content(services(), 1)[one.feature_id], content(services(), 2)[one.feature_id]
    assert after[3:6] == (2, 2, DAY + dt.timedelta(1))
    assert (after[:3], after[6:]) == (before[:3], before[6:])


def test_a_withdrawn_feature_leaves_the_couche_and_stays_in_old_versions() -> None:
    one, two = create(), create()
    publish(couche=services(), changes=[one, two], by=None)
    version = publish(couche=services(), changes=[Change("delete", one.feature_id)], by=None)
    assert (version.feature_count, version.changes["withdrawn"]) == (1, 1)
    assert set(content(services(), 1)) == {one.feature_id, two.feature_id}
    assert set(content(services(), 2)) == {two.feature_id}


def test_a_change_that_changes_nothing_makes_no_row() -> None:
    one, two = create(), create()
    publish(couche=services(), changes=[one, two], by=None)
    same = Change("update", one.feature_id, attributes=dict(reversed(CAFE.items())))
    publish(couche=services(), changes=[same, Change("delete", two.feature_id)], by=None)
    assert FeatureVersion.objects.filter(feature_id=one.feature_id).count() == 1


@pytest.mark.parametrize("kind", ["update", "observe"])
def test_nothing_new_is_no_version(kind: Any) -> None:
    one = create()
    publish(couche=services(), changes=[one], by=None)
    with pytest.raises(NothingToPublish, match="Rien de nouveau"):
        publish(couche=services(), changes=[Change(kind, one.feature_id)], by=None)
    with pytest.raises(NothingToPublish):
        publish(couche=services(), changes=[], by=None)
    assert CoucheVersion.objects.count() == 1


def test_the_date_of_the_publication_stands_in_for_an_unknown_day() -> None:
    at = dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC)  # already the 23rd in Paris
    publish(couche=services(), changes=[create(last_observed_on=None)], by=None, at=at)
    assert FeatureVersion.objects.get().last_observed_on == dt.date(2026, 11, 23)


def test_coordinates_are_published_on_the_grid_less_than_a_centimetre_away() -> None:
    publish(
        couche=services(), changes=[create(geom=Point(2.123456789012, 44.987654321098, srid=4326))], by=None
    )
    assert FeatureVersion.objects.get().geom.coords == (2.1234568, 44.9876543)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda known: Change("update", uuid.uuid4()), "n'est pas en vigueur"),
        (lambda known: Change("delete", uuid.uuid4()), "n'est pas en vigueur"),
        (lambda known: Change("observe", uuid.uuid4()), "n'est pas en vigueur"),
        (lambda known: create(known), "existe déjà"),
        (lambda known: create(geom=None), "sans lieu"),
        (lambda known: create(attributes=None), "sans réponses"),
        (lambda known: create(commune_id=None), "sans commune"),
        (lambda known: create(geom=Point(srid=4326)), "n'a pas de position"),
        (lambda known: create(geom=Point(float("nan"), 44, srid=4326)), "n'a pas de position"),
        (lambda known: create(geom=Point(181, 44, srid=4326)), "n'a pas de position"),
        (lambda known: create(geom=Point(2, 91, srid=4326)), "n'a pas de position"),
        (lambda known: create(geom=Point(652381, 6864047, srid=2154)), "n'a pas de position"),
    ],
)
def test_a_change_without_meaning_is_refused_and_nothing_is_written(change: Any, words: str) -> None:
    known = create()
    publish(couche=services(), changes=[known], by=None)
    with pytest.raises(RefusedChange, match=words):
        publish(couche=services(), changes=[create(), change(known.feature_id)], by=None)
    assert (CoucheVersion.objects.count(), Feature.objects.count(), FeatureVersion.objects.count()) == (
        1,
        1,
        1,
    )


def test_two_changes_of_one_feature_are_refused() -> None:
    one = create()
    publish(couche=services(), changes=[one], by=None)
    twice = [Change("observe", one.feature_id, observations=2), Change("delete", one.feature_id)]
    with pytest.raises(RefusedChange, match="changé deux fois"):
        publish(couche=services(), changes=twice, by=None)


def test_the_feature_of_another_couche_is_refused() -> None:
    one = create()
    publish(couche=services(), changes=[one], by=None)
    with pytest.raises(RefusedChange, match="pas en vigueur"):
        publish(
            couche=Couche.objects.get(slug="batiments-publics"),
            changes=[Change("delete", one.feature_id)],
            by=None,
        )


def test_each_couche_counts_its_own_versions() -> None:
    other = Couche.objects.get(slug="batiments-publics")
    publish(couche=services(), changes=[create()], by=None)
    publish(couche=services(), changes=[create()], by=None)
    assert publish(couche=other, changes=[create()], by=None).number == 1


def test_changes_may_come_from_a_generator() -> None:
    version = publish(couche=services(), changes=(create() for _ in range(3)), by=None)
    assert version.feature_count == 3


def test_the_version_names_the_schema_in_force() -> None:
    couche = services()
    publish(couche=couche, changes=[create()], by=None)
    type(couche).objects.filter(pk=couche.pk).update(schema_version=4)
    assert publish(couche=couche, changes=[create()], by=None).schema_version == 4


def test_an_error_while_the_changes_are_read_leaves_nothing() -> None:
    def broken() -> Any:
        yield create()
        raise RuntimeError("the source died")

    with pytest.raises(RuntimeError, match="the source died"), transaction.atomic():
        publish(couche=services(), changes=broken(), by=None)
    assert not CoucheVersion.objects.exists()
    assert publish(couche=services(), changes=[create()], by=None).number == 1


def test_a_text_that_looks_like_copy_syntax_is_only_text() -> None:
    odd = {"kind": "cafe", "nom": "\\N\t\\.\\n \\\"'; DROP TABLE couches_feature; --"}
    publish(couche=services(), changes=[create(attributes=odd)], by=None)
    assert FeatureVersion.objects.get().attributes == odd


@pytest.mark.parametrize(
    "point",
    [
        "ST_GeomFromText('POINT EMPTY', 4326)",
        "ST_SetSRID(ST_MakePoint('NaN', 44), 4326)",
        "ST_SetSRID(ST_MakePoint(2, 'Infinity'), 4326)",
        "ST_SetSRID(ST_MakePoint(180.1, 44), 4326)",
        "ST_SetSRID(ST_MakePoint(2, -90.1), 4326)",
    ],
)
def test_the_database_refuses_a_place_that_does_not_exist(point: str) -> None:
    publish(couche=services(), changes=[create()], by=None)
    with pytest.raises(IntegrityError, match="fv_geom_in_range"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO couches_featureversion (feature_id, couche_id, number, geom, attributes, commune_id,"
            " from_version, observations, distinct_observers, last_observed_on, near_border, self_accepted,"
            " origin, row_sha256)"
            f" SELECT feature_id, couche_id, number, {point}, attributes, commune_id, 7, observations, 1,"
            " last_observed_on, near_border, self_accepted, origin, row_sha256 FROM couches_featureversion"
        )


def test_publishing_one_or_a_hundred_costs_the_same_queries() -> None:
    couche = services()
    publish(couche=couche, changes=[create()], by=None)

    def queries(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            publish(couche=couche, changes=[create() for _ in range(count)], by=None)
        return len(captured)

    assert queries(1) == queries(100)


def test_now_is_the_moment_of_publication_unless_told() -> None:
    before = timezone.now()
    version = publish(couche=services(), changes=[create()], by=None)
    assert before <= version.published_at <= timezone.now()
