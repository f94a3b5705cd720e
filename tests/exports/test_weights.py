"""The weight announced before a file is built is about the weight it has."""

import pytest

from couches.models import CoucheVersion
from exports.formats import FORMATS
from exports.weights import expected_size, weights
from tests.exports.reading import built

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if not form.streamed])
def test_a_small_file_is_not_announced_a_hundred_times_lighter(name: str, version: CoucheVersion) -> None:
    announced = expected_size(version, FORMATS[name], version.feature_count)
    row, _path = built(version, format=name)
    assert announced is not None and row.size / 2 < announced < row.size * 2


def test_a_built_file_is_announced_exactly(version: CoucheVersion) -> None:
    row, _path = built(version, format="gpkg")
    assert weights(version)["gpkg"] == (row.size, True)
    assert weights(version)["shp"][1] is False
