"""Where a point lies: one query, lowest code on a shared border, near borders told."""

import datetime as dt

import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import connection
from django.test.utils import CaptureQueriesContext

from territoires.location import NEAR_BORDER_M, OutsideFrance, OutsideLoadedTerritory, locate
from territoires.models import BoundaryLoad, Commune, CommunePiece
from territoires.querysets import box_around
from tests import factories

BORDER = 2.44 - 0.05  # between Ytrac, to the west, and Aurillac
METRE = 1 / 78_930  # a metre of longitude at 44.93 N, in degrees


@pytest.fixture
def ytrac(db: None) -> Commune:
    """Ytrac, whose east side is Aurillac's west side to the last bit."""
    side = Polygon.from_bbox((2.29, 44.88, 2.44 - 0.05, 44.93 + 0.05))
    return factories.CommuneFactory(code_insee="15267", nom="Ytrac", geom=MultiPolygon(side, srid=4326))


def at(lon: float, lat: float = 44.93) -> Point:
    return Point(lon, lat, srid=4326)


def test_each_side_of_the_border_has_its_mayor(aurillac: Commune, ytrac: Commune) -> None:
    assert locate(at(BORDER + 0.02)).commune == aurillac
    assert locate(at(BORDER - 0.02)).commune == ytrac


def test_a_shared_border_goes_to_the_lowest_code(aurillac: Commune, ytrac: Commune) -> None:
    assert list(Commune.objects.covering(at(BORDER))) == [aurillac, ytrac]
    assert locate(at(BORDER)).commune == aurillac


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("metres", "near"), [(0, True), (90, True), (99, True), (101, False), (300, False)])
def test_near_border_means_within_100_m_of_another_commune(
    aurillac: Commune, ytrac: Commune, side: int, metres: int, near: bool
) -> None:
    assert locate(at(BORDER + side * metres * METRE)).near_border is near


def test_the_edge_of_the_loaded_land_is_no_border(aurillac: Commune) -> None:
    assert locate(at(BORDER + METRE)).near_border is False


def test_a_commune_that_ended_is_neither_answer_nor_neighbour(aurillac: Commune, ytrac: Commune) -> None:
    Commune.objects.filter(pk=ytrac.pk).update(valid_to=dt.date(2026, 1, 1), successor=aurillac)
    assert locate(at(BORDER + METRE)).near_border is False
    with pytest.raises(OutsideFrance):
        locate(at(BORDER - 0.02))


def test_an_outline_to_confirm_makes_each_of_its_points_to_confirm(aurillac: Commune) -> None:
    Commune.objects.update(to_confirm=True)
    assert locate(at(2.44)).near_border is True


def test_outside_france_says_so_and_keeps_the_text(aurillac: Commune) -> None:
    with pytest.raises(OutsideFrance) as caught:
        locate(at(13.4, 52.5))
    assert "hors de France" in caught.value.message_dict["geometry"][0]
    assert "votre texte est conservé" in caught.value.message_dict["geometry"][0]


def test_paris_is_not_told_that_it_is_abroad_where_only_the_cantal_is_open(aurillac: Commune) -> None:
    BoundaryLoad.objects.create(millesime=2026, source="cantal.geojson", complete=False)
    with pytest.raises(OutsideLoadedTerritory):
        locate(at(2.35, 48.85))
    with pytest.raises(OutsideFrance) as caught:
        locate(at(13.4, 52.5))
    assert not isinstance(caught.value, OutsideLoadedTerritory)


def test_noumea_is_not_told_that_it_is_abroad_where_igns_file_is_loaded(aurillac: Commune) -> None:
    BoundaryLoad.objects.create(millesime=2026, source="admin-express.gpkg", complete=True)
    with pytest.raises(OutsideLoadedTerritory):
        locate(at(166.45, -22.27))
    with pytest.raises(OutsideFrance) as caught:
        locate(at(4.35, 50.85))
    assert not isinstance(caught.value, OutsideLoadedTerritory)


def test_one_query_and_no_outline_fetched(aurillac: Commune, ytrac: Commune) -> None:
    with CaptureQueriesContext(connection) as queries:
        locate(at(2.44))
    [query] = queries
    assert "commune.geom" not in query["sql"]


def test_the_lookup_walks_the_index_of_pieces_not_the_communes(aurillac: Commune) -> None:
    """35,000 made-up communes: neither table is read whole, whatever ORDER BY … LIMIT 1 suggests."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO territoires_commune (code_insee, nom, siren, codes_postaux, departement_id, millesime,
                approximate, to_confirm, accent)
            SELECT to_char(1000 + n, 'FM00000'), 'Essai ' || n, '', '[]', '15', 2026, false, false, ''
            FROM generate_series(0, 12000) AS n WHERE to_char(1000 + n, 'FM00000') !~ '^(15014)$'
            """
        )
        cursor.execute(
            """
            INSERT INTO territoires_communepiece (commune_id, geom)
            SELECT to_char(1000 + n, 'FM00000'),
                   ST_MakeEnvelope(n % 110 * 0.1, 20 + n / 110 * 0.1, n % 110 * 0.1 + 0.1, 20.1 + n / 110 * 0.1, 4326)
            FROM generate_series(0, 12000) AS n
            """
        )
        cursor.execute("ANALYZE territoires_commune; ANALYZE territoires_communepiece")
    with CaptureQueriesContext(connection) as queries:
        locate(at(2.44))
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + queries[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    for text in (plan, Commune.objects.covering(at(2.44))[:1].explain()):
        assert "territoires_communepiece_geom" in text
        assert "Seq Scan" not in text
    assert CommunePiece.objects.count() > 12_000


@pytest.mark.django_db
@pytest.mark.parametrize("lat", [-89.9, -47.0, 0.0, 46.8, 89.0])
def test_the_box_holds_the_whole_circle_at_any_latitude(lat: float) -> None:
    """Nothing within 100 m may be lost to the index's first pass."""
    point = at(2.0, lat)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_Covers(%s::geometry, ST_Buffer(ST_SetSRID(ST_Point(2, %s), 4326)::geography, %s)::geometry)",
            [box_around(point, NEAR_BORDER_M).ewkt, lat, NEAR_BORDER_M],
        )
        row = cursor.fetchone()
    assert row == (True,)


def test_a_piece_is_enough_to_be_found(db: None) -> None:
    home = factories.CommuneFactory(geom=factories.square(2.44, 44.93))
    assert locate(at(2.44)).commune == home
