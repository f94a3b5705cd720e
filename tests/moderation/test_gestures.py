"""Gestures of the desk: complete, hold, hand over, undo; one click for many, never twice."""

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from comptes.models import Notification, User
from comptes.permissions import OutsideTerritory
from contributions.models import Contribution
from moderation import refusals
from moderation.author import story_of
from moderation.edits import Edits
from moderation.gestures import GroupRefused, Item, take, undo
from moderation.models import Decision
from moderation.publication import publish_accepted
from moderation.scope import visible_to
from moderation.turns import destinations
from territoires.models import Commune
from tests.moderation.factories import DEAD_ZONE, click, decide, fresh, report

AT_THE_BORDER = (2.3905, 44.93)
IN_YTRAC = (2.3895, 44.93)
INDOORS = DEAD_ZONE | {"place": "indoors"}


# --- Compléter et accepter ---------------------------------------------------------


def test_completing_accepts_and_keeps_before_and_after(aurillac: Commune, bruno: User) -> None:
    """Answers and place change; the journal says what they were; the author is told."""
    row = report(aurillac, email="amel@exemple.fr")
    edits = Edits(INDOORS, Point(2.441, 44.931, srid=4326))
    [outcome] = click(bruno, "complete", row, edits=edits)
    now = fresh(row)
    assert outcome.applied and now.status == "ACCEPTED" and now.attributes == INDOORS
    assert now.geom.coords == (2.441, 44.931) and now.accuracy_m is None
    decision = row.decisions.get()
    assert decision.changes["attributes"] == {"place": ["outdoors", "indoors"]}
    assert decision.changes["geometry"] == [[2.44, 44.93], [2.441, 44.931]]
    told = Notification.objects.get(template="decision").context["changes"]
    assert {one["label"] for one in told} >= {"Lieu"} and len(told) == 2


def test_completing_nothing_is_not_completing(aurillac: Commune, bruno: User) -> None:
    """The plain « accepter » is for that."""
    row = report(aurillac)
    [outcome] = click(bruno, "complete", row, edits=Edits(dict(DEAD_ZONE)))
    assert isinstance(outcome.refusal, refusals.NothingCompleted) and fresh(row).status == "SUBMITTED"


def test_what_the_couche_refuses_is_refused_by_field(aurillac: Commune, bruno: User) -> None:
    """The schema judges officials too."""
    row = report(aurillac)
    [outcome] = click(bruno, "complete", row, edits=Edits({"operators": "partout"}))
    assert isinstance(outcome.refusal, ValidationError) and fresh(row).attributes == DEAD_ZONE


def test_a_point_does_not_leave_the_commune_by_completion(
    aurillac: Commune, ytrac: Commune, bruno: User
) -> None:
    """It is handed over instead, and the sentence says so."""
    row = report(aurillac, at=AT_THE_BORDER)
    [outcome] = click(bruno, "complete", row, edits=Edits(point=Point(*IN_YTRAC, srid=4326)))
    assert isinstance(outcome.refusal, refusals.CommuneChanged) and "Ytrac" in outcome.detail


# --- Transmettre ---------------------------------------------------------------------


def test_the_neighbour_it_is_handed_to_decides_and_nobody_else(
    aurillac: Commune, ytrac: Commune, bruno: User, chloe: User
) -> None:
    """It leaves one desk for the other; there the point may be moved home."""
    row = report(aurillac, at=AT_THE_BORDER)
    assert not visible_to(chloe).exists()
    click(bruno, "transfer", row, to="15267", reason_code="autre-commune")
    assert visible_to(chloe).get() == row and not visible_to(bruno).exists()
    with pytest.raises(OutsideTerritory):
        decide(row, "accept", bruno)
    [outcome] = click(chloe, "complete", row, edits=Edits(point=Point(*IN_YTRAC, srid=4326)))
    now = fresh(row)
    assert outcome.applied and now.commune == ytrac and now.handed_to is None and now.desk == "15267"
    undo(gesture=row.decisions.get(action="complete").gesture, by=chloe)
    now = fresh(row)
    assert (now.commune_id, now.handed_to_id, now.geom.coords) == ("15014", "15267", AT_THE_BORDER)
    call_command("fsck")


@pytest.mark.parametrize("to", ["15267", "75056", "", "epci", "licorne"])
def test_far_from_the_border_nothing_is_the_neighbour_s(
    to: str, aurillac: Commune, ytrac: Commune, bruno: User
) -> None:
    """Neither a commune further than 1 km, nor one unknown, nor a level where nobody decides."""
    row = report(aurillac)
    [outcome] = click(bruno, "transfer", row, to=to, reason_code="autre-commune")
    assert isinstance(outcome.refusal, refusals.TransferTargetInvalid) and fresh(row).desk == "15014"


def test_a_level_above_is_asked_when_somebody_is_there(aurillac: Commune, bruno: User, driss: User) -> None:
    """The EPCI's name is offered, and the report is theirs to answer."""
    row = report(aurillac)
    assert [one.code for one in destinations(row)] == ["epci"]
    click(bruno, "transfer", row, to="epci", reason_code="autre-niveau")
    assert fresh(row).level == "epci" and visible_to(driss).get() == row


def test_the_database_itself_refuses_another_commune(aurillac: Commune, ytrac: Commune) -> None:
    """Raw SQL cannot move a report to another desk by its commune."""
    row = report(aurillac)
    with pytest.raises(DatabaseError, match="the commune does not change"), transaction.atomic():
        Contribution.objects.filter(pk=row.pk).update(commune=ytrac)


# --- Mettre en attente -----------------------------------------------------------------


@pytest.mark.parametrize("days", [None, -1, 0, 184])
def test_a_hold_ends_within_half_a_year(days: int | None, aurillac: Commune, bruno: User) -> None:
    """A date to come, or the sentence that says between which."""
    row = report(aurillac)
    until = None if days is None else timezone.localdate() + dt.timedelta(days=days)
    [outcome] = click(bruno, "hold", row, until=until, reason_code="verification-sur-place")
    assert isinstance(outcome.refusal, refusals.HoldDateInvalid) and "Dites jusqu'à quand" in outcome.detail


def test_a_decision_ends_the_hold(aurillac: Commune, bruno: User) -> None:
    """Held, then accepted: nothing of the date remains."""
    row = report(aurillac)
    until = timezone.localdate() + dt.timedelta(days=7)
    click(bruno, "hold", row, until=until, reason_code="verification-sur-place")
    assert fresh(row).held_until == until and fresh(row).status == "SUBMITTED"
    click(bruno, "accept", row)
    assert fresh(row).held_until is None


# --- Annuler --------------------------------------------------------------------------


WAYS: list[tuple[str, dict[str, Any]]] = [
    ("accept", {}),
    ("complete", {"edits": Edits(INDOORS)}),
    ("reject", {"reason_code": "hors-sujet"}),
    ("return", {"reason_code": "preciser-lieu"}),
    ("hold", {"until": dt.date(2026, 12, 24), "reason_code": "prochaine-reunion"}),
    ("transfer", {"to": "15267", "reason_code": "autre-commune"}),
]


@pytest.mark.parametrize(("action", "wish"), WAYS, ids=[name for name, _ in WAYS])
@time_machine.travel(dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC), tick=False)
def test_each_gesture_is_undone_whole_and_writes_to_nobody(
    action: str, wish: dict[str, Any], aurillac: Commune, ytrac: Commune, bruno: User
) -> None:
    """State, answers, turn and date as before; the letter is torn up; the journal keeps both lines."""
    row = report(aurillac, at=AT_THE_BORDER, email="amel@exemple.fr")
    names = ("status", "attributes", "desk", "level", "held_until", "geom", "merged_into_id")
    before = [getattr(fresh(row), name) for name in names]
    gesture = uuid.uuid4()
    assert click(bruno, action, row, gesture=gesture, **wish)[0].applied
    assert Notification.objects.filter(template="decision").exists()
    assert [one.applied for one in undo(gesture=gesture, by=bruno)] == [True]
    assert [getattr(fresh(row), name) for name in names] == before
    assert not Notification.objects.filter(template="decision").exists()
    assert [one.action for one in row.decisions.order_by("version")] == [action, "undo"]
    assert not Decision.objects.standing().exists()
    call_command("fsck")
    # Asked again, it answers the same and writes nothing more.
    assert len(undo(gesture=gesture, by=bruno)) == 1 and row.decisions.count() == 2


def test_an_undone_merge_counts_for_nobody(aurillac: Commune, bruno: User) -> None:
    """Neither the target nor the object keeps a trace."""
    root, row = report(aurillac), report(aurillac)
    gesture = uuid.uuid4()
    click(bruno, "merge", row, into=root.pk, gesture=gesture)
    undo(gesture=gesture, by=bruno)
    now = fresh(row)
    assert now.status == "SUBMITTED" and now.merged_into is None and now.published_feature is None


def test_a_refusal_is_final_after_half_a_minute_an_acceptance_until_it_is_public(
    aurillac: Commune, bruno: User
) -> None:
    """The clock, then the publication."""
    refused, kept, public = report(aurillac, email="amel@exemple.fr"), report(aurillac), report(aurillac)
    names = [uuid.uuid4() for _ in range(3)]
    with time_machine.travel(timezone.now(), tick=False) as clock:
        click(bruno, "reject", refused, gesture=names[0], reason_code="hors-sujet")
        click(bruno, "accept", kept, gesture=names[1])
        clock.shift(dt.timedelta(seconds=44))
        with transaction.atomic():
            undo(gesture=names[0], by=bruno)
            transaction.set_rollback(True)
        clock.shift(dt.timedelta(seconds=1))
        with pytest.raises(refusals.TooLateToUndo):
            undo(gesture=names[0], by=bruno)
        clock.shift(dt.timedelta(days=3))
        undo(gesture=names[1], by=bruno)
        click(bruno, "accept", public, gesture=names[2])
        publish_accepted(couche=public.couche, by=None)
        with pytest.raises(refusals.Refusal):
            undo(gesture=names[2], by=bruno)


def test_an_acceptance_already_told_is_taken_back_in_a_letter(aurillac: Commune, bruno: User) -> None:
    """The author who read « acceptée » reads that it is studied again."""
    row, gesture = report(aurillac, email="amel@exemple.fr"), uuid.uuid4()
    click(bruno, "accept", row, gesture=gesture)
    Notification.objects.filter(template="decision").update(
        sent_at=timezone.now(), recipient="", context={}, attempts=1
    )
    undo(gesture=gesture, by=bruno)
    assert Notification.objects.get(template="decision", sent_at=None).context["status"] == "SUBMITTED"


def test_nobody_undoes_for_somebody_else(aurillac: Commune, bruno: User, driss: User, chloe: User) -> None:
    """Neither a colleague, nor a stranger, nor oneself once somebody decided after."""
    row, gesture = report(aurillac), uuid.uuid4()
    click(bruno, "accept", row, gesture=gesture)
    for other in (driss, chloe):
        with pytest.raises(refusals.GestureUnknown):
            undo(gesture=gesture, by=other)
    decide(row, "reopen", driss)
    with pytest.raises(refusals.StaleVersion, match="Driss"):
        undo(gesture=gesture, by=bruno)


# --- Un geste pour plusieurs -------------------------------------------------------------


def test_accepting_a_group_keeps_one_and_counts_the_others(aurillac: Commune, bruno: User) -> None:
    """The first stands, the others confirm it; one click undoes all."""
    rows, gesture = [report(aurillac) for _ in range(4)], uuid.uuid4()
    outcomes = click(bruno, "accept", *rows, gesture=gesture, together=True)
    assert [one.decision.to_status for one in outcomes if one.decision] == ["ACCEPTED", *["MERGED"] * 3]
    assert {fresh(row).merged_into for row in rows[1:]} == {rows[0]}
    undo(gesture=gesture, by=bruno)
    assert {fresh(row).status for row in rows} == {"SUBMITTED"}
    call_command("fsck")


def test_refusing_a_group_tells_each_author_why(aurillac: Commune, bruno: User) -> None:
    """One reason, as many letters."""
    rows = [report(aurillac, email=f"a{rank}@exemple.fr") for rank in range(3)]
    click(bruno, "reject", *rows, together=True, reason_code="hors-sujet")
    assert Notification.objects.filter(template="decision", context__status="REJECTED").count() == 3


def test_a_group_is_decided_whole_or_not_at_all(aurillac: Commune, bruno: User, driss: User) -> None:
    """A member decided meanwhile holds all back, and the sentence says who and when."""
    rows = [report(aurillac) for _ in range(3)]
    items = [Item(row.pk, 1) for row in rows]
    decide(rows[2], "reject", driss)
    with pytest.raises(GroupRefused, match="Driss a déjà décidé"), transaction.atomic():
        take(gesture=uuid.uuid4(), by=bruno, action=Decision.Action.ACCEPT, items=items, together=True)
    assert [fresh(row).status for row in rows] == ["SUBMITTED", "SUBMITTED", "REJECTED"]


def test_each_for_itself_tells_each_outcome(
    aurillac: Commune, ytrac: Commune, bruno: User, driss: User
) -> None:
    """One done, one stale, one elsewhere."""
    fine, stale, there = report(aurillac), report(aurillac), report(ytrac, at=(2.34, 44.93))
    items = [Item(row.pk, 1) for row in (fine, stale, there)]
    decide(stale, "accept", driss)
    outcomes = take(gesture=uuid.uuid4(), by=bruno, action=Decision.Action.ACCEPT, items=items)
    assert [one.applied for one in outcomes] == [True, False, False]
    assert isinstance(outcomes[1].refusal, refusals.StaleVersion)
    assert isinstance(outcomes[2].refusal, refusals.NotVisible)


def test_the_same_click_sent_again_is_answered_not_repeated(aurillac: Commune, bruno: User) -> None:
    """A lost answer, a phone that insists: one decision each."""
    rows, gesture = [report(aurillac) for _ in range(3)], uuid.uuid4()
    items = [Item(row.pk, 1) for row in rows]
    wish: dict[str, Any] = {"gesture": gesture, "by": bruno, "action": Decision.Action.ACCEPT, "items": items}
    first, again = take(**wish, together=True), take(**wish, together=True)
    assert [one.decision for one in first] == [one.decision for one in again]
    assert Decision.objects.count() == 3


def test_the_same_click_is_answered_even_after_somebody_else_went_on(
    aurillac: Commune, bruno: User, driss: User
) -> None:
    """A phone that comes back a week later learns that its decision was taken, and undoes nothing since."""
    row, gesture = report(aurillac), uuid.uuid4()
    wish: dict[str, Any] = {"gesture": gesture, "by": bruno, "action": Decision.Action.ACCEPT}
    first = take(**wish, items=[Item(row.pk, 1)])
    decide(row, "reopen", driss)
    [again] = take(**wish, items=[Item(row.pk, 1)])
    assert again.decision == first[0].decision and fresh(row).status == "SUBMITTED"


def test_another_person_s_click_of_the_same_name_is_not_mine(
    aurillac: Commune, bruno: User, driss: User
) -> None:
    """An id guessed or copied lets nobody pass for having decided."""
    row, gesture = report(aurillac), uuid.uuid4()
    click(bruno, "accept", row, gesture=gesture)
    [outcome] = take(
        gesture=gesture,
        by=driss,
        action=Decision.Action.REJECT,
        items=[Item(row.pk, 1)],
        reason_code="hors-sujet",
    )
    assert not outcome.applied and isinstance(outcome.refusal, refusals.StaleVersion)


def test_the_author_reads_what_happened_and_not_what_was_taken_back(
    aurillac: Commune, ytrac: Commune, bruno: User, chloe: User
) -> None:
    """Handed over, held, completed with before and after; an undone refusal never was."""
    row, gesture = report(aurillac, at=AT_THE_BORDER), uuid.uuid4()
    click(bruno, "reject", row, gesture=gesture, reason_code="hors-sujet")
    undo(gesture=gesture, by=bruno)
    click(bruno, "transfer", row, to="15267", reason_code="autre-commune")
    until = timezone.localdate() + dt.timedelta(days=9)
    click(chloe, "hold", row, until=until, reason_code="verification-sur-place")
    click(chloe, "complete", row, edits=Edits(INDOORS))
    steps = story_of(fresh(row)).steps
    assert [one.label for one in steps] == [
        "En attente", "Transmis", "Mis en attente", "Complétée et acceptée",
    ]  # fmt: skip
    assert [(one.before, one.after) for one in steps[-1].changes] == [("Dehors", "Dans un bâtiment")]
