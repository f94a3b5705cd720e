"""What the map asks of the database uses its indexes, and depends on what is seen, not on the table."""

import re

import pytest
from django.contrib.gis.geos import Point, Polygon
from django.contrib.gis.measure import Distance
from django.db import connection
from django.db.models import Q
from psycopg import sql

from couches import places, tiles
from couches.filters import Filters, read_filters
from couches.mercator import cell_of, tile_box
from couches.models import CoucheVersion
from couches.publication import publish
from exports.ogc.collections import find_collection
from exports.ogc.items import page_statement
from exports.ogc.params import read_items
from exports.wfs.rows import published_rows
from territoires.models import Commune
from tests import factories
from tests.couches.factories import create, services
from tests.couches.test_plans import nodes, used

pytestmark = pytest.mark.django_db
COUNT = 4_000
HERE = (2.44, 44.93)


@pytest.fixture
def large(aurillac: Commune) -> CoucheVersion:
    """Four thousand places over a whole département, in forty communes."""
    codes = [
        factories.CommuneFactory(code_insee=f"15{n:03d}", nom=f"C{n}").code_insee for n in range(100, 140)
    ]
    changes = [
        create(
            geom=Point(2 + n / COUNT * 1.3, 44.5 + (n % 97) / 97 * 0.9, srid=4326),
            commune_id=codes[n % len(codes)],
        )
        for n in range(COUNT)
    ]
    publish(couche=services(), changes=changes, by=None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE couches_featureversion, couches_feature")
    return CoucheVersion.objects.select_related("couche").get(couche=services())


def plan(statement: sql.Composed) -> tuple[list[str], set[str]]:
    with connection.cursor() as cursor:
        text = statement.as_string(cursor.cursor)
    found = nodes(text.replace("%", "%%"), [])
    return [node for node, _index in found], used(found)


def spatial_index() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes "
            "WHERE tablename = 'couches_featureversion' AND indexdef LIKE '%USING gist%'"
        )
        [name] = cursor.fetchone()
    return str(name)


def test_a_tile_and_a_view_are_found_by_place(large: CoucheVersion) -> None:
    x, y = cell_of(*HERE, 13)
    statements = [places.objects_sql(large, Filters(), tile_box(13, x, y))]
    for query in ({}, {"kind": "cafe"}, {"du": "2026-01-01"}):
        statements.append(tiles.objects_sql(large, 13, x, y, read_filters(large.couche, query)))
    for statement in statements:
        seen, indexes = plan(statement)
        assert spatial_index() in indexes
        assert "Gather" not in seen
        assert not _walks_the_table(statement)


def test_what_was_said_before_and_after_is_not_looked_at(large: CoucheVersion) -> None:
    """One index answers for the place and for the version: ten years of states cost a view nothing."""
    west, south, east, north = tile_box(13, *cell_of(*HERE, 13))
    box = read_items(find_collection("services"), {"bbox": f"{west},{south},{east},{north}"})
    place = f"S_INTERSECTS(geometry, BBOX({west}, {south}, {east}, {north}))"
    filtered = read_items(find_collection("services"), {"filter": f"{place} AND observations >= 1"})
    for statement in (
        tiles.objects_sql(large, 13, *cell_of(*HERE, 13), Filters()),
        places.objects_sql(large, Filters(), (west, south, east, north)),
        page_statement(box),
        page_statement(filtered),
    ):
        with connection.cursor() as cursor:
            told = statement.as_string(cursor.cursor).replace("%", "%%")
        assert _life_and_place(told, ())
    rows = published_rows(large)
    here = Polygon.from_bbox((west, south, east, north))
    for asked in (
        rows.filter(geom__intersects=here),
        rows.filter(Q(geom__within=here) & Q(c_observations__gte=1)),
        rows.filter(geom__dwithin=(Point(*HERE, srid=4326), Distance(m=500))),
    ):
        assert _life_and_place(*asked.query.sql_with_params())


def test_a_condition_that_holds_elsewhere_is_not_taken_for_a_place(large: CoucheVersion) -> None:
    """The index by place would then be walked whole, for nothing."""
    rows, here = published_rows(large), Point(*HERE, srid=4326).buffer(0.01)
    for query in (
        ~Q(geom__intersects=here),
        Q(geom__intersects=here) | Q(c_observations__gte=1),
        Q(geom__disjoint=here),
        Q(geom__fes_beyond=(here.centroid, Distance(m=500))),
        Q(c_observations__gte=1),
    ):
        assert "int4range" not in rows.filter(query).query.sql_with_params()[0]
    place = "S_INTERSECTS(geometry, POINT(2.44 44.93))"
    for text in (f"NOT {place}", f"{place} OR observations > 1", place.replace("INTERSECTS", "DISJOINT")):
        assert not read_items(find_collection("services"), {"filter": text}).placed


def _life_and_place(statement: str, parameters: tuple[object, ...]) -> bool:
    """Say whether every index that is asked for a place is asked for the version too."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", parameters or None)
        conditions = [line for (line,) in cursor.fetchall() if re.search(r"Index Cond: .*geom (&&|@) ", line)]
    return bool(conditions) and all("int4range(from_version, to_version) @> " in one for one in conditions)


def test_the_list_reads_a_page_or_a_commune_and_no_more(large: CoucheVersion) -> None:
    statement = places.list_sql(large, read_filters(large.couche, {"territoire": "commune:15100"}), None)
    assert "fv_commune_couche" in plan(statement)[1]
    assert not _walks_the_table(statement)
    seen, indexes = plan(places.list_sql(large, Filters(), None))
    assert "couches_featureversion_pkey" in indexes
    assert "Gather" not in seen
    assert not _walks_the_table(places.list_sql(large, Filters(), None))


def _walks_the_table(statement: sql.Composed) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement.as_string(cursor.cursor))
        return any("Seq Scan on couches_featureversion" in line for (line,) in cursor.fetchall())
