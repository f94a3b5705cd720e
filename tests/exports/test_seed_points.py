"""`seed_points`: valid answers, inside the communes, the same for the same seed."""

import datetime as dt
import io
import random

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from config.seeding import changes, draw_attributes, draw_places
from contributions.models import Contribution
from couches.models import Couche, FeatureVersion
from couches.schemas import clean_attributes
from territoires.models import Commune

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def demo(settings: Settings) -> None:
    """Made-up points belong to demos."""
    settings.REPERES_DEMO = True


def seed(*arguments: str) -> str:
    """Run the command and return what it says."""
    said = io.StringIO()
    call_command("seed_points", *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.parametrize("slug", ["services", "zones-blanches", "batiments-publics"])
def test_answers_are_what_the_couche_accepts(slug: str) -> None:
    """Nothing to clean, nothing to refuse, and not always the same."""
    couche, rng = Couche.objects.get(slug=slug), random.Random(7)
    drawn = [draw_attributes(couche, rng) for _ in range(200)]
    for attributes in drawn:
        assert clean_attributes(couche, attributes) == attributes
    assert len({str(attributes) for attributes in drawn}) > 150


def test_points_lie_in_their_commune(aurillac: Commune, ytrac: Commune) -> None:
    """Published as one version, each inside the outline it names."""
    assert "zones-blanches, version 1 : 300 objets." in seed("300", "--seed", "3")
    rows = FeatureVersion.objects.select_related("commune")
    assert rows.count() == 300
    assert all(row.commune.geom.contains(row.geom) for row in rows)
    assert set(rows.values_list("origin", flat=True)) == {"seed"}


def test_the_same_seed_gives_the_same_points(aurillac: Commune) -> None:
    """And is refused the second time, since they are there."""
    seed("20", "--seed", "5", "--couche", "services")
    first = list(FeatureVersion.objects.order_by("id").values_list("feature_id", "geom", "attributes"))
    with pytest.raises(CommandError, match="graine a déjà servi"):
        seed("20", "--seed", "5", "--couche", "services")
    seed("20", "--seed", "6", "--couche", "services")
    again = changes(
        Couche.objects.get(slug="services"), draw_places(20, seed=5), seed=5, today=dt.date(2026, 1, 1)
    )
    assert [(change.feature_id, change.attributes) for change in again] == [(row[0], row[2]) for row in first]


def test_pending_contributions_wait(aurillac: Commune) -> None:
    """They pass the table's own checks and stay unpublished."""
    assert "40 signalements en attente" in seed("0", "--pending", "40")
    assert Contribution.objects.filter(status="SUBMITTED", commune=aurillac).count() == 40
    assert not FeatureVersion.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("0",), "de 1 à"),
        (("-5",), "de 1 à"),
        (("10", "--seed", "-1"), "graine positive"),
        (("10", "--couche", "rien"), "« rien »"),
        (("10",), "contour"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], remedy: str) -> None:
    """Exit 1 with the remedy."""
    with pytest.raises(CommandError, match=remedy):
        seed(*arguments)


def test_a_real_instance_is_never_sown(settings: Settings, aurillac: Commune) -> None:
    """Invented points among true ones could not be told apart."""
    settings.REPERES_DEMO = False
    with pytest.raises(CommandError, match="REPERES_DEMO"):
        seed("10")
