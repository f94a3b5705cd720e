"""Pauses that slow: three an hour, never more, whoever comes at once; and what a pause costs."""

import datetime as dt
from typing import Any

import pgtrigger
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from comptes.models import User
from contributions import pauses
from contributions.models import Contribution, Pause, TokenBucket
from couches.models import Couche
from territoires.models import Commune
from tests.contributions.factories import payload
from tests.contributions.pauses_cast import ADDRESS, CENTRE, at, opened
from tests.contributions.test_api import problem
from tests.contributions.test_submission_concurrency import at_once
from tests.factories import (
    CommuneFactory,
    MembershipFactory,
    UserFactory,
)


@pytest.mark.django_db
def test_three_pass_then_the_town_hall_says_when(api: APIClient, bruno: User) -> None:
    opened(bruno, mode=Pause.Mode.SLOW)
    assert [api.post(ADDRESS, payload()).status_code for _ in range(3)] == [201] * 3
    last = payload()
    response = api.post(ADDRESS, last)
    said = problem(response, 429)
    assert said["type"] == "urn:reperes:probleme:zone-ralentie" and "04 71 00 00 00" in said["detail"]
    assert 1100 < int(response["Retry-After"]) <= 1201
    assert api.post(ADDRESS, at(2.45, 44.95)).status_code == 201
    TokenBucket.objects.update(filled_at=timezone.now() - dt.timedelta(seconds=int(response["Retry-After"])))
    assert api.post(ADDRESS, last).status_code == 201


@pytest.mark.django_db
def test_the_zone_has_its_own_limit_whatever_the_addresses(
    api: APIClient, bruno: User, settings: Any
) -> None:
    settings.REPERES_PROXIES = 1
    opened(bruno, mode=Pause.Mode.SLOW)
    statuses = [
        api.post(ADDRESS, payload(), headers={"x-forwarded-for": f"203.0.113.{rank}"}).status_code
        for rank in range(25)
    ]
    assert statuses == [201] * 20 + [429] * 5


@pytest.mark.usefixtures("committed")
def test_sixteen_at_once_never_pass_the_slow_bucket() -> None:
    opened(_mayor(), mode=Pause.Mode.SLOW)
    answers = at_once([lambda: APIClient().post(ADDRESS, payload())] * 16)
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 13
    assert Contribution.objects.count() == 3


@pytest.mark.usefixtures("committed")
def test_counted_before_written_the_slow_bucket_would_be_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: with a look and no taking, the same sixteen pass beyond three."""
    opened(_mayor(), mode=Pause.Mode.SLOW)
    monkeypatch.setattr("contributions.limits.take", lambda takes: None)
    answers = at_once([lambda: APIClient().post(ADDRESS, payload())] * 16)
    assert sum(answer.status_code == 201 for answer in answers) > 3


def _mayor() -> User:
    user = UserFactory(email="bruno@reperes.demo")
    MembershipFactory(user=user, commune=CommuneFactory())
    return user


# --- what it costs ----------------------------------------------------------------------------------------


def statements(api: APIClient, document: dict[str, Any]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        api.post(ADDRESS, document)
    return [query["sql"] for query in queries]


@pytest.mark.django_db
def test_without_pause_nothing_is_asked_and_with_one_a_single_question(api: APIClient, bruno: User) -> None:
    api.post(ADDRESS, payload())
    without = statements(api, payload())
    assert sum("contributions_pause" in text for text in without) == 1, "folded in the first one"
    opened(bruno)
    elsewhere = statements(api, at(2.45, 44.95))
    assert len(elsewhere) == len(without) + 1


@pytest.mark.django_db
def test_among_thousands_the_lookup_reads_an_index(bruno: User) -> None:
    row = opened(bruno)
    with pgtrigger.ignore("contributions.Pause:pause_within_territory"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contributions_pause (zone, codes_insee, mode, reason_code, message, starts, ends,"
            " created_by_id, created_at)"
            " SELECT zone, ARRAY[lpad(mod(n, 5000)::text, 5, '9')], mode, reason_code, message, starts, ends,"
            " created_by_id, created_at FROM contributions_pause, generate_series(1, 20000) AS n WHERE id = %s",
            [row.pk],
        )
        cursor.execute("ANALYZE contributions_pause")
    commune, couche = Commune.objects.get(pk="15014"), Couche.objects.get(slug="zones-blanches")
    plan = Pause.objects.live().covering(CENTRE, commune=commune, couche=couche).explain()
    assert "pause_communes" in plan or "_zone_" in plan, plan
    assert pauses.on(CENTRE, commune=commune, couche=couche) == [row]
