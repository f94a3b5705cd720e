"""Any history of publications and reverts, against a model of it in plain Python."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from couches.deltas import DELTA_SQL, BadInterval, delta_counts, delta_parameters
from couches.models import Couche, CoucheVersion, FeatureVersion
from couches.publication import Change, NothingToPublish, publish, revert
from territoires.models import Commune
from tests.couches.factories import CAFE, content, create, services

Row = tuple[Any, ...]
World = dict[uuid.UUID, Row]

places = st.tuples(st.sampled_from([2.39, 2.44]), st.sampled_from([44.93, 44.9312345]))
names = st.dictionaries(st.sampled_from(["nom", "comment"]), st.sampled_from(["a", "b", "é\\'\""]))
days = st.sampled_from([dt.date(2026, 1, 1), dt.date(2026, 2, 1)])
counts = st.tuples(st.integers(2, 4), st.integers(1, 2))
changes = st.one_of(
    st.tuples(st.just("create"), places, names, counts, days),
    st.tuples(st.just("update"), st.none() | places, st.none() | names, counts, st.none() | days),
    st.tuples(st.just("observe"), st.none(), st.none(), counts, st.none() | days),
    st.tuples(st.just("delete"), st.none(), st.none(), counts, st.none()),
)


def applied(world: World, change: Change) -> World:
    """The rules of publication, one change at a time, as a reader would tell them."""
    after = dict(world)
    if change.kind == "delete":
        del after[change.feature_id]
        return after
    lon_lat, attributes, day = (None, None, None)
    if change.kind != "create":
        lon_lat, attributes, _commune, _seen, _by, day, *_rest = world[change.feature_id]
    after[change.feature_id] = (
        change.geom.coords if change.geom else lon_lat,
        attributes if change.attributes is None else change.attributes,
        "15014",
        change.observations,
        change.distinct_observers,
        change.last_observed_on or day,
        None,
        False,
        False,
        "contribution",
    )
    return after


class AnyHistory(RuleBasedStateMachine):
    """Publishes and reverts at random; every old version must stay what the model says."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.couche: Couche = services()
        self.versions: list[World] = [{}]

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @rule(drawn=st.lists(changes, min_size=1, max_size=6), data=st.data())
    def publish(self, drawn: list[Any], data: Any) -> None:
        world = self.versions[-1]
        free = sorted(world)
        batch: list[Change] = []
        for kind, place, attributes, (observations, observers), day in drawn:
            if kind == "create":
                target = uuid.UUID(int=data.draw(st.integers(0, 2**128 - 1)))
                known = {change.feature_id for change in batch}.union(*self.versions)
                if target in known:
                    continue
            elif free:
                target = free.pop(data.draw(st.integers(0, len(free) - 1)))
            else:
                continue
            geom = Point(*place, srid=4326) if place else None
            commune = "15014" if kind == "create" else None
            batch.append(Change(kind, target, geom, attributes, commune, observations, observers, day))
        after = world
        for change in batch:
            after = applied(after, change)
        self._expect(after, lambda: publish(couche=self.couche, changes=batch, by=None))

    @precondition(lambda self: len(self.versions) > 2)
    @rule(data=st.data())
    def revert(self, data: Any) -> None:
        number = data.draw(st.integers(1, len(self.versions) - 2))
        self._expect(self.versions[number], lambda: revert(couche=self.couche, number=number, by=None))

    def _expect(self, after: World, verb: Any) -> None:
        if after == self.versions[-1]:
            with pytest.raises(NothingToPublish):
                verb()
            return
        version = verb()
        before = self.versions[-1]
        assert version.number == len(self.versions)
        assert version.feature_count == len(after)
        assert version.changes == counted(before, after)
        self.versions.append(after)

    @invariant()
    def every_version_is_what_it_was(self) -> None:
        for number, world in enumerate(self.versions[1:], start=1):
            assert content(self.couche, number) == world

    @invariant()
    def equal_contents_have_equal_hashes_and_only_they(self) -> None:
        hashes = dict(CoucheVersion.objects.filter(couche=self.couche).values_list("number", "sha256"))
        for one in hashes:
            for two in hashes:
                same = self.versions[one] == self.versions[two]
                assert (hashes[one] == hashes[two]) is same

    @invariant()
    def every_delta_says_what_differs(self) -> None:
        last = len(self.versions) - 1
        for since in range(last):
            assert delta_counts(self.couche, since, last) == counted(
                self.versions[since], self.versions[last]
            )


def counted(before: World, after: World) -> dict[str, int]:
    return {
        "added": len(after.keys() - before.keys()),
        "changed": sum(before[key] != after[key] for key in after.keys() & before.keys()),
        "withdrawn": len(before.keys() - after.keys()),
    }


@pytest.mark.django_db
def test_any_history_of_publications_and_reverts(aurillac: Commune) -> None:
    run_state_machine_as_test(
        AnyHistory,
        settings=settings(
            max_examples=25, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.django_db
def test_a_delta_names_the_rows_before_and_after(aurillac: Commune) -> None:
    kept, changed, withdrawn, added = (create() for _ in range(4))
    publish(couche=services(), changes=[kept, changed, withdrawn], by=None)
    update = Change("update", changed.feature_id, attributes={**CAFE, "comment": "Neuf"})
    publish(couche=services(), changes=[update, Change("delete", withdrawn.feature_id), added], by=None)
    with connection.cursor() as cursor:
        cursor.execute(DELTA_SQL, delta_parameters(services(), 1, 2))
        rows = {feature: (change, before, after) for change, feature, before, after in cursor.fetchall()}
    row = {(version.feature_id, version.from_version): version.pk for version in FeatureVersion.objects.all()}
    assert rows == {
        changed.feature_id: ("changed", row[changed.feature_id, 1], row[changed.feature_id, 2]),
        withdrawn.feature_id: ("withdrawn", row[withdrawn.feature_id, 1], None),
        added.feature_id: ("added", None, row[added.feature_id, 2]),
    }


@pytest.mark.django_db
@pytest.mark.parametrize(("since", "until"), [(2, 2), (3, 2), (-1, 2)])
def test_a_delta_goes_forward(since: int, until: int) -> None:
    with pytest.raises(BadInterval, match="précéder"):
        delta_parameters(services(), since, until)
