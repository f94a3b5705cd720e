"""Merging: into something alive, alike, in the same hands; it becomes an observation."""

import pytest

from comptes.models import User
from moderation.publication import publish_accepted
from moderation.refusals import (
    MergeTargetElsewhere,
    MergeTargetInvalid,
    MergeTargetMissing,
    MergeWithDelete,
    NotAllowedFrom,
)
from territoires.models import Commune
from tests.moderation.factories import (
    about,
    accepted,
    bare_couche,
    decide,
    nowhere,
    published,
    report,
)


def test_into_another_report(aurillac: Commune, bruno: User) -> None:
    """The merged one names its target and is settled."""
    root, row = report(aurillac), report(aurillac)
    decide(row, "merge", bruno, into=root.pk, reason_code="doublon")
    row.refresh_from_db()
    assert (row.status, row.merged_into, row.published_feature) == ("MERGED", root, None)


def test_into_an_object_in_force(aurillac: Commune, bruno: User) -> None:
    """The object is named at once, and counted at the next publication."""
    root, row = published(aurillac, bruno), report(aurillac)
    decide(row, "merge", bruno, into=root.published_feature_id)
    row.refresh_from_db()
    assert (row.status, row.merged_into) == ("MERGED", None)
    assert row.published_feature_id == root.published_feature_id and row.published_in is None


def test_into_a_published_report(aurillac: Commune, bruno: User) -> None:
    """Its object is what will be observed."""
    root, row = published(aurillac, bruno), report(aurillac)
    decide(row, "merge", bruno, into=root.pk)
    row.refresh_from_db()
    assert row.merged_into == root


def test_a_target_is_needed(aurillac: Commune, bruno: User) -> None:
    """Into what?"""
    with pytest.raises(MergeTargetMissing):
        decide(report(aurillac), "merge", bruno)


def test_not_into_itself_nor_into_nothing(aurillac: Commune, bruno: User) -> None:
    """Both are the same sentence."""
    row = report(aurillac)
    for target in (row.pk, nowhere()):
        with pytest.raises(MergeTargetInvalid):
            decide(row, "merge", bruno, into=target)


@pytest.mark.parametrize("status", ["REJECTED", "WITHDRAWN", "MERGED"])
def test_not_into_what_is_settled_otherwise(status: str, aurillac: Commune, bruno: User) -> None:
    """Which also forbids rings: a merged report is never a target."""
    with pytest.raises(MergeTargetInvalid):
        decide(report(aurillac), "merge", bruno, into=report(aurillac, status=status).pk)


def test_no_ring(aurillac: Commune, bruno: User) -> None:
    """A into B closes B into A."""
    one, other = report(aurillac), report(aurillac)
    decide(one, "merge", bruno, into=other.pk)
    with pytest.raises(MergeTargetInvalid):
        decide(other, "merge", bruno, into=one.pk)


def test_not_into_another_couche(aurillac: Commune, bruno: User) -> None:
    """A café is not a dead zone."""
    cafe = report(aurillac, couche=bare_couche(), attributes={})
    with pytest.raises(MergeTargetInvalid):
        decide(report(aurillac), "merge", bruno, into=cafe.pk)
    root = published(aurillac, bruno)
    with pytest.raises(MergeTargetInvalid):
        decide(cafe, "merge", bruno, into=root.published_feature_id)


def test_not_into_the_neighbour_s(
    aurillac: Commune, ytrac: Commune, bruno: User, chloe: User, driss: User
) -> None:
    """Neither their reports nor their objects; the referent of both may."""
    theirs = report(ytrac, at=(2.34, 44.93))
    root = published(ytrac, chloe, at=(2.34, 44.931))
    mine = report(aurillac)
    for target in (theirs.pk, root.published_feature_id):
        with pytest.raises(MergeTargetElsewhere):
            decide(mine, "merge", bruno, into=target)
    assert decide(mine, "merge", driss, into=theirs.pk).to_status == "MERGED"


def test_a_removal_merges_only_with_the_same_removal(aurillac: Commune, bruno: User) -> None:
    """Who says it is gone must not count as one who saw it."""
    root, other = published(aurillac, bruno), published(aurillac, bruno, at=(2.45, 44.93))
    removal, same, sight = about(root, "delete"), about(root, "delete"), about(root, "confirm")
    for row, target in (
        (removal, sight.pk),
        (sight, removal.pk),
        (removal, root.published_feature_id),
        (removal, about(other, "delete").pk),
    ):
        with pytest.raises(MergeWithDelete):
            decide(row, "merge", bruno, into=target)
    assert decide(same, "merge", bruno, into=removal.pk).to_status == "MERGED"


def test_not_into_a_published_report_whose_object_is_gone(aurillac: Commune, bruno: User) -> None:
    """Nor into that object."""
    root = published(aurillac, bruno)
    decide(about(root, "delete"), "accept", bruno)
    assert publish_accepted(couche=root.couche, by=None) is not None
    for target in (root.pk, root.published_feature_id):
        with pytest.raises(MergeTargetInvalid):
            decide(report(aurillac), "merge", bruno, into=target)


def test_only_what_waits_is_merged(aurillac: Commune, bruno: User) -> None:
    """An accepted report is reopened first."""
    with pytest.raises(NotAllowedFrom):
        decide(accepted(aurillac, bruno), "merge", bruno, into=report(aurillac).pk)
