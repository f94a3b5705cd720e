"""The sandbox: realistic, one's own, decided by the same verbs, never real."""

import datetime as dt
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from comptes.models import Notification, User
from comptes.permissions import Forbidden, OutsideTerritory, communes_for
from comptes.roles import Gesture
from contributions.duplicates import find_near
from contributions.models import Contribution, Photo
from couches.models import Couche
from couches.schemas import clean_attributes
from moderation import practice
from moderation.detail import differences, neighbours_of, object_in_force
from moderation.edits import Edits
from moderation.filters import parse_filters
from moderation.gestures import Item, take, undo
from moderation.models import Decision
from moderation.practice_scenes import SCENES
from moderation.publication import publish_accepted
from moderation.queue import read_page
from moderation.refusals import MergeTargetInvalid, StaleVersion
from moderation.scope import of_sandbox, visible_to
from moderation.turns import destinations
from moderation.workflow import Action, apply
from territoires.imaginary import place
from territoires.location import OutsideFrance
from tests import factories
from tests.moderation.factories import decide, published, report

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    """The invented photo is a true file."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def sandbox(bruno: User) -> User:
    """Bruno, with his sandbox filled."""
    practice.start_again(bruno)
    return bruno


def scene(user: User, slug: str) -> Contribution:
    row = practice.find(user, slug)
    assert row is not None
    return row


def test_each_invented_report_is_one_the_form_would_take() -> None:
    """Their answers pass the couches' own schemas; else practice would teach wrong cards."""
    for one in SCENES:
        couche = Couche.objects.get(slug=one.couche)
        assert clean_attributes(couche, one.attributes) == one.attributes, one.slug


def test_a_week_of_a_town_hall_is_there(sandbox: User) -> None:
    rows = list(of_sandbox(sandbox).select_related("couche"))
    assert len(rows) == len(SCENES) == 24
    assert set(Counter(row.couche.slug for row in rows)) == {
        "services",
        "zones-blanches",
        "batiments-publics",
    }
    assert any(row.near_border for row in rows) and any(row.operation == "update" for row in rows)
    assert (
        Photo.objects.get(contribution__in=of_sandbox(sandbox)).contribution_id == scene(sandbox, "photo").pk
    )
    assert all(row.received_at < timezone.now() - dt.timedelta(hours=20) for row in rows)


def test_people_who_say_the_same_thing_are_neighbours(sandbox: User) -> None:
    near = neighbours_of(scene(sandbox, "ecole-1"), sandbox)
    assert {one.id for one in near} == {scene(sandbox, f"ecole-{n}").pk for n in (2, 3, 4)}


def test_a_correction_shows_before_and_after(sandbox: User) -> None:
    row = scene(sandbox, "rampe-mairie")
    before = object_in_force(row)
    assert before is not None and before.geom == row.geom
    assert {one.label for one in differences(row, before)} >= {"Entrée de plain-pied ?", "Rampe"}


def test_two_people_never_meet_in_their_sandboxes(sandbox: User, chloe: User) -> None:
    practice.start_again(chloe)
    mine, hers = scene(sandbox, "ecole-1"), scene(chloe, "ecole-1")
    assert mine.pk != hers.pk
    assert not visible_to(sandbox, practice=True).filter(pk=hers.pk).exists()
    assert {one.id for one in neighbours_of(hers, chloe)}.isdisjoint(
        of_sandbox(sandbox).values_list("pk", flat=True)
    )
    with pytest.raises(OutsideTerritory):
        decide(hers, "accept", sandbox)
    with pytest.raises(MergeTargetInvalid):
        decide(mine, "merge", sandbox, into=hers.pk)


@pytest.mark.parametrize("action", ["accept", "reject", "return"])
def test_one_practises_with_the_verbs_of_the_desk(sandbox: User, action: str) -> None:
    decision = decide(scene(sandbox, "cafe"), action, sandbox)
    assert decision.by == sandbox and decision.to_status == scene(sandbox, "cafe").status


def test_a_group_is_merged_in_the_sandbox(sandbox: User) -> None:
    target = scene(sandbox, "ecole-1")
    decide(scene(sandbox, "ecole-2"), "merge", sandbox, into=target.pk)
    assert scene(sandbox, "ecole-2").merged_into_id == target.pk


def test_a_whole_group_is_decided_by_one_click_and_taken_back_by_another(sandbox: User) -> None:
    items = [Item(scene(sandbox, f"ecole-{n}").pk, 1) for n in (1, 2, 3, 4)]
    click = uuid.uuid4()
    refused = take(gesture=uuid.uuid4(), by=sandbox, action=Action.ACCEPT, items=items)
    assert not any(one.applied for one in refused), "the real desk does not know them"
    done = take(gesture=click, by=sandbox, action=Action.ACCEPT, items=items, together=True, practice=True)
    assert [one.decision and one.decision.action for one in done] == ["accept", "merge", "merge", "merge"]
    undo(gesture=click, by=sandbox)
    assert {scene(sandbox, f"ecole-{n}").status for n in (1, 2, 3, 4)} == {"SUBMITTED"}


def test_completing_moves_the_point_within_the_imaginary_commune_only(sandbox: User) -> None:
    row = scene(sandbox, "a-completer")
    inside, outside = place(200, 200), place(60_000, 0)
    with pytest.raises(OutsideFrance):
        decide(row, "complete", sandbox, edits=Edits(point=outside))
    answers = row.attributes | {"horaires": "Tu 09:00-12:00", "code_postal": "00000"}
    decision = decide(row, "complete", sandbox, edits=Edits(attributes=answers, point=inside))
    assert set(decision.changes) == {"attributes", "geometry"} and decision.to_status == "ACCEPTED"


def test_one_hands_over_to_a_level_as_imaginary_as_the_commune(sandbox: User) -> None:
    row = scene(sandbox, "pres-de-la-limite")
    assert [one.code for one in destinations(row)] == ["epci"]
    decide(row, "transfer", sandbox, to="epci", reason_code="autre", public_reason="Ce gymnase est à tous.")
    assert scene(sandbox, "pres-de-la-limite").level == "epci"
    decide(row, "accept", sandbox)


def test_a_clerk_practises_deciding_in_the_sandbox_and_there_only(claude: User, aurillac: Any) -> None:
    practice.start_again(claude)
    decide(scene(claude, "cafe"), "accept", claude)
    with pytest.raises(Forbidden):
        decide(report(aurillac), "accept", claude)


def test_an_ended_mandate_opens_no_sandbox(aurillac: Any) -> None:
    former = factories.UserFactory()
    now = timezone.now()
    factories.MembershipFactory(
        user=former, commune=aurillac, starts=now - dt.timedelta(days=9), ends=now - dt.timedelta(days=1)
    )
    with pytest.raises(OutsideTerritory):
        practice.start_again(former)
    assert not Contribution.with_practice.exists()


def test_no_mandate_whatever_its_territory_sees_or_decides_a_practice_report(sandbox: User) -> None:
    """Not even the whole country's."""
    national = factories.UserFactory()
    factories.MembershipFactory(user=national, national=True)
    row = scene(sandbox, "cafe")
    assert not visible_to(national).exists() and not visible_to(sandbox).exists()
    assert not communes_for(national, Gesture.SEE_QUEUE).filter(pk=row.commune_id).exists()
    with pytest.raises(OutsideTerritory):
        decide(row, "accept", national)


def test_the_database_refuses_the_decision_of_anybody_else(sandbox: User) -> None:
    """Behind the verb's back, with the strongest mandate there is."""
    national = factories.UserFactory()
    factories.MembershipFactory(user=national, national=True)
    row = scene(sandbox, "cafe")
    with pytest.raises(DatabaseError, match="no live mandate"), transaction.atomic():
        Decision.objects.create(
            contribution=row, actor="official", action="accept", from_status="SUBMITTED",
            to_status="ACCEPTED", version=2, by=national, at=timezone.now(), commune=row.commune,
        )  # fmt: skip


def test_a_practice_report_is_never_merged_with_a_real_one(sandbox: User, aurillac: Any) -> None:
    real, object_ = report(aurillac), published(aurillac, sandbox)
    for into in (real.pk, object_.published_feature_id):
        with pytest.raises(MergeTargetInvalid):
            decide(scene(sandbox, "ecole-1"), "merge", sandbox, into=into)
    with pytest.raises(MergeTargetInvalid):
        decide(real, "merge", sandbox, into=scene(sandbox, "ecole-1").pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        Contribution.objects.filter(pk=real.pk).update(merged_into=scene(sandbox, "ecole-1"))


def test_publication_passes_what_was_accepted_for_practice_by(sandbox: User) -> None:
    row = scene(sandbox, "cafe")
    decide(row, "accept", sandbox)
    assert publish_accepted(couche=row.couche, by=None) is None
    assert scene(sandbox, "cafe").status == "ACCEPTED"


@pytest.mark.parametrize(
    "changed",
    [{"practice_of": None}, {"commune_id": "15014"}, {"status": "PUBLISHED", "version": 2}],
    ids=["made real", "moved to a real commune", "published"],
)
def test_the_database_lets_no_practice_report_become_real(
    sandbox: User, aurillac: Any, changed: dict[str, Any]
) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        of_sandbox(sandbox).filter(pk=scene(sandbox, "cafe").pk).update(**changed)


def test_the_database_lets_no_real_report_become_practice(sandbox: User, aurillac: Any) -> None:
    """Its decisions could then be deleted."""
    row = report(aurillac)
    with pytest.raises(DatabaseError), transaction.atomic():
        Contribution.objects.filter(pk=row.pk).update(practice_of=sandbox)
    with pytest.raises(IntegrityError), transaction.atomic():
        report(practice.ensure_sandbox())


def test_nobody_is_written_to(sandbox: User) -> None:
    for slug, action in (("cafe", "accept"), ("hors-sujet", "reject"), ("trop-vague", "return")):
        decide(scene(sandbox, slug), action, sandbox)
    assert not Notification.objects.exists() and not mail.outbox


def test_starting_again_empties_one_s_own_sandbox_only(sandbox: User, chloe: User) -> None:
    practice.start_again(chloe)
    decide(scene(chloe, "cafe"), "accept", chloe)
    decide(scene(sandbox, "ecole-1"), "merge", sandbox, into=scene(sandbox, "ecole-2").pk)
    decide(scene(sandbox, "ecole-2"), "merge", sandbox, into=scene(sandbox, "ecole-3").pk)
    assert practice.start_again(sandbox) == len(SCENES)
    assert {row.status for row in of_sandbox(sandbox)} == {"SUBMITTED"}
    assert Decision.objects.get().by == chloe and scene(chloe, "cafe").status == "ACCEPTED"


def test_a_real_decision_is_still_never_deleted(sandbox: User, aurillac: Any) -> None:
    row = report(aurillac)
    decide(row, "accept", sandbox)
    decide(scene(sandbox, "cafe"), "accept", sandbox)
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        Decision.objects.filter(by=sandbox).delete()
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Decision.objects.filter(contribution__practice_of=sandbox).update(reason="autre chose")


def test_a_practice_report_is_nowhere_a_duplicate(sandbox: User) -> None:
    row = scene(sandbox, "ecole-1")
    assert find_near(row.geom, row.couche) == []


def test_the_real_queue_does_not_count_it(sandbox: User) -> None:
    filters = parse_filters({}, default_status="SUBMITTED")
    assert read_page(sandbox, filters).remaining == 0
    assert read_page(sandbox, filters, practice=True).remaining == len(SCENES)


def test_no_register_tells_what_was_practised(sandbox: User) -> None:
    """Not even to who would ask for the decisions of everywhere."""
    decide(scene(sandbox, "hors-sujet"), "reject", sandbox)
    assert Decision.objects.standing().exists()
    assert not Decision.objects.public(timezone.now() + dt.timedelta(hours=1)).exists()


def test_no_secret_follows_a_practice_report(sandbox: User) -> None:
    """The manager of everybody does not know it: no door by id or secret opens."""
    assert not Contribution.objects.filter(pk=scene(sandbox, "cafe").pk).exists()


def test_a_stale_version_is_refused_here_too(sandbox: User) -> None:
    row = scene(sandbox, "cafe")
    decide(row, "accept", sandbox)
    with pytest.raises(StaleVersion):
        apply(contribution_id=row.pk, action="reject", actor="official", by=sandbox, version=1)
