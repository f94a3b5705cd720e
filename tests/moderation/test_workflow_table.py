"""The table is total, the diagram fresh, the trigger and the table say the same."""

import io
import itertools
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from contributions.models import Contribution
from moderation.diagram import states_page, trigger_body
from moderation.models import Decision
from moderation.refusals import NotAllowedFrom, NotYourGesture
from moderation.workflow import (
    FINAL,
    OFFICIAL_ACTIONS,
    TRANSITIONS,
    Action,
    Actor,
    Status,
    find_transition,
    reason_required,
    transition_pairs,
)
from territoires.models import Commune
from tests.moderation.factories import report

ALL = list(itertools.product(Status, Action, Actor))


def test_every_state_is_reached_and_left_or_final() -> None:
    """No state is an orphan; a final one is left by nothing."""
    reached = {move.to for move in TRANSITIONS.values()}
    assert reached | {Status.SUBMITTED} == set(Status)
    assert {Status.REJECTED, Status.WITHDRAWN, Status.MERGED, Status.PUBLISHED} == FINAL


def test_every_action_has_a_place_and_one_owner() -> None:
    """Each verb of the model is in the table, and belongs to one actor wherever it starts."""
    owners: dict[Action, set[Actor]] = {}
    for (_status, action), move in TRANSITIONS.items():
        owners.setdefault(action, set()).add(move.actor)
    assert set(owners) == set(Action)
    assert all(len(actors) == 1 for actors in owners.values())
    # Undoing has no button among the others: it stands beside what was just decided.
    assert {action for action, actors in owners.items() if actors == {Actor.OFFICIAL}} == {
        *OFFICIAL_ACTIONS,
        Action.UNDO,
    }


@pytest.mark.parametrize(("status", "action", "actor"), ALL)
def test_each_triple_is_allowed_or_refused_with_a_reason(
    status: Status, action: Action, actor: Actor
) -> None:
    """State × action × actor: none undefined."""
    move = TRANSITIONS.get((status, action))
    if move is None:
        with pytest.raises(NotAllowedFrom, match=str(status.label)):
            find_transition(status, action, actor)
    elif move.actor != actor:
        with pytest.raises(NotYourGesture):
            find_transition(status, action, actor)
    else:
        assert find_transition(status, action, actor) is move


def test_what_keeps_an_author_waiting_or_refuses_owes_a_reason() -> None:
    """The daggers of the design, as the table's constraint repeats them."""
    assert {action for action in Action if reason_required(action)} == {
        Action.REJECT,
        Action.RETURN,
        Action.REOPEN,
        Action.HOLD,
        Action.TRANSFER,
    }


def test_the_committed_diagram_is_fresh() -> None:
    """A stale page fails; `manage.py workflow_diagram` makes it anew."""
    page = settings.BASE_DIR / "docs" / "etats.md"
    assert page.read_text(encoding="utf-8") == states_page()


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    """Where it is told to."""
    target = tmp_path / "etats.md"
    call_command("workflow_diagram", output=target, stdout=io.StringIO())
    assert target.read_text(encoding="utf-8") == states_page()


@pytest.mark.django_db
def test_the_installed_trigger_is_the_table_s() -> None:
    """A new table asks for a new migration."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'moderation_status_follows_table'")
        assert cursor.fetchone() == (trigger_body(),)


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(Status.values, 2)))
def test_the_database_allows_exactly_the_table(before: str, after: str, aurillac: Commune) -> None:
    """Even with a decision written for it, an illegal change is refused by PostgreSQL itself."""
    row = report(aurillac, status=before)
    legal = (before, after) in transition_pairs()
    _decision(row, before, after)
    if legal:
        Contribution.objects.filter(pk=row.pk).update(status=after, version=2)
        return
    with pytest.raises(IntegrityError, match="may not become"), transaction.atomic():
        Contribution.objects.filter(pk=row.pk).update(status=after, version=2)


def _decision(row: Contribution, before: str, after: str) -> None:
    Decision.objects.create(
        contribution=row, actor="author", action="answer", from_status=before, to_status=after,
        version=2, at=row.received_at, commune=row.commune,
    )  # fmt: skip


def test_a_status_without_a_decision_is_refused(aurillac: Commune) -> None:
    """Raw SQL cannot accept what nobody decided."""
    row = report(aurillac)
    with pytest.raises(IntegrityError, match="no decision explains"), transaction.atomic():
        Contribution.objects.filter(pk=row.pk).update(status="ACCEPTED", version=2)


def test_a_version_that_does_not_grow_by_one_is_refused(aurillac: Commune) -> None:
    """The ETag cannot be put back, or jump."""
    row = report(aurillac)
    _decision(row, "SUBMITTED", "ACCEPTED")
    with pytest.raises(IntegrityError, match="must grow by one"), transaction.atomic():
        Contribution.objects.filter(pk=row.pk).update(status="ACCEPTED", version=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Contribution.objects.filter(pk=row.pk).update(version=2)


def test_one_decision_per_version(aurillac: Commune) -> None:
    """Two decisions can never claim the same version."""
    row = report(aurillac)
    _decision(row, "SUBMITTED", "ACCEPTED")
    with pytest.raises(IntegrityError, match="decision_one_per_version"), transaction.atomic():
        _decision(row, "SUBMITTED", "WITHDRAWN")
