"""submit(): confirming, correcting, removing a place that is known."""

import uuid

import pytest
from django.core.exceptions import ValidationError

from contributions.models import Contribution
from contributions.submission import submit
from territoires.models import Commune
from tests.contributions.factories import CAFE, published, refused, submission

pytestmark = pytest.mark.django_db


def test_confirming_takes_the_place_of_the_feature(aurillac: Commune, ytrac: Commune) -> None:
    """Wherever the author stands: their own position is not ours to keep, nor to send to another mayor."""
    cafe = published(aurillac)
    receipt = submit(
        submission(
            couche="services",
            operation="confirm",
            feature=str(cafe.pk),
            geometry={"type": "Point", "coordinates": [2.34, 44.93]},
            attributes=None,
        )
    )
    row = Contribution.objects.get(pk=receipt.contribution.pk)
    assert (row.commune, row.geom.coords, row.attributes) == (aurillac, (2.44, 44.93), {})


@pytest.mark.parametrize("operation", ["confirm", "delete", "update"])
def test_a_feature_gives_its_place_when_none_is_sent(aurillac: Commune, operation: str) -> None:
    cafe = published(aurillac)
    row = submit(
        submission(
            couche="services", operation=operation, feature=str(cafe.pk), geometry=None, attributes=CAFE
        )
    ).contribution
    assert row.feature_id == cafe.pk and row.geom.coords == (2.44, 44.93)


def test_a_confirmation_may_say_part_but_not_nonsense(aurillac: Commune) -> None:
    cafe = published(aurillac)
    about = {"couche": "services", "operation": "confirm", "feature": str(cafe.pk), "geometry": None}
    row = submit(submission(**about, attributes={"nom": "Café du Centre"})).contribution
    assert row.attributes == {"nom": "Café du Centre"}
    with pytest.raises(ValidationError) as caught:
        submit(submission(**about, attributes={"kind": "dragon"}))
    assert "attributes.kind" in caught.value.message_dict


def test_a_correction_carries_the_whole(aurillac: Commune) -> None:
    cafe = published(aurillac)
    said = refused(
        couche="services", operation="update", feature=str(cafe.pk), geometry=None, attributes={"nom": "Seul"}
    )
    assert "attributes.kind" in said


def test_a_residents_correction_keeps_what_the_town_hall_completed(aurillac: Commune) -> None:
    cafe = published(aurillac, kind="cafe", nom="Café des Amis", adresse="1 place du Square")
    about = {"couche": "services", "operation": "update", "feature": str(cafe.pk), "geometry": None}
    row = submit(submission(**about, attributes={"kind": "cafe", "nom": "Café du Centre"})).contribution
    assert row.attributes == {"kind": "cafe", "nom": "Café du Centre", "adresse": "1 place du Square"}


def test_a_correction_may_not_carry_an_object_off_to_another_commune(
    aurillac: Commune, ytrac: Commune
) -> None:
    """Else the mayor of Ytrac would decide on what is in Aurillac."""
    cafe = published(aurillac)
    said = refused(
        couche="services",
        operation="update",
        feature=str(cafe.pk),
        geometry={"type": "Point", "coordinates": [2.34, 44.93]},
        attributes=CAFE,
    )
    assert "Aurillac" in said["geometry"][0]


def test_an_object_of_a_merged_commune_moves_within_its_successor(aurillac: Commune, ytrac: Commune) -> None:
    cafe = published(aurillac)
    Commune.objects.filter(pk="15014").update(valid_to="2026-01-01", successor="15267")
    aurillac.pieces.update(commune=ytrac)
    moved = submission(
        couche="services",
        operation="update",
        feature=str(cafe.pk),
        geometry={"type": "Point", "coordinates": [2.43, 44.93]},
        attributes=CAFE,
    )
    assert submit(moved).contribution.commune == ytrac


@pytest.mark.parametrize("operation", ["update", "delete", "confirm"])
@pytest.mark.parametrize("feature", [None, "1", 3, "3f2b8c1e-6d4a-4a57-9c1b-2f60d2a3b4c5", ["x"]], ids=str)
def test_an_operation_names_a_feature_in_force(aurillac: Commune, operation: str, feature: object) -> None:
    said = refused(couche="services", operation=operation, feature=feature, attributes=CAFE)
    assert set(said) == {"feature"} or set(said) == {"feature", "geometry"}


def test_a_feature_of_another_couche_or_withdrawn_is_refused(aurillac: Commune) -> None:
    cafe = published(aurillac)
    assert "feature" in refused(operation="confirm", feature=str(cafe.pk), attributes=None)
    cafe.versions.update(to_version=2)
    assert "feature" in refused(couche="services", operation="confirm", feature=str(cafe.pk), attributes=None)


def test_a_creation_names_no_feature(aurillac: Commune) -> None:
    assert set(refused(feature=str(uuid.uuid4()))) == {"feature"}


def test_a_bad_point_is_refused_even_where_it_is_not_kept(aurillac: Commune) -> None:
    cafe = published(aurillac)
    said = refused(
        couche="services",
        operation="confirm",
        feature=str(cafe.pk),
        geometry={"type": "Point"},
        attributes=None,
    )
    assert set(said) == {"geometry"}
