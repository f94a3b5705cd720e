"""Two publications at once, on two real connections: no gap, no loss."""

import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError, connection, connections

from couches import publication
from couches.models import Couche, CoucheVersion, FeatureVersion
from couches.publication import Change, RefusedChange, publish
from tests import factories
from tests.couches.factories import create, services

pytestmark = pytest.mark.usefixtures("committed")


def at_once(*verbs: Callable[[], Any]) -> list[Any]:
    """Run each verb in its thread, started together; return results or exceptions."""
    start = threading.Barrier(len(verbs))
    results: list[Any] = [None] * len(verbs)

    def run(rank: int, verb: Callable[[], Any]) -> None:
        start.wait(timeout=30)
        try:
            results[rank] = verb()
        except Exception as error:
            results[rank] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    return results


def publish_one() -> CoucheVersion:
    return publish(couche=services(), changes=[create()], by=None)


def test_versions_have_no_gap_and_nothing_is_lost() -> None:
    results = at_once(*[publish_one] * 6)
    assert sorted(version.number for version in results) == [1, 2, 3, 4, 5, 6]
    assert FeatureVersion.objects.current().count() == 6
    assert CoucheVersion.objects.get(number=6).feature_count == 6
    for version in CoucheVersion.objects.all():
        assert FeatureVersion.objects.at_version(version.number).count() == version.feature_count


def test_without_the_lock_publications_do_collide() -> None:
    """The negative control: the same run must fail when the couche is not held."""
    meeting = threading.Barrier(2)

    def unlocked(couche: Couche) -> int:
        latest = couche.latest()
        meeting.wait(timeout=30)
        return latest.number + 1 if latest else 1

    with mock.patch.object(publication, "_lock_and_number", unlocked):
        results = at_once(publish_one, publish_one)
    assert sum(isinstance(result, IntegrityError) for result in results) == 1


def test_two_withdrawals_of_one_feature_leave_one_version() -> None:
    one = create()
    publish(couche=services(), changes=[one], by=None)

    def withdraw() -> CoucheVersion:
        return publish(couche=services(), changes=[Change("delete", one.feature_id)], by=None)

    results = at_once(withdraw, withdraw)
    assert sum(isinstance(result, RefusedChange) for result in results) == 1
    assert CoucheVersion.objects.count() == 2


def test_reports_come_in_while_a_publication_runs() -> None:
    """A report points to its couche; the publication's lock must let its foreign key be checked."""
    held, done = threading.Event(), threading.Event()

    def slow_changes() -> Any:
        held.set()
        assert done.wait(timeout=30)
        yield create()

    def report() -> Any:
        assert held.wait(timeout=30)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            return factories.ContributionFactory(couche=services())
        finally:
            done.set()

    version, contribution = at_once(
        lambda: publish(couche=services(), changes=slow_changes(), by=None), report
    )
    assert version.number == 1
    assert contribution.pk is not None


def test_two_couches_are_published_side_by_side() -> None:
    """The lock is the couche's: another one does not wait."""
    other = Couche.objects.get(slug="batiments-publics")
    meeting = threading.Barrier(2)

    def changes() -> Any:
        meeting.wait(timeout=30)
        yield create()

    results = at_once(
        lambda: publish(couche=services(), changes=changes(), by=None),
        lambda: publish(couche=other, changes=changes(), by=None),
    )
    assert [version.number for version in results] == [1, 1]
