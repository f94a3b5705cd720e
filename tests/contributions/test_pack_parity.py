"""The phone and the server say the same: the pack in Node against `locate()` in PostGIS.

On the Cantal's true outlines when the data is there, and always on the demo's cells.
"""

import datetime as dt
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from django.conf import settings
from django.contrib.gis.geos import Point
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from config.seeding import Places, changes
from contributions.pack import MAX_BYTES, build_pack
from couches.models import Couche
from couches.publication import publish
from territoires.location import OutsideFrance, locate
from territoires.models import Commune
from territoires.sync import run

FILES = {
    "demo": Path(settings.BASE_DIR) / "fixtures" / "bassin-aurillac.geojson",
    "cantal": settings.REPERES_DATA / "cantal" / "cantal-communes-cog2026-derived.geojson",
}
ORACLE = Path(__file__).with_name("pack_oracle.mjs")
pytestmark = pytest.mark.django_db
SEED, POINTS = 2026, 1000
# Vertices are kept to 11 cm: nearer than this to a border, either side may be said.
ROUNDING_M = 0.2
# Borders are great circles for PostGIS's metres, straight on the phone's plane.
THRESHOLD_M = 1
# Any other commune, as locate() measures it.
NEAREST_OTHER = """
SELECT min(ST_Distance(geom::geography, ST_SetSRID(ST_Point(%s, %s), 4326)::geography))
FROM territoires_communepiece WHERE commune_id <> %s AND geom && ST_Expand(ST_SetSRID(ST_Point(%s, %s), 4326), 0.02)
"""
FROM_BORDER = """
SELECT min(ST_Distance(ST_Boundary(geom)::geography, ST_SetSRID(ST_Point(%s, %s), 4326)::geography))
FROM territoires_commune WHERE geom && ST_Expand(ST_SetSRID(ST_Point(%s, %s), 4326), 0.02)
"""


@pytest.fixture(scope="module", params=["demo", "cantal"])
def territory(
    request: Any, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[dict[str, Any]]:
    """Load a territory once for the module, give its packs, take it all back after."""
    if not FILES[request.param].is_file():
        pytest.skip("REPERES_DATA does not hold the Cantal")
    with django_db_blocker.unblock():
        connection.set_autocommit(False)
        try:
            run(boundaries=FILES[request.param], wet_run=True)
            densest = Commune.objects.defer("geom").get(pk="15014")
            sow(densest, 1_000)
            communes = Commune.objects.current().filter(geom__isnull=False).defer("geom")
            yield {commune.pk: build_pack(commune).body for commune in communes}
        finally:
            connection.rollback()
            connection.set_autocommit(True)


def sow(commune: Commune, count: int) -> None:
    """Publish made-up features in a commune, half of them services, with the longest answers."""
    outline = shapely.from_wkb(bytes(Commune.objects.get(pk=commune.pk).geom.wkb))
    chance = random.Random(SEED)
    west, south, east, north = outline.bounds
    spots: list[tuple[float, float]] = []
    while len(spots) < count:
        spot = chance.uniform(west, east), chance.uniform(south, north)
        if outline.contains(shapely.Point(spot)):
            spots.append(spot)
    for slug, part in (("services", spots[::2]), ("zones-blanches", spots[1::2])):
        couche = Couche.objects.get(slug=slug)
        x, y = np.array(part).T
        places = Places(x, y, np.zeros(len(part), dtype=int), [commune.pk])
        publish(couche=couche, changes=changes(couche, places, seed=len(slug), today=TODAY), by=None)


TODAY = dt.date(2026, 11, 1)


def test_every_pack_weighs_at_most_300_kb(territory: dict[str, bytes]) -> None:
    assert len(territory) in (25, 250)
    heaviest = max(territory, key=lambda code: len(territory[code]))
    assert len(territory[heaviest]) <= MAX_BYTES
    densest = json.loads(territory["15014"])
    assert len(densest["features"]) == 1_000 and densest["truncated"] is False
    assert sum(place["kind"] == "objet" for place in densest["places"]) > 400


def test_the_phone_and_the_server_give_the_same_commune(territory: dict[str, bytes]) -> None:
    packs = {code: json.loads(body) for code, body in territory.items()}
    points = list(draw(packs))
    said = ask_node(packs, points)["found"]
    assert sum(answer is not None and answer["nearBorder"] for answer in said) > POINTS / 5
    for (_code, lon, lat), answer in zip(points, said, strict=True):
        try:
            truth = locate(Point(lon, lat, srid=4326))
        except OutsideFrance:
            assert answer is None or border(lon, lat) < ROUNDING_M, (lon, lat, answer)
            continue
        if answer is None or answer["code"] != truth.commune.pk:
            assert border(lon, lat) < ROUNDING_M, (lon, lat, answer, truth.commune.pk)
        elif answer["nearBorder"] != truth.near_border:
            metres = one(NEAREST_OTHER, lon, lat, truth.commune.pk, lon, lat)
            assert abs(metres - 100) < THRESHOLD_M, (lon, lat, answer, metres)


def test_a_vertex_shared_by_two_communes_goes_to_the_lowest_code(territory: dict[str, bytes]) -> None:
    packs = {code: json.loads(body) for code, body in territory.items()}
    with connection.cursor() as cursor:
        # Whole hundred-thousandths only: the phone holds them to the last bit.
        cursor.execute(SHARED_VERTICES)
        vertices = cursor.fetchall()
    assert len(vertices) > 20
    said = ask_node(packs, [(high, lon, lat) for _low, high, lon, lat in vertices])["found"]
    assert [answer["code"] for answer in said] == [low for low, _high, _lon, _lat in vertices]


SHARED_VERTICES = """
WITH vertex AS (
    SELECT code_insee, (ST_DumpPoints(geom)).geom AS point FROM territoires_commune WHERE valid_to IS NULL
)
SELECT min(code_insee), max(code_insee), ST_X(point), ST_Y(point) FROM vertex
WHERE ST_X(point) = round(ST_X(point)::numeric, 5)::float8 AND ST_Y(point) = round(ST_Y(point)::numeric, 5)::float8
GROUP BY point HAVING count(DISTINCT code_insee) >= 2 ORDER BY 3, 4 LIMIT 300
"""


def test_the_phone_lists_as_many_tiles_as_were_announced(territory: dict[str, bytes]) -> None:
    packs = {code: json.loads(body) for code, body in territory.items()}
    listed = ask_node(packs, [])["tiles"]
    assert listed == {code: pack["tiles"]["count"] for code, pack in packs.items()}


def test_the_phone_measures_like_the_ellipsoid(territory: dict[str, bytes]) -> None:
    chance = random.Random(SEED)
    pairs = []
    for _number in range(200):
        lon, lat = chance.uniform(-62, 56), chance.uniform(-22, 51)
        pairs.append([[lon, lat], [lon + chance.uniform(-0.02, 0.02), lat + chance.uniform(-0.02, 0.02)]])
    said = ask_node({}, [], pairs)["metres"]
    for (start, end), metres in zip(pairs, said, strict=True):
        truth = one(
            "SELECT ST_Distance(ST_Point(%s, %s)::geography, ST_Point(%s, %s)::geography)", *start, *end
        )
        assert metres == pytest.approx(truth, rel=1e-4, abs=0.01)


def draw(packs: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    """Yield (whose pack, lon, lat): a third anywhere in the window, the others near a border."""
    chance = random.Random(SEED)
    codes = sorted(packs)
    for number in range(POINTS):
        code = chance.choice(codes)
        west, south, east, north = packs[code]["window"]
        if number % 3 == 0:
            yield code, chance.uniform(west, east), chance.uniform(south, north)
            continue
        flat = packs[code]["outline"][0][0]
        last = chance.randrange(2, len(flat) + 1, 2)
        lon, lat = sum(flat[:last:2]) / 1e6, sum(flat[1:last:2]) / 1e6
        yield code, lon + chance.uniform(-0.002, 0.002), lat + chance.uniform(-0.0015, 0.0015)


def ask_node(packs: dict[str, Any], points: list[Any], pairs: list[Any] | None = None) -> dict[str, Any]:
    asked = json.dumps({"packs": packs, "points": points, "pairs": pairs or []})
    done = subprocess.run(
        ["node", str(ORACLE)], input=asked, capture_output=True, text=True, timeout=120, check=True
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def one(statement: str, *parameters: Any) -> float:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return float(cursor.fetchone()[0])


def border(lon: float, lat: float) -> float:
    """Return the metres from a point to the nearest border."""
    return one(FROM_BORDER, lon, lat, lon, lat)
