"""revert(): a new version whose content is exactly an old one's."""

import pytest

from comptes.models import User
from couches.models import Couche, CoucheVersion, FeatureVersion
from couches.publication import Change, NothingToPublish, UnknownVersion, publish, revert
from territoires.models import Commune
from tests.couches.factories import CAFE, content, create, services

pytestmark = pytest.mark.django_db


@pytest.fixture
def three_versions(aurillac: Commune) -> list[Change]:
    """Version 1: a, b, c. Version 2: a changed, b withdrawn, d added. Version 3: a changed again."""
    a, b, c, d = (create() for _ in range(4))
    publish(couche=services(), changes=[a, b, c], by=None)
    changed = Change("update", a.feature_id, attributes={**CAFE, "comment": "Neuf"})
    publish(couche=services(), changes=[changed, Change("delete", b.feature_id), d], by=None)
    publish(couche=services(), changes=[Change("observe", a.feature_id, observations=2)], by=None)
    return [a, b, c, d]


def test_the_content_and_the_hash_are_those_of_the_old_version(
    three_versions: list[Change], sophie: User
) -> None:
    version = revert(couche=services(), number=1, by=sophie, note="Erreur d'import")
    first = CoucheVersion.objects.get(number=1)
    assert (version.number, version.reverts_to, version.by, version.note) == (4, 1, sophie, "Erreur d'import")
    assert (version.sha256, version.feature_count) == (first.sha256, 3)
    assert version.changes == {"added": 1, "changed": 1, "withdrawn": 1}
    assert content(services(), 4) == content(services(), 1)


def test_old_versions_stay_what_they_were(three_versions: list[Change]) -> None:
    before = [content(services(), number) for number in (1, 2, 3)]
    revert(couche=services(), number=2, by=None)
    assert [content(services(), number) for number in (1, 2, 3)] == before


def test_what_did_not_differ_makes_no_row(three_versions: list[Change]) -> None:
    revert(couche=services(), number=1, by=None)
    assert FeatureVersion.objects.filter(feature_id=three_versions[2].feature_id).count() == 1


def test_a_revert_can_be_reverted(three_versions: list[Change]) -> None:
    third = CoucheVersion.objects.get(number=3)
    revert(couche=services(), number=1, by=None)
    assert revert(couche=services(), number=3, by=None).sha256 == third.sha256


@pytest.mark.parametrize("number", [-1, 0, 3, 4, 10**9])
def test_a_version_unknown_or_in_force_is_refused(three_versions: list[Change], number: int) -> None:
    with pytest.raises(UnknownVersion, match=f"version {number}"):
        revert(couche=services(), number=number, by=None)
    assert CoucheVersion.objects.count() == 3


def test_a_couche_never_published_has_nothing_to_revert_to() -> None:
    with pytest.raises(UnknownVersion):
        revert(couche=services(), number=1, by=None)


def test_an_old_version_that_says_the_same_is_not_published_again(three_versions: list[Change]) -> None:
    revert(couche=services(), number=1, by=None)
    with pytest.raises(NothingToPublish):
        revert(couche=services(), number=1, by=None)


def test_a_withdrawn_feature_comes_back_under_its_own_name(three_versions: list[Change]) -> None:
    revert(couche=services(), number=1, by=None)
    again = FeatureVersion.objects.get(feature_id=three_versions[1].feature_id, to_version=None)
    assert (again.from_version, again.attributes) == (4, CAFE)


def test_other_couches_are_left_alone(three_versions: list[Change]) -> None:
    other = Couche.objects.get(slug="batiments-publics")
    publish(couche=other, changes=[create()], by=None)
    publish(couche=other, changes=[create()], by=None)
    before = content(other, 2)
    revert(couche=services(), number=1, by=None)
    assert content(other, 2) == before
