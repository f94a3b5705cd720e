"""Appeals: decided at another level, by somebody else, once, within two months."""

import datetime as dt

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.utils import timezone

from comptes.models import User
from contributions.models import Contribution
from moderation import refusals
from moderation.models import Decision
from moderation.workflow import apply
from territoires.models import Commune
from tests.moderation.factories import decide, fresh, moderator, report


def appeal(row: Contribution) -> Decision:
    """Appeal as the author."""
    return apply(
        contribution_id=row.pk, action="appeal", actor="author", version=None, reason="J'y étais encore hier."
    )


def test_an_appeal_is_decided_above_by_somebody_else(aurillac: Commune, bruno: User, driss: User) -> None:
    """The commune no longer decides, even by raw SQL; the EPCI does; there is no second appeal."""
    row = report(aurillac)
    decide(row, "reject", bruno)
    appeal(row)
    now = fresh(row)
    assert (now.status, now.level) == ("SUBMITTED", "epci") and now.appealed_at is not None
    with pytest.raises(refusals.DecidedAbove):
        decide(row, "reject", bruno)
    with pytest.raises(DatabaseError, match="no live mandate"), transaction.atomic():
        Decision.objects.create(
            contribution=row, actor="official", action="accept", from_status="SUBMITTED",
            to_status="ACCEPTED", version=4, by=bruno, at=timezone.now(), commune=aurillac,
        )  # fmt: skip
    decide(row, "reject", driss)
    with pytest.raises(refusals.AlreadyAppealed):
        appeal(row)


def test_whoever_refused_does_not_judge_the_appeal(aurillac: Commune, driss: User) -> None:
    """The EPCI refused: the département is asked, and not the same person under another hat."""
    row = report(aurillac)
    decide(row, "reject", driss)
    with pytest.raises(refusals.NobodyAbove):
        appeal(row)
    moderator("dep@reperes.demo", "Département", departement=aurillac.departement)
    appeal(row)
    assert fresh(row).level == "departement"
    with pytest.raises(refusals.SamePerson):
        decide(row, "accept", driss)


def test_an_appeal_has_two_months(aurillac: Commune, bruno: User, driss: User) -> None:
    """Then the refusal stands."""
    row = report(aurillac)
    decide(row, "reject", bruno)
    with time_machine.travel(timezone.now() + dt.timedelta(days=61)), pytest.raises(refusals.TooLateToAppeal):
        appeal(row)


# --- Ce que lit l'auteur --------------------------------------------------------------------
