"""The questions asked most of versions use their index, on a table that has some size."""

import json
from typing import Any

import pytest
from django.contrib.gis.geos import Point, Polygon
from django.db import connection

from couches.deltas import DELTA_SQL, delta_parameters
from couches.models import FeatureVersion
from couches.publication import Change, publish
from tests import factories
from tests.couches.factories import create, services

pytestmark = pytest.mark.django_db
COUNT = 4_000


@pytest.fixture
def large(aurillac: Any) -> list[Change]:
    """Four thousand places in forty communes, then a version that changes four of them."""
    codes = [factories.CommuneFactory(code_insee=f"15{n:03d}", nom=f"C{n}").pk for n in range(100, 140)]
    places = [
        create(geom=Point(2 + n / COUNT, 44.5 + (n % 97) / 97, srid=4326), commune_id=codes[n % len(codes)])
        for n in range(COUNT)
    ]
    publish(couche=services(), changes=places, by=None)
    changed = [Change("observe", one.feature_id, observations=2) for one in places[:4]]
    publish(couche=services(), changes=changed, by=None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE couches_featureversion")
    return places


def nodes(sql: str, parameters: Any) -> list[tuple[str, str | None]]:
    """Return (node, index) of each node of the plan."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        [plan] = cursor.fetchone()
    waiting = [json.loads(plan) if isinstance(plan, str) else plan]
    found = []
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
            continue
        node = node.get("Plan", node)
        found.append((node["Node Type"], node.get("Index Name")))
        waiting.extend(node.get("Plans", []))
    return found


def used(found: list[tuple[str, str | None]]) -> set[str]:
    return {index for _node, index in found if index}


def test_a_delta_reads_what_changed_and_no_more(large: list[Change]) -> None:
    found = nodes(DELTA_SQL, delta_parameters(services(), 1, 2))
    assert {"fv_couche_from", "fv_couche_to"} <= used(found)
    assert "Seq Scan" not in {node for node, _index in found}


def test_a_commune_at_a_version_reads_its_own_rows(large: list[Change]) -> None:
    rows = FeatureVersion.objects.filter(couche=services(), commune_id="15100").at_version(1)
    found = nodes(*rows.query.sql_with_params())
    assert used(found) == {"fv_commune_couche"}


def test_a_place_at_a_version_reads_the_rows_around(large: list[Change]) -> None:
    around = Polygon.from_bbox((2.5, 44.9, 2.51, 44.91))
    around.srid = 4326
    rows = FeatureVersion.objects.filter(geom__bboverlaps=around, couche=services()).at_version(2)
    found = nodes(*rows.query.sql_with_params())
    assert any("geom" in index for index in used(found))


def test_the_state_of_a_feature_is_one_index_away(large: list[Change]) -> None:
    rows = FeatureVersion.objects.filter(feature_id=large[0].feature_id)
    assert used(nodes(*rows.query.sql_with_params())) == {"fv_one_per_version"}
    assert used(nodes(*rows.current().query.sql_with_params())) <= {"fv_one_open", "fv_one_per_version"}


def test_no_index_repeats_the_start_of_another() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indrelid::regclass::text, indkey::text, indpred IS NULL, indexrelid::regclass::text"
            " FROM pg_index WHERE indrelid::regclass::text"
            " IN ('couches_feature', 'couches_featureversion', 'couches_coucheversion')"
        )
        indexes = cursor.fetchall()
    for table, columns, whole, name in indexes:
        for other_table, other_columns, other_whole, other in indexes:
            if name != other and table == other_table and whole and other_whole:
                assert not f"{other_columns} ".startswith(f"{columns} "), f"{name} repeats {other}"


def test_many_after_few_in_one_session_are_not_compared_each_with_each(aurillac: Any) -> None:
    """The guards of the table are planned for what enters, not for the single row of the day it was new."""
    with connection.cursor() as cursor:
        publish(couche=services(), changes=[create()], by=None)
        cursor.execute("ANALYZE couches_feature, couches_featureversion")
        publish(couche=services(), changes=[create()], by=None)
        before = _read_one_after_the_other()
        publish(couche=services(), changes=[create() for _ in range(COUNT)], by=None)
    assert _read_one_after_the_other() - before < 20 * COUNT


def _read_one_after_the_other() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(seq_tup_read)::bigint FROM pg_stat_xact_user_tables "
            "WHERE relname IN ('couches_feature', 'couches_featureversion')"
        )
        return int(cursor.fetchone()[0])
