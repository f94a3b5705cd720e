"""The life of reports, played at random against a model: the database agrees after every step."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from comptes.models import User
from comptes.permissions import Forbidden
from contributions.models import Contribution
from couches.models import Couche, CoucheVersion, FeatureVersion
from moderation.models import Decision
from moderation.publication import publish_accepted
from moderation.refusals import Refusal
from moderation.workflow import TRANSITIONS, Action, Actor, Status, apply
from tests import factories
from tests.moderation.factories import moderator, report, town

OFFICIAL = [Action.ACCEPT, Action.REJECT, Action.RETURN, Action.REOPEN]
REASONS = {Action.REJECT: "hors-sujet", Action.RETURN: "preciser-lieu", Action.REOPEN: "element-nouveau"}


class Lifecycle(RuleBasedStateMachine):
    """Reports of two communes, their two mayors, the authors, a merge now and then, publications."""

    reports = Bundle("reports")

    @initialize()
    def territory(self) -> None:
        """Two communes side by side, one mayor each, one couche."""
        self.point = transaction.savepoint()
        self.towns = [
            town(),
            town(code_insee="15267", nom="Ytrac", geom=factories.square(2.34, 44.93)),
        ]
        self.mayors: list[User] = []
        for home in self.towns:
            self.mayors.append(moderator(f"maire{home.pk}@reperes.demo", commune=home))
        self.status: dict[Any, str] = {}
        self.version: dict[Any, int] = {}
        self.town: dict[Any, int] = {}
        self.into: dict[Any, Any] = {}
        self.numbers = 0

    @rule(target=reports, town=st.integers(0, 1))
    def submit(self, town: int) -> Any:
        """A report enters."""
        row = report(self.towns[town], at=((2.44, 2.34)[town], 44.93))
        self.status[row.pk], self.version[row.pk], self.town[row.pk] = Status.SUBMITTED, 1, town
        return row.pk

    def _expect(self, pk: Any, action: Action, *, actor: Actor, allowed: bool, **words: Any) -> None:
        move = TRANSITIONS.get((Status(self.status[pk]), action))
        legal = allowed and move is not None and move.actor == actor
        try:
            apply(contribution_id=pk, action=action, actor=actor, **words)
        except (Refusal, Forbidden):
            assert not legal, (self.status[pk], action)
        else:
            assert legal and move is not None, (self.status[pk], action)
            self.status[pk], self.version[pk] = move.to, self.version[pk] + 1

    @rule(pk=reports, action=st.sampled_from(OFFICIAL), mayor=st.integers(0, 1), stale=st.booleans())
    def decide(self, pk: Any, action: Action, mayor: int, stale: bool) -> None:
        """A mayor decides, perhaps elsewhere, perhaps on an old page."""
        version = self.version[pk] - stale
        self._expect(
            pk, action, actor=Actor.OFFICIAL, allowed=mayor == self.town[pk] and not stale,
            by=self.mayors[mayor], version=version, reason_code=REASONS.get(action, ""),
        )  # fmt: skip

    @rule(pk=reports, other=reports, mayor=st.integers(0, 1))
    def merge(self, pk: Any, other: Any, mayor: int) -> None:
        """A mayor merges one into another."""
        open_target = self.status[other] not in {Status.REJECTED, Status.WITHDRAWN, Status.MERGED}
        allowed = pk != other and open_target and mayor == self.town[pk] == self.town[other]
        before = self.status[pk]
        self._expect(
            pk, Action.MERGE, actor=Actor.OFFICIAL, allowed=allowed, by=self.mayors[mayor],
            version=self.version[pk], into=other,
        )  # fmt: skip
        if self.status[pk] != before:
            self.into[pk] = other

    @rule(pk=reports, action=st.sampled_from([Action.WITHDRAW, Action.ANSWER]))
    def author(self, pk: Any, action: Action) -> None:
        """The author withdraws or answers."""
        relied_on = action == Action.WITHDRAW and pk in self.into.values()
        self._expect(pk, action, actor=Actor.AUTHOR, allowed=not relied_on, version=None)

    @rule()
    def publish(self) -> None:
        """The steward's click."""
        version = publish_accepted(couche=self.couche, by=None)
        ready = [pk for pk, status in self.status.items() if status == Status.ACCEPTED]
        for pk in ready:
            self.status[pk], self.version[pk] = Status.PUBLISHED, self.version[pk] + 1
        if version is not None:
            self.numbers += 1
            assert version.number == self.numbers
        assert version is not None or not ready

    @rule(pk=reports, status=st.sampled_from(Status.values))
    def raw_write(self, pk: Any, status: str) -> None:
        """Somebody with SQL and no decision: refused by the database."""
        if status == self.status[pk]:
            return
        try:
            with transaction.atomic():
                Contribution.objects.filter(pk=pk).update(status=status, version=self.version[pk] + 1)
        except DatabaseError:
            return
        raise AssertionError(f"{self.status[pk]} became {status} without a decision")

    @property
    def couche(self) -> Couche:
        """The couche everybody speaks of."""
        return Couche.objects.get(slug="zones-blanches")

    @invariant()
    def the_database_agrees(self) -> None:
        """Status, version, journal, observations."""
        if not hasattr(self, "status"):
            return
        rows = {row.pk: row for row in Contribution.objects.all()}
        assert {pk: (row.status, row.version) for pk, row in rows.items()} == {
            pk: (self.status[pk], self.version[pk]) for pk in self.status
        }
        assert Decision.objects.count() == sum(version - 1 for version in self.version.values())
        counted = sum(row.published_in_id is not None for row in rows.values())
        in_force = FeatureVersion.objects.current()
        assert sum(in_force.values_list("observations", flat=True)) == counted
        assert in_force.count() == sum(status == Status.PUBLISHED for status in self.status.values())
        assert CoucheVersion.objects.count() == self.numbers

    def teardown(self) -> None:
        """Each run starts from nothing."""
        if hasattr(self, "point"):
            transaction.savepoint_rollback(self.point)


@pytest.mark.django_db
def test_the_lifecycle_is_a_closed_state_machine() -> None:
    """Illegal steps are refused in Python and by the trigger; legal ones happen, and nothing else."""
    assert connection.in_atomic_block
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
