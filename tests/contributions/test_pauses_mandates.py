"""Pauses: who opens and ends them, and what the database refuses by itself."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from comptes.models import Membership, User
from comptes.permissions import Forbidden
from contributions import pauses
from contributions.models import Pause
from contributions.zones import circle
from territoires.models import Commune
from tests.contributions.factories import payload
from tests.contributions.pauses_cast import ADDRESS, CENTRE, box, opened
from tests.contributions.test_api import problem
from tests.factories import (
    square,
)


@pytest.mark.django_db
def test_the_neighbouring_mayor_is_refused_and_told_where_they_spill(
    chloe: User, aurillac: Commune, ytrac: Commune
) -> None:
    for place in (
        {"commune": aurillac},
        {"zone": circle(CENTRE, 500)},
        {"zone": box(2.38, 44.92, 2.40, 44.93)},
    ):
        with pytest.raises(ValidationError, match="Aurillac"):
            opened(chloe, **place)
    with pytest.raises(ValidationError, match="aucune commune"):
        opened(chloe, zone=box(0.0, 40.0, 0.1, 40.1))
    assert opened(chloe, zone=box(2.36, 44.92, 2.38, 44.93)).codes_insee == ["15267"]


@pytest.mark.django_db
def test_the_clerk_the_steward_and_a_former_mayor_open_nothing(
    claude: User, sophie: User, bruno: User
) -> None:
    Membership.objects.filter(user=bruno).update(ends=timezone.now())
    for person in (claude, sophie, bruno):
        with pytest.raises(Forbidden):
            opened(person)


@pytest.mark.django_db
def test_the_referent_pauses_over_both_communes_and_only_who_decides_in_both_ends_it(
    driss: User, bruno: User, chloe: User
) -> None:
    row = opened(driss, zone=box(2.38, 44.92, 2.40, 44.93))
    assert row.codes_insee == ["15014", "15267"]
    for person in (bruno, chloe):
        assert row in pauses.seen_by(person)
        with pytest.raises(Pause.DoesNotExist):
            pauses.end_pause(by=person, pk=row.pk)
    assert pauses.end_pause(by=driss, pk=row.pk).ended_by == driss


@pytest.mark.django_db
def test_a_pause_survives_its_authors_mandate_and_another_official_ends_it(
    api: APIClient, bruno: User, driss: User
) -> None:
    row = opened(bruno)
    Membership.objects.filter(user=bruno).update(ends=timezone.now())
    problem(api.post(ADDRESS, payload()), 403)
    with pytest.raises(Pause.DoesNotExist):
        pauses.end_pause(by=bruno, pk=row.pk)
    pauses.end_pause(by=driss, pk=row.pk)
    assert api.post(ADDRESS, payload()).status_code == 201
    ended = pauses.end_pause(by=driss, pk=row.pk)
    assert ended.ended_at == Pause.objects.get().ended_at, "twice is once"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mode": "fermer"}, "mode"), ({"reason_code": "humeur"}, "reason_code"), ({"message": " \n"}, "message"),
        ({"message": "x" * 301}, "message"), ({"message": "a\x00"}, "message"),
        ({"ends": dt.timedelta(0)}, "ends"), ({"ends": dt.timedelta(days=90, minutes=1)}, "ends"),
        ({"starts": dt.timedelta(days=91), "ends": dt.timedelta(days=92)}, "starts"),
        ({"zone": None}, "commune"),
    ],
)  # fmt: skip
def test_each_refusal_names_its_field(bruno: User, changes: dict[str, Any], field: str) -> None:
    asked = {
        key: timezone.now() + value if isinstance(value, dt.timedelta) else value
        for key, value in changes.items()
    }
    with pytest.raises(ValidationError) as refusal:
        opened(bruno, **asked)
    assert list(refusal.value.message_dict) == [field] and not Pause.objects.exists()


@pytest.mark.django_db
def test_twenty_pauses_in_a_commune_are_enough(bruno: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contributions.pauses.MAX_LIVE", 2)
    first = opened(bruno)
    opened(bruno)
    with pytest.raises(ValidationError, match="déjà ouvertes"):
        opened(bruno)
    pauses.end_pause(by=bruno, pk=first.pk)
    opened(bruno)


@pytest.mark.django_db
def test_the_database_lets_nothing_but_an_end_change(bruno: User, chloe: User) -> None:
    row = opened(bruno)
    rows = Pause.objects.filter(pk=row.pk)
    for gesture in (
        lambda: rows.update(message="Autre"),
        lambda: rows.update(zone=square(2.44, 44.93)),
        lambda: rows.update(ends=row.ends + dt.timedelta(days=1)),
        lambda: rows.update(ended_at=timezone.now()),
        lambda: rows.delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            gesture()
    rows.update(ended_at=timezone.now(), ended_by=chloe)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(ended_at=None, ended_by=None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"codes_insee": ["15267"]}, {"codes_insee": []}, {"codes_insee": ["15014", "15267"]}, {"mode": "x"},
        {"message": ""}, {"reason_code": "humeur"}, {"zone": MultiPolygon(srid=4326)},
        {"zone": MultiPolygon(Polygon(((0, 0), (1, 1), (1, 0), (0, 1), (0, 0))), srid=4326)},
        {"zone": MultiPolygon(Point(2, 44, srid=4326).buffer(0.1, 60), srid=4326)},
        {"zone": MultiPolygon(Polygon.from_bbox((2, 44, 200, 45)), srid=4326)},
        {"ends": timezone.now() + dt.timedelta(days=120)},
    ],
)  # fmt: skip
def test_the_database_refuses_an_impossible_pause(
    bruno: User, ytrac: Commune, changes: dict[str, Any]
) -> None:
    row = opened(bruno)
    fields = {
        name: getattr(row, name)
        for name in (
            "zone",
            "codes_insee",
            "mode",
            "reason_code",
            "message",
            "starts",
            "ends",
            "created_by",
            "created_at",
        )
    }
    with pytest.raises(DatabaseError), transaction.atomic():
        Pause.objects.create(**{**fields, **changes})
    Pause.objects.create(**fields)
