"""Many points at once: one statement, the same answers as one by one, through the index."""

import pytest
from django.contrib.gis.geos import Point
from django.db import connection

from territoires.bulk import bulk_locate, bulk_locate_sql
from territoires.location import OutsideFrance, locate
from territoires.models import Commune


def stage(points: list[tuple[float, float]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE essai (id int, geom geometry(Point, 4326)) ON COMMIT DROP")
        for number, (lon, lat) in enumerate(points):
            cursor.execute(
                "INSERT INTO essai VALUES (%s, ST_SetSRID(ST_Point(%s, %s), 4326))", [number, lon, lat]
            )


def test_the_crowd_is_located_as_each_one_is(aurillac: Commune, ytrac: Commune) -> None:
    points = [(2.30 + step / 1000, 44.93) for step in range(190)] + [(2.39, 44.95), (13.4, 52.5)]
    stage(points)
    assert bulk_locate("essai", into="essai_lieux", near_border=True) == len(points)
    with connection.cursor() as cursor:
        cursor.execute("SELECT commune_id, near_border FROM essai_lieux ORDER BY id")
        found = cursor.fetchall()
    assert found == [alone(lon, lat) for lon, lat in points]


def alone(lon: float, lat: float) -> tuple[str | None, bool]:
    try:
        location = locate(Point(lon, lat, srid=4326))
    except OutsideFrance:
        return None, False
    return location.commune.code_insee, location.near_border


def test_the_statement_uses_the_index_of_pieces(aurillac: Commune) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE essai (id int, geom geometry(Point, 4326)) ON COMMIT DROP")
        cursor.execute(
            "INSERT INTO essai SELECT n, ST_SetSRID(ST_Point(2 + n / 10000.0, 44.9), 4326) "
            "FROM generate_series(1, 2000) n"
        )
        cursor.execute(
            """
            INSERT INTO territoires_communepiece (commune_id, geom)
            SELECT '15014', ST_MakeEnvelope(10 + n * 0.01, 10, 10.01 + n * 0.01, 10.01, 4326)
            FROM generate_series(1, 2000) n
            """
        )
        cursor.execute("ANALYZE essai; ANALYZE territoires_communepiece")
        for near_border in (False, True):
            cursor.execute(
                "EXPLAIN " + bulk_locate_sql("essai", near_border=near_border),
                {"metres": 100} if near_border else None,
            )
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert plan.count("territoires_communepiece_geom") == 1, plan
            assert "Seq Scan on territoires_communepiece" not in plan


@pytest.mark.parametrize("name", ["a; DROP TABLE x", "A", "", "é", 'a"b', "x" * 64])
def test_a_table_name_that_is_no_plain_identifier_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="plain table name"):
        bulk_locate_sql(name)
    with pytest.raises(ValueError, match="plain table name"):
        bulk_locate("essai", into=name)
