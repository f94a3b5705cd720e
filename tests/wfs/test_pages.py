"""Pages by rank: each costs itself, wherever it starts, and none repeats nor skips a row."""

from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext

from couches.models import CoucheVersion
from exports.wfs import anchors
from exports.wfs.anchors import Anchors
from exports.wfs.rows import published_rows
from tests.exports.factories import change, release

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(version: CoucheVersion) -> CoucheVersion:
    """A second version, with thirty objects more."""
    return release(*[change(geom=Point(2.44 + n / 1000, 44.93, srid=4326)) for n in range(30)])


def read(version: CoucheVersion, start: int, count: int) -> list[Any]:
    """Return the keys of a page."""
    return [row.row_key for row in published_rows(version)[start : start + count]]


def test_pages_in_any_order_are_the_rows_in_order(version: CoucheVersion, second: CoucheVersion) -> None:
    for one in (version, second):
        whole = [row.row_key for row in published_rows(one)]
        assert len(whole) == one.feature_count
        for start in [*range(0, one.feature_count, 4), 9, 3, 5, 1, one.feature_count - 1]:
            assert read(one, start, 4) == whole[start : start + 4], start
        assert read(one, one.feature_count, 4) == read(one, 10**12, 4) == []
        assert [row.row_key for row in published_rows(one)[5:]] == whole[5:]


def test_the_next_page_is_counted_from_this_one(second: CoucheVersion) -> None:
    """And a page already met asks for nothing but itself."""
    read(second, 8, 4)
    with CaptureQueriesContext(connection) as asked:
        read(second, 12, 4)
    walk, page = (query["sql"] for query in asked.captured_queries)
    assert "OFFSET 3 LIMIT 1" in walk and "fv.id > " in walk and "JOIN" not in walk
    assert "OFFSET" not in page.rpartition("ORDER BY")[2]
    with CaptureQueriesContext(connection) as asked:
        read(second, 12, 4)
    assert len(asked) == 1


def test_what_is_filtered_or_sorted_is_paged_too(second: CoucheVersion) -> None:
    rows = published_rows(second)
    near = [row.row_key for row in rows.filter(c_near_border=False)]
    assert [row.row_key for row in rows.filter(c_near_border=False)[7:12]] == near[7:12]
    backwards = [row.row_key for row in rows.order_by("-c_number")]
    assert [row.row_key for row in rows.order_by("-c_number")[7:12]] == backwards[7:12]


def test_what_is_remembered_is_bounded(second: CoucheVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "MAX_RANKS", 4)
    monkeypatch.setattr(anchors, "MAX_VERSIONS", 2)
    known = Anchors()
    for rank in (40, 10, 30, 20, 30, 50):
        known.keep(second, rank, rank + 1000)
    assert [known.nearest(second, rank) for rank in (5, 20, 45, 99)] == [
        None, (20, 1020), (40, 1040), (40, 1040),
    ]  # fmt: skip
    for pk in (-1, -2):
        known.keep(CoucheVersion(pk=pk, sha256="a"), 1, 1)
    assert known.nearest(second, 99) is None
    assert known.nearest(CoucheVersion(pk=-2, sha256="a"), 99) == (1, 1)
    assert known.nearest(CoucheVersion(pk=-2, sha256="b"), 99) is None
