"""Many at once: one decision wins, one publication happens. Real transactions, real threads."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from comptes.models import User
from contributions.models import Contribution
from couches.models import CoucheVersion
from moderation import workflow
from moderation.author import correct
from moderation.models import Decision
from moderation.publication import publish_accepted
from moderation.refusals import NotAllowedFrom, StaleVersion
from moderation.workflow import apply
from territoires.models import Commune
from tests.moderation.factories import DEAD_ZONE, accepted, moderator, report, town

OFFICIALS = 16


@pytest.fixture
def aurillac(committed: None) -> Commune:
    """The commune, seen by every connection."""
    return town()


@pytest.fixture
def bruno(aurillac: Commune) -> User:
    """Its mayor, seen by every connection."""
    return moderator("bruno@reperes.demo", "Bruno", commune=aurillac)


def together(verb: Callable[[int], Any], how_many: int) -> list[Any]:
    """Run `verb(n)` in as many threads, started at one barrier; return results or exceptions."""
    barrier, results = threading.Barrier(how_many), [None] * how_many

    def run(rank: int) -> None:
        try:
            barrier.wait(timeout=60)
            results[rank] = verb(rank)
        except Exception as error:
            results[rank] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(how_many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return results


def officials(commune: Commune) -> list[User]:
    """Return as many moderators of one commune."""
    return [moderator(f"elu{rank}@reperes.demo", f"Élu {rank}", commune=commune) for rank in range(OFFICIALS)]


ROUNDS = 200


def insist(**words: Any) -> Decision | StaleVersion:
    """Decide, or return the refusal; try again when the row stayed locked too long, as the page does on a 503."""
    for _attempt in range(20):
        try:
            return apply(actor="official", version=1, **words)
        except StaleVersion as refusal:
            return refusal
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
    raise AssertionError("the row stayed locked for twenty tries")


def test_sixteen_officials_one_decision(aurillac: Commune) -> None:
    """Two hundred times: exactly one wins; the fifteen others learn who, what and when; one line each."""
    people = officials(aurillac)
    rows = [report(aurillac) for _ in range(ROUNDS)]
    start = threading.Barrier(OFFICIALS)

    def decide(rank: int) -> list[Any]:
        words: dict[str, Any] = (
            {"action": "accept"} if rank % 2 else {"action": "reject", "reason_code": "hors-sujet"}
        )
        answers: list[Any] = []
        for row in rows:
            start.wait(timeout=60)
            answers.append(insist(contribution_id=row.pk, by=people[rank], **words))
        return answers

    by_person = together(decide, OFFICIALS)
    assert all(isinstance(one, list) for one in by_person), by_person
    for results in zip(*by_person, strict=True):
        [winner] = [one for one in results if isinstance(one, Decision)]
        clock = timezone.localtime(winner.at)
        for refusal in (one for one in results if one is not winner):
            assert f"{winner.author_name} a déjà décidé" in str(refusal)
            assert f"{clock.hour} h {clock.minute:02d}" in str(refusal)
            assert winner.outcome_label.lower() in str(refusal)
    assert Decision.objects.count() == ROUNDS
    odd = Contribution.objects.exclude(version=2, status__in=["ACCEPTED", "REJECTED"])
    assert not odd.exists(), [(r.status, r.version, list(r.decisions.values())) for r in odd]


def test_without_the_lock_the_race_is_real(aurillac: Commune, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: take the lock away and the threads do collide — on the last wall, the database's."""
    people, row = officials(aurillac), report(aurillac)
    barrier = threading.Barrier(OFFICIALS)

    def read_without_lock(contribution_id: Any, into: Any) -> Contribution:
        found = Contribution.objects.select_related("couche", "commune").get(pk=contribution_id)
        barrier.wait(timeout=60)
        return found

    monkeypatch.setattr(workflow, "_lock", read_without_lock)
    results = together(
        lambda rank: apply(
            contribution_id=row.pk, action="accept", actor="official", by=people[rank], version=1
        ),
        OFFICIALS,
    )
    assert not any(isinstance(one, StaleVersion) for one in results), results
    assert sum(isinstance(one, Decision) for one in results) == 1
    assert row.decisions.count() == 1


def test_the_author_and_the_mayor_at_once(aurillac: Commune, bruno: User) -> None:
    """Whoever comes second is told; never both."""
    for _ in range(5):
        row = report(aurillac)

        def gesture(rank: int, row: Contribution = row) -> Decision:
            if rank:
                return apply(contribution_id=row.pk, action="withdraw", actor="author", version=None)
            return apply(contribution_id=row.pk, action="accept", actor="official", by=bruno, version=1)

        results = together(gesture, 2)
        assert sum(isinstance(one, Decision) for one in results) == 1, results
        assert sum(isinstance(one, StaleVersion | NotAllowedFrom) for one in results) == 1, results
        assert row.decisions.count() == 1


def test_a_correction_and_the_mayor_at_once(aurillac: Commune, bruno: User) -> None:
    """Accepted as first written, or corrected and to be read again: never accepted unread."""
    for _ in range(5):
        row = report(aurillac, received_at=timezone.now())

        def gesture(rank: int, row: Contribution = row) -> Decision | None:
            if rank:
                return correct(contribution=row, attributes=DEAD_ZONE | {"place": "vehicle"})
            return apply(contribution_id=row.pk, action="accept", actor="official", by=bruno, version=1)

        results = together(gesture, 2)
        assert sum(isinstance(one, Decision) for one in results) == 1, results
        assert sum(isinstance(one, StaleVersion | NotAllowedFrom) for one in results) == 1, results
        row.refresh_from_db()
        assert (row.status, row.attributes["place"]) in {("ACCEPTED", "outdoors"), ("SUBMITTED", "vehicle")}
        assert row.decisions.count() == 1


def test_one_correction_sent_five_times_at_once_is_once(aurillac: Commune) -> None:
    """Five tabs, one line in the journal."""
    row = report(aurillac, received_at=timezone.now())
    together(lambda rank: correct(contribution=row, attributes=DEAD_ZONE | {"place": "vehicle"}), 5)
    assert row.decisions.count() == 1


def test_crossed_merges_do_not_lock_each_other_out(aurillac: Commune, bruno: User) -> None:
    """A into B while B into A: one passes, no deadlock, no ring."""
    for _ in range(5):
        pair = [report(aurillac), report(aurillac)]

        def merge(rank: int, pair: list[Contribution] = pair) -> Decision:
            return apply(
                contribution_id=pair[rank].pk, action="merge", actor="official", by=bruno, version=1,
                into=pair[1 - rank].pk,
            )  # fmt: skip

        results = together(merge, 2)
        assert sum(isinstance(one, Decision) for one in results) == 1, results
        assert "deadlock" not in str(results)


def test_publishing_ten_times_at_once_is_once(aurillac: Commune, bruno: User) -> None:
    """One version, each report published once, nine find nothing new."""
    rows = [accepted(aurillac, bruno) for _ in range(3)]
    results = together(lambda rank: publish_accepted(couche=rows[0].couche, by=None), 10)
    assert sum(isinstance(one, CoucheVersion) for one in results) == 1, results
    assert results.count(None) == 9, results
    assert Decision.objects.filter(action="publish").count() == 3


def test_a_reopening_and_a_publication_at_once(aurillac: Commune, bruno: User) -> None:
    """Published or reopened, never both."""
    for _ in range(5):
        row = accepted(aurillac, bruno)

        def gesture(rank: int, row: Contribution = row) -> Any:
            if rank:
                return publish_accepted(couche=row.couche, by=None)
            return apply(
                contribution_id=row.pk, action="reopen", actor="official", by=bruno, version=2,
                reason_code="element-nouveau",
            )  # fmt: skip

        results = together(gesture, 2)
        row.refresh_from_db()
        assert row.status in {"PUBLISHED", "SUBMITTED"}, results
        assert row.version == 3 and (row.published_in is not None) == (row.status == "PUBLISHED")
