"""apply(): permission, version, table, reason, all or nothing."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from comptes.models import Membership, Notification, User
from comptes.permissions import OutsideTerritory, SignInFirst, WrongRole
from contributions.models import Contribution
from moderation import letters, workflow
from moderation.models import Decision
from moderation.refusals import (
    NotAllowedFrom,
    NotYourGesture,
    OthersRelyOnIt,
    OutOfTerritory,
    ReasonRequired,
    ReasonTextRequired,
    StaleVersion,
    UnknownReason,
)
from moderation.workflow import Action, Actor, apply, can, why_not
from territoires.models import Commune, Departement, Epci, Region
from tests import factories
from tests.moderation.factories import accepted, decide, moderator, nowhere, published, report


def test_the_mayor_accepts(aurillac: Commune, bruno: User) -> None:
    """Status, version and journal move together."""
    row = report(aurillac)
    decision = decide(row, "accept", bruno)
    row.refresh_from_db()
    assert (row.status, row.version) == ("ACCEPTED", 2)
    assert (decision.from_status, decision.to_status, decision.version) == ("SUBMITTED", "ACCEPTED", 2)
    assert decision.by == bruno and decision.self_accepted is False


def test_the_neighbouring_mayor_is_refused(aurillac: Commune, chloe: User) -> None:
    """Nothing moves."""
    row = report(aurillac)
    with pytest.raises(OutsideTerritory):
        decide(row, "accept", chloe)
    row.refresh_from_db()
    assert (row.status, row.version) == ("SUBMITTED", 1) and not Decision.objects.exists()


def test_the_clerk_prepares_but_does_not_decide(aurillac: Commune, claude: User) -> None:
    """The wrong role, said so."""
    with pytest.raises(WrongRole):
        decide(report(aurillac), "accept", claude)


def test_nobody_decides_without_a_name(aurillac: Commune) -> None:
    """An official is always somebody."""
    row = report(aurillac)
    with pytest.raises(SignInFirst):
        apply(contribution_id=row.pk, action="accept", actor="official", by=None, version=1)


@pytest.mark.parametrize("level", ["commune", "epci", "departement", "region", "national"])
def test_each_level_decides_on_its_communes(level: str, aurillac: Commune) -> None:
    """Commune, EPCI, département, région, country."""
    territory: dict[str, dict[str, Any]] = {
        "commune": {"commune": aurillac},
        "epci": {"epci": Epci.objects.get()},
        "departement": {"departement": Departement.objects.get()},
        "region": {"region": Region.objects.get()},
        "national": {"national": True},
    }
    official = moderator("autre@reperes.demo", **territory[level])
    assert decide(report(aurillac), "accept", official).to_status == "ACCEPTED"


@pytest.mark.parametrize("level", ["commune", "epci", "departement", "region"])
def test_the_same_level_elsewhere_is_refused(level: str, aurillac: Commune, ytrac: Commune) -> None:
    """A mandate opens its own territory only."""
    region = factories.RegionFactory(code="76", nom="Occitanie")
    away: dict[str, dict[str, Any]] = {
        "commune": {"commune": ytrac},
        "epci": {"epci": factories.EpciFactory(siren="200066371", nom="Ailleurs")},
        "departement": {"departement": factories.DepartementFactory(code="46", nom="Lot", region=region)},
        "region": {"region": region},
    }
    official = moderator("autre@reperes.demo", **away[level])
    with pytest.raises(OutsideTerritory):
        decide(report(aurillac), "accept", official)


def test_a_mandate_that_ended_opens_nothing(aurillac: Commune, bruno: User) -> None:
    """Read at each gesture, from the database."""
    Membership.objects.filter(user=bruno).update(ends=timezone.now() - dt.timedelta(seconds=1))
    with pytest.raises(OutsideTerritory):
        decide(report(aurillac), "accept", bruno)


def test_the_trigger_refuses_the_neighbour_s_raw_decision(aurillac: Commune, chloe: User) -> None:
    """Whatever the door: Django's ORM, raw SQL, an import."""
    row = report(aurillac)
    with pytest.raises(DatabaseError, match="no live mandate"), transaction.atomic():
        Decision.objects.create(
            contribution=row, actor="official", action="accept", from_status="SUBMITTED",
            to_status="ACCEPTED", version=2, by=chloe, at=timezone.now(), commune=aurillac,
        )  # fmt: skip


def test_the_trigger_s_refusal_reads_like_ours(
    aurillac: Commune, chloe: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mandate that ends between the look and the write: the last word is a sentence, not an error."""
    row = report(aurillac)
    monkeypatch.setattr(workflow, "_check_mandate", lambda *args: None)
    with pytest.raises(OutOfTerritory):
        decide(row, "accept", chloe)
    row.refresh_from_db()
    assert row.status == "SUBMITTED"


def test_another_database_error_stays_an_error(
    aurillac: Commune, bruno: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the mandate's refusal is translated."""

    def break_it(decision: Decision) -> None:
        connection.cursor().execute("SELECT nothing_of_the_kind()")

    monkeypatch.setattr(workflow, "write_to_author", break_it)
    with pytest.raises(DatabaseError, match="nothing_of_the_kind"):
        decide(report(aurillac), "accept", bruno)


def test_an_unknown_report_is_unknown(bruno: User) -> None:
    """Doors answer 404."""
    with pytest.raises(Contribution.DoesNotExist):
        apply(contribution_id=nowhere(), action="accept", actor="official", by=bruno, version=1)


def test_a_stale_version_says_who_decided_what_and_when(aurillac: Commune, bruno: User, driss: User) -> None:
    """« Driss a déjà décidé à … : acceptée. Votre choix n'a pas été appliqué. »"""
    row = report(aurillac)
    decision = decide(row, "accept", driss)
    with pytest.raises(StaleVersion) as refusal:
        decide(row, "reject", bruno, version=1)
    local = timezone.localtime(decision.at)
    clock = f"{local.hour} h {local.minute:02d}"
    assert "Driss a déjà décidé" in str(refusal.value) and clock in str(refusal.value)
    assert "acceptée" in str(refusal.value)
    assert refusal.value.current_version == 2 and refusal.value.decision == decision


def test_a_stale_version_names_the_day_when_it_is_not_today(aurillac: Commune, bruno: User) -> None:
    """« le 3 mars 2026 à 14 h 02 »."""
    row = report(aurillac)
    decision = decide(row, "accept", bruno)
    decision.at = dt.datetime(2026, 3, 3, 13, 2, tzinfo=dt.UTC)
    assert "le 3 mars 2026 à 14 h 02" in str(StaleVersion(current_version=2, decision=decision))


def test_a_version_nobody_ever_saw_is_stale_too(aurillac: Commune, bruno: User) -> None:
    """Without a decision to quote, it asks to read again."""
    with pytest.raises(StaleVersion, match="relisez"):
        decide(report(aurillac), "accept", bruno, version=7)
    with pytest.raises(StaleVersion):
        decide(report(aurillac), "accept", bruno, version=None)


def test_a_closed_gesture_says_the_state(aurillac: Commune, bruno: User) -> None:
    """The button's text and the refusal are the same sentence."""
    row = accepted(aurillac, bruno)
    row.refresh_from_db()
    with pytest.raises(NotAllowedFrom, match="Acceptée"):
        decide(row, "accept", bruno)
    assert "Acceptée" in why_not(row, Action.ACCEPT, actor=Actor.OFFICIAL, by=bruno)
    assert can(row, Action.REOPEN, actor=Actor.OFFICIAL, by=bruno)


def test_an_official_does_not_withdraw_for_the_author(aurillac: Commune, bruno: User) -> None:
    """Each verb has its owner."""
    with pytest.raises(NotYourGesture):
        decide(report(aurillac), "withdraw", bruno)


@pytest.mark.parametrize("action", ["reject", "return"])
def test_a_reason_is_owed(action: str, aurillac: Commune, bruno: User) -> None:
    """The author is told why, always."""
    row = report(aurillac)
    with pytest.raises(ReasonRequired):
        decide(row, action, bruno, reason_code="")
    with pytest.raises(UnknownReason):
        decide(row, action, bruno, reason_code="parce-que")
    with pytest.raises(UnknownReason):
        decide(row, action, bruno, reason_code="decision-par-erreur")
    with pytest.raises(ReasonTextRequired):
        decide(row, action, bruno, reason_code="autre")
    row.refresh_from_db()
    assert row.version == 1


def test_the_public_reason_is_the_text_or_the_reason_s_own(aurillac: Commune, bruno: User) -> None:
    """What the author reads is never empty."""
    first = decide(report(aurillac), "reject", bruno)
    assert first.public_reason.startswith("Ce signalement ne concerne pas")
    second = decide(report(aurillac), "reject", bruno, public_reason="Ce puits est au voisin.")
    assert second.public_reason == "Ce puits est au voisin."
    other = decide(report(aurillac), "return", bruno, reason_code="autre", public_reason="Quelle rue ?")
    assert other.public_reason == "Quelle rue ?"
    free = decide(report(aurillac), "accept", bruno, public_reason="Merci !")
    assert free.public_reason == "Merci !"


def test_undo_while_unpublished(aurillac: Commune, bruno: User) -> None:
    """Reopened with a reason, decided again."""
    row = accepted(aurillac, bruno)
    decide(row, "reopen", bruno)
    decide(row, "reject", bruno)
    row.refresh_from_db()
    assert (row.status, row.version) == ("REJECTED", 4)


def test_no_undo_once_published(aurillac: Commune, bruno: User) -> None:
    """After publication a mistake is a new version."""
    row = published(aurillac, bruno)
    with pytest.raises(NotAllowedFrom):
        decide(row, "reopen", bruno)


def test_accepting_one_s_own_entry_is_marked(aurillac: Commune, bruno: User, driss: User) -> None:
    """Allowed, since many communes have one moderator, and said."""
    assert decide(report(aurillac, entered_by=bruno), "accept", bruno).self_accepted is True
    assert decide(report(aurillac, entered_by=bruno), "accept", driss).self_accepted is False
    assert decide(report(aurillac, entered_by=bruno), "reject", bruno).self_accepted is False


def test_the_author_gets_one_letter_with_the_reason(aurillac: Commune, bruno: User) -> None:
    """A row of the outbox, in the same transaction."""
    row = report(aurillac, email="amel@exemple.fr")
    decide(row, "return", bruno, public_reason="De quel côté ?")
    letter = Notification.objects.get(template="decision")
    assert letter.recipient == "amel@exemple.fr"
    assert letter.context["public_reason"] == "De quel côté ?" and letter.context["status"] == "RETURNED"


def test_no_address_no_letter_and_none_about_one_s_own_gesture(aurillac: Commune, bruno: User) -> None:
    """Silence where nobody waits for a letter."""
    decide(report(aurillac), "accept", bruno)
    mine = report(aurillac, email="amel@exemple.fr")
    apply(contribution_id=mine.pk, action="withdraw", actor="author", version=None)
    assert not Notification.objects.exists()


def test_a_letter_that_cannot_be_written_undoes_the_decision(
    aurillac: Commune, bruno: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or nothing, to the last statement."""

    def fail(**letter: object) -> None:
        raise RuntimeError("outbox")

    row = report(aurillac, email="amel@exemple.fr")
    monkeypatch.setattr(letters, "notify", fail)
    with pytest.raises(RuntimeError, match="outbox"):
        decide(row, "accept", bruno)
    row.refresh_from_db()
    assert (row.status, row.version) == ("SUBMITTED", 1) and not Decision.objects.exists()


def test_the_author_withdraws_unless_others_rely_on_it(aurillac: Commune, bruno: User) -> None:
    """What was merged into a report is other people's."""
    alone, root = report(aurillac), report(aurillac)
    decide(report(aurillac), "merge", bruno, into=root.pk)
    apply(contribution_id=alone.pk, action="withdraw", actor="author", version=None)
    alone.refresh_from_db()
    assert alone.status == "WITHDRAWN"
    with pytest.raises(OthersRelyOnIt):
        apply(contribution_id=root.pk, action="withdraw", actor="author", version=None)


def test_the_author_may_name_the_version_too(aurillac: Commune) -> None:
    """And is then held to it."""
    row = report(aurillac)
    with pytest.raises(StaleVersion):
        apply(contribution_id=row.pk, action="withdraw", actor="author", version=4)


def test_a_point_in_one_s_commune_does_not_open_the_neighbour_s_object(
    aurillac: Commune, ytrac: Commune, bruno: User, chloe: User, driss: User
) -> None:
    """Chloé may not move or remove what stands in Aurillac; the referent of both may."""
    root = published(aurillac, bruno)
    moved = report(ytrac, operation="update", feature_id=root.published_feature_id, at=(2.34, 44.93))
    with pytest.raises(OutOfTerritory):
        decide(moved, "accept", chloe)
    assert decide(moved, "accept", driss).to_status == "ACCEPTED"


def test_the_journal_never_shows_an_address(aurillac: Commune, bruno: User) -> None:
    """A colleague without a display name is « une autre personne »."""
    User.objects.filter(pk=bruno.pk).update(display_name="")
    bruno.refresh_from_db()
    decision = decide(report(aurillac), "accept", bruno)
    assert decision.author_name == "Une autre personne"
    decision.actor, decision.by = "author", None
    assert decision.author_name == "L'auteur"
    decision.actor = "publication"
    assert decision.author_name == "La publication"


def test_ids_are_uuids(aurillac: Commune) -> None:
    """The factory's ids are random, as devices make them."""
    assert isinstance(report(aurillac).pk, uuid.UUID)
