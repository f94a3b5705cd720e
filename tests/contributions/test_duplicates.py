"""find_near(): what lies within 100 m, in the same couche, and nothing more."""

import json
import math
import uuid
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection

from contributions.duplicates import FIND_NEAR, NEAR_M, find_near
from contributions.models import Contribution
from contributions.submission import submit
from couches.models import Couche, Feature
from territoires.models import Commune
from territoires.querysets import box_around
from tests.contributions.factories import CAFE, published, submission
from tests.factories import CommuneFactory, ContributionFactory, square

pytestmark = pytest.mark.django_db
METRES_PER_DEGREE = 111_132  # of latitude, at 45°


def north_of(lon: float, lat: float, metres: float) -> Point:
    return Point(lon, lat + metres / METRES_PER_DEGREE, srid=4326)


def here(lon: float = 2.44, lat: float = 44.93) -> Point:
    return Point(lon, lat, srid=4326)


@pytest.fixture
def services(db: None) -> Couche:
    return Couche.objects.get(slug="services")


def test_a_feature_and_a_report_nearby_are_found_nearest_first(aurillac: Commune, services: Couche) -> None:
    cafe = published(aurillac, lat=44.9304)
    report = ContributionFactory(couche=services, commune=aurillac, geom=north_of(2.44, 44.93, 20))
    near = find_near(here(), services)
    assert [(found.kind, found.id) for found in near] == [("signalement", report.pk), ("feature", cafe.pk)]
    assert near[0].distance_m == pytest.approx(20, abs=0.2)
    assert (near[1].label, near[1].number) == (CAFE["nom"], cafe.number)


@pytest.mark.parametrize(("metres", "found"), [(0, 1), (99, 1), (101, 0)])
def test_the_circle_is_of_100_metres(aurillac: Commune, services: Couche, metres: float, found: int) -> None:
    published(aurillac)
    assert len(find_near(north_of(2.44, 44.93, metres), services)) == found


@pytest.mark.parametrize(
    ("lon", "lat"), [(2.44, 44.93), (-56.3, 46.9), (55.5, -21.1), (10.0, 78.2), (0.0, 89.9)]
)
def test_the_circle_is_round_at_every_latitude(services: Couche, lon: float, lat: float) -> None:
    """East and west too: a degree of longitude shrinks to nothing near the poles."""
    commune = CommuneFactory(geom=square(lon, 44.93))
    published(commune, lon=lon, lat=lat)
    a_degree = METRES_PER_DEGREE * math.cos(math.radians(lat)) or 1
    assert len(find_near(Point(lon + 95 / a_degree, lat, srid=4326), services)) == 1
    assert len(find_near(Point(lon - 105 / a_degree, lat, srid=4326), services)) == 0


def test_another_couche_is_not_a_duplicate(aurillac: Commune) -> None:
    published(aurillac, couche="batiments-publics", kind="mairie", nom="Mairie")
    ContributionFactory(commune=aurillac)
    assert find_near(here(), Couche.objects.get(slug="services")) == []


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("SUBMITTED", 1),
        ("RETURNED", 1),
        ("ACCEPTED", 1),
        ("PUBLISHED", 0),
        ("REJECTED", 0),
        ("MERGED", 0),
        ("WITHDRAWN", 0),
    ],
)
def test_only_what_may_still_become_public_counts(aurillac: Commune, status: str, found: int) -> None:
    row = ContributionFactory(commune=aurillac, status=status)
    assert len(find_near(row.geom, row.couche)) == found


def test_a_withdrawn_feature_is_not_found(aurillac: Commune, services: Couche) -> None:
    published(aurillac).versions.update(to_version=2)
    assert find_near(here(), services) == []


def test_nobody_is_their_own_duplicate(aurillac: Commune) -> None:
    row = ContributionFactory(commune=aurillac)
    assert find_near(row.geom, row.couche, exclude=row.pk) == []
    assert len(find_near(row.geom, row.couche, exclude=uuid.uuid4())) == 1


def test_the_list_is_short(aurillac: Commune) -> None:
    rows = [ContributionFactory(commune=aurillac) for _ in range(4)]
    assert len(find_near(here(), rows[0].couche, limit=3)) == 3


def test_two_sincere_reports_three_metres_apart_are_both_kept(aurillac: Commune) -> None:
    submit(submission())
    second = submit(submission(geometry={"type": "Point", "coordinates": [2.44, 44.930027]}))
    assert Contribution.objects.count() == 2
    assert second.duplicates == [{"kind": "signalement", "distance_m": 10, "observed_on": "2026-05-04"}]


def test_a_stranger_learns_all_of_a_feature_and_only_the_presence_of_a_report(
    aurillac: Commune, services: Couche
) -> None:
    """Nothing unmoderated is public: neither what it says, nor which one, nor exactly where."""
    cafe = published(aurillac, lat=44.9302)
    ContributionFactory(
        couche=services, commune=aurillac, geom=north_of(2.44, 44.93, 33), attributes={"nom": "canari"}
    )
    feature, report = (found.public() for found in find_near(here(), services))
    assert (feature["id"], feature["label"]) == (str(cafe.pk), "Café des Amis")
    assert set(report) == {"kind", "distance_m", "observed_on"} and report["distance_m"] == 40


def test_the_search_uses_the_spatial_indexes_at_volume(aurillac: Commune, services: Couche) -> None:
    """5,000 reports and as many features around: the tables are never read whole."""
    report = ContributionFactory(couche=services, commune=aurillac)
    cafe = published(aurillac)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '60s'")
        for table, key, row in [
            ("contributions_contribution", "id", report.pk),
            ("couches_feature", "id", cafe.pk),
        ]:
            cursor.execute(_multiply(table, key), {"row": row})
        cursor.execute(
            """
            INSERT INTO couches_featureversion (
                feature_id, couche_id, number, geom, attributes, commune_id, from_version, observations,
                distinct_observers, last_observed_on, near_border, self_accepted, origin, row_sha256)
            SELECT feature.id, model.couche_id, feature.number,
                ST_Translate(geom, random() * 4 - 2, random() * 4 - 2), attributes,
                commune_id, from_version, 1, 1, last_observed_on, false, false, origin, row_sha256
            FROM couches_feature AS feature
            CROSS JOIN (SELECT * FROM couches_featureversion LIMIT 1) AS model
            WHERE feature.id <> model.feature_id
            """
        )
        cursor.execute("ANALYZE contributions_contribution, couches_featureversion, couches_feature")
        cursor.execute(
            f"EXPLAIN (FORMAT JSON) {FIND_NEAR}",
            {
                "point": here().ewkb,
                "box": box_around(here(), NEAR_M).ewkb,
                "couche": services.pk,
                "exclude": None,
                "practice_of": None,
                "radius": NEAR_M,
                "limit": 10,
            },
        )
        plan = cursor.fetchone()[0]
    nodes = list(_nodes(json.loads(plan) if isinstance(plan, str) else plan))
    indexes = {node["Index Name"] for node in nodes if "Index Name" in node}
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}, nodes
    assert {name.split("_geom_")[0] for name in indexes if "_geom_" in name} == {
        "contributions_contribution",
        "fv",
    }


def _multiply(table: str, key: str) -> str:
    """SQL that copies one row 5,000 times with another key, its point scattered over ±2°."""
    changes = {
        "contributions_contribution": "'geom', ST_Translate(model.geom, random() * 4 - 2, random() * 4 - 2)",
        "couches_feature": "'number', model.number + n",
    }[table]
    model = {"contributions_contribution": Contribution, "couches_feature": Feature}[table]
    columns = [field.column for field in model._meta.concrete_fields if not field.generated]
    names, copied = ", ".join(columns), ", ".join(f"copy.{column}" for column in columns)
    return f"""
        INSERT INTO {table} ({names})
        SELECT {copied}
        FROM {table} AS model, generate_series(1, 5000) AS n,
             jsonb_populate_record(model, jsonb_build_object('{key}', md5(n::text)::uuid, {changes})) AS copy
        WHERE model.{key} = %(row)s
    """


def _nodes(plan: Any) -> Any:
    if isinstance(plan, list):
        for item in plan:
            yield from _nodes(item)
    elif isinstance(plan, dict):
        if "Node Type" in plan:
            yield plan
        for value in plan.values():
            if isinstance(value, list | dict):
                yield from _nodes(value)
