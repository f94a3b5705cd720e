"""A tile is planned once by session; behind a pooler by transaction, bound by the client, it is the same."""

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client

from couches import tiles
from couches.doors import find_version
from couches.filters import read_filters
from couches.models import CoucheVersion
from couches.prepared import fetch_row
from couches.publication import publish
from territoires.models import Commune
from tests.couches.factories import create, services

pytestmark = pytest.mark.django_db

# The tiles that hold the town hall of Aurillac.
PLACES = [(10, 518, 368), (11, 1037, 737), (14, 8303, 5898), (16, 33212, 23592)]


@pytest.fixture
def version(aurillac: Commune) -> CoucheVersion:
    """Three cafés at the same place."""
    return publish(couche=services(), changes=[create() for _ in range(3)], by=None)


def prepared() -> list[str]:
    """Return the statements that this session has planned for good."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE NOT from_sql")
        return [statement for (statement,) in cursor.fetchall()]


@pytest.mark.parametrize("place", PLACES)
def test_bound_by_either_side_a_tile_is_the_same(
    version: CoucheVersion, place: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = tiles.draw("services", 1, *place)
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    assert bound and tiles.draw("services", 1, *place) == bound
    with connection.cursor() as cursor:
        cursor.execute(
            tiles.objects_sql(version, *place, read_filters(version.couche, {})).as_string(cursor.cursor)
        )
        assert bytes(cursor.fetchone()[0]) == bound


def test_all_tiles_share_two_statements(version: CoucheVersion, client: Client) -> None:
    connection.connection.execute("DEALLOCATE ALL")
    connection.connection._prepared.clear()  # what psycopg remembers of them
    for number in ("1", "derniere"):
        for z, x, y in PLACES:
            assert client.get(f"/tuiles/services/{number}/{z}/{x}/{y}.mvt").status_code == 200
    named = [statement for statement in prepared() if "couches_" in statement]
    assert len(named) == 2, named


def test_a_pooler_by_transaction_is_asked_for_no_statement_kept(
    version: CoucheVersion, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.connection.execute("DEALLOCATE ALL")
    connection.connection._prepared.clear()
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    assert client.get("/tuiles/services/1/{}/{}/{}.mvt".format(*PLACES[0])).content
    assert [statement for statement in prepared() if "couches_" in statement] == []


def test_a_database_too_slow_is_said_as_djangos_own_error(version: CoucheVersion) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 50")
        with pytest.raises(OperationalError), transaction.atomic():
            fetch_row(connection, "SELECT pg_sleep(%(s)s::double precision)", {"s": 2.0})
    assert find_version("services", "1").pk == version.pk
