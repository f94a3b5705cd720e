"""The commune that does not exist is found by nobody who does not name it."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.gis.geos import Polygon
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from comptes.models import Membership
from territoires.imaginary import CENTRE, ensure_sandbox
from territoires.location import OutsideFrance, locate
from territoires.models import SANDBOX_CODE, Commune, CommunePiece, Departement
from territoires.points import point_from_text
from territoires.scope import commune_of_code, parse_territory
from territoires.search import find_communes
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox() -> Commune:
    return ensure_sandbox()


def test_it_is_made_once(sandbox: Commune) -> None:
    assert ensure_sandbox() == sandbox and sandbox.is_sandbox
    assert Commune._base_manager.filter(is_sandbox=True).count() == 1


def test_no_list_search_or_point_leads_to_it(sandbox: Commune) -> None:
    assert not Commune.objects.exists() and not Departement.objects.exists()
    assert find_communes("bac-à-sable") == [] == find_communes("00000") == find_communes("00")
    assert commune_of_code(SANDBOX_CODE) is None
    point = point_from_text(str(CENTRE[0]), str(CENTRE[1]))
    with pytest.raises(OutsideFrance):
        locate(point)
    assert not Commune.objects.covering(point).exists()


@pytest.mark.parametrize("text", ["commune:00000", "departement:00"])
def test_no_export_can_be_asked_of_it(sandbox: Commune, text: str) -> None:
    with pytest.raises(ValidationError):
        parse_territory(text)


def test_a_mandate_on_it_covers_nothing(sandbox: Commune) -> None:
    factories.MembershipFactory(commune=sandbox)
    factories.MembershipFactory(national=True)
    factories.MembershipFactory(departement=sandbox.departement)
    assert not Membership.objects.covering(sandbox).exists()


def test_the_database_keeps_it_apart(sandbox: Commune, aurillac: Any) -> None:
    """Neither open, nor searched by point, nor a real one in disguise."""
    everybody = Commune._base_manager
    for pk, changed in (
        (SANDBOX_CODE, {"valid_to": None}),
        (SANDBOX_CODE, {"is_sandbox": False}),
        ("15014", {"is_sandbox": True, "valid_to": dt.date(2020, 1, 1)}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            everybody.filter(pk=pk).update(**changed)
    with pytest.raises(IntegrityError), transaction.atomic():
        CommunePiece.objects.create(commune=sandbox, geom=Polygon.from_bbox((-6.1, 45.9, -5.9, 46.1)))
