"""Scope against an independent model in plain Python, on drawn mandates."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptes.models import Membership, User
from comptes.permissions import can, communes_for, may_publish
from comptes.roles import ROLE_GESTURES, Gesture, Role
from territoires.models import Commune
from tests import factories

# code, département, région, EPCI
PLACES = [
    ("15014", "15", "84", "241500230"),
    ("15267", "15", "84", "241500230"),
    ("15187", "15", "84", None),
    ("43157", "43", "84", "200073419"),
    ("12145", "12", "76", "241200567"),
    # An EPCI may cross the border of its département.
    ("12999", "12", "76", "241500230"),
]
TERRITORIES: list[tuple[str, Any]] = [
    *[("commune", place[0]) for place in PLACES],
    *[("epci", siren) for siren in ("241500230", "200073419")],
    *[("departement", code) for code in ("15", "43", "12")],
    *[("region", code) for code in ("84", "76")],
    ("national", True),
]


@dataclass(frozen=True)
class Mandate:
    """A drawn membership: whose, which, where, and when, in days from now."""

    mine: bool
    role: Role
    territory: tuple[str, Any]
    starts: int
    ends: int | None

    def covers(self, place: tuple[str, str, str, str | None]) -> bool:
        """The rule, said a second time and otherwise than in SQL."""
        code, departement, region, epci = place
        level, key = self.territory
        held = {
            "commune": code,
            "departement": departement,
            "region": region,
            "epci": epci,
            "national": True,
        }
        return bool(held[level] == key)

    @property
    def live(self) -> bool:
        """In force now."""
        return self.starts < 0 and (self.ends is None or self.ends > 0)


mandates = st.builds(
    Mandate,
    mine=st.sampled_from([True, True, True, False]),
    role=st.sampled_from(list(Role)),
    territory=st.sampled_from(TERRITORIES),
    starts=st.sampled_from([-400, -1, -1, -1, 1]),
    ends=st.sampled_from([None, None, 2, 400]) | st.just(-1),
).filter(lambda mandate: mandate.ends is None or mandate.ends > mandate.starts)


@pytest.fixture
def country(db: None) -> None:
    """A small country with a commune that has no EPCI and an EPCI over two départements."""
    for code, departement, region, epci in PLACES:
        factories.CommuneFactory(
            code_insee=code,
            nom=code,
            departement=factories.DepartementFactory(
                code=departement,
                nom=departement,
                region=factories.RegionFactory(code=region, nom=region),
            ),
            epci=epci and factories.EpciFactory(siren=epci, nom=epci),
        )


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    drawn=st.lists(mandates, max_size=5),
    active=st.sampled_from([True, True, True, False]),
)
def test_scope_is_what_the_mandates_say(country: None, drawn: list[Mandate], active: bool) -> None:
    Membership.objects.all().delete()
    me = User.objects.update_or_create(email="moi@reperes.demo", defaults={"is_active": active})[0]
    other = User.objects.get_or_create(email="autre@reperes.demo")[0]
    now = timezone.now()
    for mandate in drawn:
        level, key = mandate.territory
        Membership.objects.create(
            user=me if mandate.mine else other,
            role=mandate.role,
            starts=now + dt.timedelta(days=mandate.starts),
            ends=None if mandate.ends is None else now + dt.timedelta(days=mandate.ends),
            **{level if level == "national" else f"{level}_id": key},
        )
    mine = [mandate for mandate in drawn if mandate.mine and mandate.live and active]
    for gesture in Gesture:
        opening = [mandate for mandate in mine if gesture in ROLE_GESTURES[mandate.role]]
        expected = {place[0] for place in PLACES if any(mandate.covers(place) for mandate in opening)}
        found = list(communes_for(me, gesture).values_list("pk", flat=True))
        assert sorted(found) == sorted(expected), gesture
        assert {c.pk for c in Commune.objects.all() if can(me, gesture, c)} == expected
    assert may_publish(me) is any(
        mandate.role is Role.STEWARD and mandate.territory == ("national", True) for mandate in mine
    )
