"""A whole couche leaves at once: its rows are walked in the order of the key, never sorted first."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comptes.models import User
from couches.models import Couche, CoucheVersion
from exports import streams
from exports.demands import read_demand
from moderation.publication import publish_accepted
from moderation.workflow import apply
from territoires.models import Commune
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(aurillac: Commune, bruno: User) -> CoucheVersion:
    """One published object."""
    row = factories.ContributionFactory(attributes={"operators": [{"operator": "20801", "calls": "none"}]})
    apply(contribution_id=row.pk, action="accept", actor="official", by=bruno, version=1)
    publish_accepted(couche=row.couche, by=None)
    found = Couche.objects.get(slug="zones-blanches").latest()
    assert found is not None
    return found


def statements(version: CoucheVersion, **parameters: str) -> str:
    """What a stream asks of the database."""
    with CaptureQueriesContext(connection) as seen:
        content: Iterator[bytes] = streams.stream(read_demand(version, parameters))
        assert b"".join(content)
    return " ".join(str(query["sql"]) for query in seen)


@pytest.mark.parametrize("name", ["geojson", "csv"])
@pytest.mark.parametrize(
    ("least", "where", "walked"), [(1, {}, True), (2, {}, False), (1, {"territoire": "commune:15014"}, False)]
)
def test_only_a_long_and_whole_couche_is_walked(
    version: CoucheVersion,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    least: int,
    where: dict[str, Any],
    walked: bool,
) -> None:
    """A short one, or one territory, costs less sorted than a walk through the whole table."""
    monkeypatch.setattr(streams, "WORTH_WALKING", least)
    assert ("enable_sort" in statements(version, format=name, **where)) is walked
