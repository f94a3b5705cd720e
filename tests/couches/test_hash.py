"""The hash of a version can be recomputed by anyone, with what docs/couches.md says."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.gis.geos import Point
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from couches.hashing import fingerprint
from couches.models import CoucheVersion, FeatureVersion
from couches.publication import Change, publish, revert
from territoires.models import Commune
from tests.couches.factories import DAY, create, services

pytestmark = pytest.mark.django_db


def program() -> dict[str, Any]:
    """Run the Python program printed in the documentation, and return its names."""
    page = (Path(settings.BASE_DIR) / "docs" / "couches.md").read_text()
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(found[1], names)  # noqa: S102  # our own documentation
    return names


def published(number: int) -> list[dict[str, Any]]:
    return [
        {
            "id": str(row.feature_id),
            "lon": row.geom.x,
            "lat": row.geom.y,
            "attributes": row.attributes,
            "commune": row.commune_id,
            "observations": row.observations,
            "distinct_observers": row.distinct_observers,
            "last_observed_on": row.last_observed_on.isoformat(),
            "accuracy_m": row.accuracy_m,
            "near_border": row.near_border,
            "self_accepted": row.self_accepted,
            "origin": row.origin,
        }
        for row in FeatureVersion.objects.filter(couche=services()).at_version(number).order_by("?")
    ]


answers = st.dictionaries(
    st.sampled_from(["a", "bb", "aa", "É", "zz_1"]),
    st.one_of(
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6),
        st.integers(-(2**53), 2**53),
        st.booleans(),
        st.lists(st.sampled_from(["x", 'q"\\/', "\n\t\x1f\x7f"]), max_size=3),
        st.lists(st.dictionaries(st.sampled_from(["jour", "de"]), st.text("abé", max_size=3)), max_size=2),
    ),
)
places = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
accuracies = st.none() | st.floats(0, 1_000)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.tuples(answers, places, accuracies), min_size=1, max_size=4))
def test_the_documented_program_finds_the_published_hash(aurillac: Commune, rows: list[Any]) -> None:
    changes = [
        create(attributes=attributes, geom=Point(*place, srid=4326), accuracy_m=accuracy, near_border=True)
        for attributes, place, accuracy in rows
    ]
    version = publish(couche=services(), changes=changes, by=None)
    assert program()["version_sha256"](published(version.number)) == version.sha256


def test_the_hash_of_nothing_is_that_of_an_empty_text(aurillac: Commune) -> None:
    one = create()
    publish(couche=services(), changes=[one], by=None)
    version = publish(couche=services(), changes=[Change("delete", one.feature_id)], by=None)
    assert version.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert program()["version_sha256"]([]) == version.sha256


def test_the_hash_does_not_depend_on_the_order_of_publication(aurillac: Commune) -> None:
    one, two = create(), create()
    both = publish(couche=services(), changes=[one, two], by=None)
    publish(couche=services(), changes=[Change("delete", one.feature_id)], by=None)
    assert revert(couche=services(), number=1, by=None).sha256 == both.sha256


@pytest.mark.parametrize(
    "change",
    [
        {"attributes": {"kind": "cafe", "nom": "Autre"}},
        {"geom": Point(2.4400001, 44.93, srid=4326)},
        {"observations": 2},
        {"observations": 2, "distinct_observers": 2},
        {"last_observed_on": DAY.replace(day=1)},
        {"accuracy_m": 3.0},
        {"near_border": True},
        {"self_accepted": True},
        {"origin": "import"},
    ],
    ids=lambda change: "-".join(change),
)
def test_each_public_fact_counts_in_the_hash(aurillac: Commune, change: dict[str, Any]) -> None:
    feature_id = uuid.uuid4()
    plain = publish(couche=services(), changes=[create(feature_id)], by=None)
    publish(couche=services(), changes=[Change("delete", feature_id)], by=None)
    other = dict(published(1)[0])
    names = {"last_observed_on": lambda day: day.isoformat()}
    for key, value in change.items():
        if key == "geom":
            other["lon"], other["lat"] = value.x, value.y
        else:
            other[key] = names.get(key, lambda same: same)(value)
    assert program()["version_sha256"]([other]) != plain.sha256
    assert fingerprint(services(), 1) == (1, plain.sha256)
    assert CoucheVersion.objects.get(number=1).sha256 == plain.sha256
