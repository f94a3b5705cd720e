"""The whole country, on the true file: rebuilt, counted, and located like shapely does."""

import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from django.conf import settings
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext

from territoires.bulk import bulk_locate
from territoires.cog import read_cog
from territoires.location import OutsideFrance, locate
from territoires.models import Commune
from territoires.report import SyncReport
from territoires.sync import run

FRANCE = settings.REPERES_DATA / "communes-france-2018.geojson.zip"
MOVES = settings.REPERES_DATA / "mouvements-communes.csv"
pytestmark = [
    pytest.mark.skipif(not FRANCE.is_file(), reason="REPERES_DATA does not hold the whole country"),
    pytest.mark.django_db,
]
SEED, POINTS = 2026, 1000
OVERSEAS = ("971", "972", "973", "974", "976")
# Split since 2018: their land has no outline in a file of 2018.
LOST = ["14666", "15031", "15035", "15047", "15171", "85165", "85212"]


@pytest.fixture(scope="module")
def country(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[SyncReport]:
    """Load France once for the module, and take it all back after."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        connection.set_autocommit(False)
        try:
            yield run(boundaries=FRANCE, moves=MOVES, wet_run=True)
        finally:
            connection.rollback()
            connection.set_autocommit(True)


@pytest.fixture(scope="module")
def independent() -> tuple[shapely.STRtree, list[str], np.ndarray]:
    """The same file read by json and shapely alone, former codes replaced by the COG's."""
    cog = read_cog(settings.COG_PATH)
    with zipfile.ZipFile(FRANCE) as archive:
        document = json.loads(archive.read(archive.namelist()[0]))
    codes = [cog.today(feature["properties"]["code"]) or "" for feature in document["features"]]
    outlines = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in document["features"]])
    return shapely.STRtree(outlines), codes, outlines


def seeded_points(independent: tuple[shapely.STRtree, list[str], np.ndarray]) -> list[tuple[float, float]]:
    """Return points in the boxes of random communes, a fifth of them overseas: many near a border."""
    _tree, codes, outlines = independent
    chance = random.Random(SEED)  # a seeded draw, not a secret
    overseas = [index for index, code in enumerate(codes) if code.startswith(OVERSEAS)]
    points = []
    for number in range(POINTS):
        index = chance.choice(overseas) if number % 5 == 0 else chance.randrange(len(codes))
        west, south, east, north = outlines[index].bounds
        points.append((chance.uniform(west, east), chance.uniform(south, north)))
    return points


def test_every_commune_that_can_be_rebuilt_is_there_and_the_others_are_named(country: SyncReport) -> None:
    assert country.outlines.missing == LOST
    assert country.outlines.to_confirm == ["14712", "15141", "85084"]
    current = Commune.objects.current()
    assert current.count() == 34_969
    assert current.exclude(geom=None).count() == 34_875 - len(LOST)
    assert country.counts["15"] == (250, 246, 4)
    assert country.staged is not None
    assert country.staged.unknown == {}
    assert set(country.outlines.rebuilt) >= {"12218", "14581", "49126", "69114", "15027"}


def test_a_thousand_points_lie_where_shapely_says(
    country: SyncReport, independent: tuple[shapely.STRtree, list[str], np.ndarray]
) -> None:
    tree, codes, _outlines = independent
    points = seeded_points(independent)
    hits, owners = tree.query(shapely.points(points), predicate="intersects")
    expected: list[str | None] = [None] * len(points)
    for hit, owner in zip(hits, owners, strict=True):
        known = expected[hit]
        expected[hit] = codes[owner] if known is None else min(known, codes[owner])
    assert [alone(lon, lat) for lon, lat in points] == expected
    assert sum(code is not None for code in expected) > POINTS / 2


def alone(lon: float, lat: float) -> str | None:
    try:
        return locate(Point(lon, lat, srid=4326)).commune.code_insee
    except OutsideFrance:
        return None


def test_the_crowd_and_each_one_agree_borders_included(
    country: SyncReport, independent: tuple[shapely.STRtree, list[str], np.ndarray]
) -> None:
    points = seeded_points(independent)[:300]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE foule (id int, geom geometry(Point, 4326)) ON COMMIT DROP")
        for number, (lon, lat) in enumerate(points):
            cursor.execute(
                "INSERT INTO foule VALUES (%s, ST_SetSRID(ST_Point(%s, %s), 4326))", [number, lon, lat]
            )
    bulk_locate("foule", into="foule_lieux", near_border=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, commune_id, near_border FROM foule_lieux ORDER BY id")
        rows = cursor.fetchall()
    for number, code, near_border in rows:
        point = Point(*points[number], srid=4326)
        if code is None:
            with pytest.raises(OutsideFrance):
                locate(point)
        else:
            location = locate(point)
            assert (location.commune.code_insee, location.near_border) == (code, near_border)
    assert any(near_border for _id, _code, near_border in rows)


def test_the_lookup_on_the_whole_country_uses_the_index(country: SyncReport) -> None:
    point = Point(2.4397, 44.9262, srid=4326)
    with CaptureQueriesContext(connection) as queries:
        assert locate(point).commune.code_insee == "15014"
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + queries[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "territoires_communepiece_geom" in plan
    assert "Seq Scan" not in plan


def test_the_cantal_of_2026_completes_the_file_of_2018(country: SyncReport) -> None:
    cantal = Path(settings.REPERES_DATA) / "cantal" / "cantal-communes-cog2026-derived.geojson"
    if not cantal.is_file():
        pytest.skip("REPERES_DATA does not hold the Cantal")
    report = run(boundaries=cantal, moves=MOVES, wet_run=True)
    assert report.counts["15"] == (250, 250, 0)
    assert report.outlines.missing == ["14666", "85165", "85212"]
    assert not Commune.objects.filter(departement="15", to_confirm=True).exists()
    assert locate(Point(2.9, 45.11, srid=4326)).commune.departement_id == "15"
