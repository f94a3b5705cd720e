"""What is claimed is tested; pages are found through indexes."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection

from couches.models import Couche, CoucheVersion
from exports.ogc.collections import find_collection
from exports.ogc.documents import CONFORMANCE
from exports.ogc.items import page_statement
from exports.ogc.params import read_items
from tests.exports.factories import change, release

pytestmark = pytest.mark.django_db


def test_every_claimed_class_has_its_tests() -> None:
    """A class without a test by the name of its suite is not claimed."""
    source = "".join(path.read_text() for path in sorted(Path(__file__).parent.glob("test_*.py")))
    for uri in CONFORMANCE:
        name = uri.rsplit("/", 1)[1]
        assert re.search(rf"def test_conf_{name.replace('-', '_')}|    # .*{name}", source), (
            f"{name}: no test"
        )


def crowd() -> CoucheVersion:
    """Enough objects, of two couches, that reading them all is worth avoiding."""
    services = Couche.objects.get(slug="services")
    others = [change(geom=Point(2.3 + rank / 1e4, 44.9, srid=4326), attributes={}) for rank in range(1500)]
    release(*others, couche=services)
    return release(*[change(geom=Point(2.3 + rank / 1e4, 44.9, srid=4326)) for rank in range(1500)])


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({"limit": "10"}, "fv_couche_id"),
        ({"limit": "10", "curseur": "5"}, "fv_couche_id"),
        ({"bbox": "2.3,44.89,2.3005,44.91"}, "fv_geom_alive"),
    ],
    ids=["page", "next page", "box"],
)
def test_pages_are_found_by_an_index(asked: dict[str, str], index: str, aurillac: Any, settings: Any) -> None:
    crowd()
    query = read_items(find_collection("zones-blanches"), asked)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE couches_featureversion")
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        cursor.execute("EXPLAIN (FORMAT TEXT) " + page_statement(query).as_string(cursor.connection))
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert index in plan, plan
    assert "Seq Scan on couches_featureversion" not in plan and "Gather" not in plan, plan
