"""`fsck` sees what the triggers were there to prevent: each promise is broken once, on purpose."""

import datetime as dt
import io
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from comptes.invitations import invite
from comptes.models import Claim, Notification, User
from comptes.roles import Role
from config import invariants
from contributions.jobs import forget
from contributions.models import (
    Contact,
    Contribution,
    FollowUpKey,
    Photo,
    SpentChallenge,
    TokenBucket,
)
from couches.models import Couche
from couches.publication import Change, publish
from exports.models import ExportFile
from moderation import practice
from moderation.models import Subscription
from moderation.publication import publish_accepted
from moderation.subscriptions import delete_unconfirmed
from moderation.workflow import apply
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain(bruno: User, settings: Any, tmp_path: Path) -> Contribution:
    """One contribution that went the whole way, and one that waits."""
    settings.MEDIA_ROOT, settings.EXPORTS_ROOT = tmp_path / "media", tmp_path / "exports"
    done = factories.ContributionFactory(attributes=_attributes())
    factories.ContributionFactory(attributes=_attributes())
    apply(contribution_id=done.pk, action="accept", actor="official", by=bruno, version=1)
    publish_accepted(couche=done.couche, by=None)
    done.refresh_from_db()
    return done


def _attributes() -> dict[str, object]:
    return {"operators": [{"operator": "20801", "calls": "none"}]}


def fsck() -> tuple[int, str]:
    """Return (exit code, what was printed)."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("fsck", stdout=out, stderr=err)
    except CommandError:
        return 1, out.getvalue() + err.getvalue()
    return 0, out.getvalue()


def break_it(statement: str, *parameters: object) -> None:
    """Write behind the triggers' back, as a damaged disk or a careless operator would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, parameters)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_a_sound_base_passes(chain: Contribution) -> None:
    """The chain itself breaks nothing."""
    code, printed = fsck()
    assert code == 0, printed
    assert "aucun manquement" in printed


BREACHES = {
    "contribution-commune": "UPDATE contributions_contribution SET geom = ST_SetSRID(ST_MakePoint(2.34, 44.93), 4326)",
    "contribution-etat": "UPDATE contributions_contribution SET status = 'WITHDRAWN'",
    "contribution-version": "UPDATE contributions_contribution SET version = version + 1",
    "contribution-publiee": "UPDATE contributions_contribution SET published_in_id = NULL",
    "contribution-fusionnee": "UPDATE contributions_contribution SET merged_into_id = id",
    "decision-suite": "UPDATE moderation_decision SET from_status = 'RETURNED'",
    "decision-territoire": "UPDATE comptes_membership SET ends = starts + interval '1 hour'",
    "motif-local": "UPDATE moderation_decision SET reason_code = 'local-999999'",
    "version-numeros": "UPDATE couches_coucheversion SET number = 7",
    "version-compte": "UPDATE couches_coucheversion SET feature_count = 12",
    "version-empreinte": "UPDATE couches_coucheversion SET sha256 = repeat('0', 64)",
    "objet-version-connue": "UPDATE couches_featureversion SET to_version = 9",
    "objet-modere": "UPDATE contributions_contribution SET published_feature_id = NULL",
    "couche-sensible": "UPDATE couches_couche SET sensitive = true",
    "commune-morceaux": "DELETE FROM territoires_communepiece",
    "commune-suite": "UPDATE territoires_commune SET successor_id = code_insee",
}


@pytest.mark.parametrize("name", BREACHES)
def test_each_breach_is_named(name: str, chain: Contribution) -> None:
    """The line starts with the invariant's name, and the exit code is 1."""
    break_it(BREACHES[name])
    code, printed = fsck()
    assert code == 1
    assert f"{name}: " in printed


def test_a_delegation_beyond_its_mandate_is_named(chain: Contribution, bruno: User, claude: User) -> None:
    """Longer than the mandate it comes from."""
    source = bruno.memberships.get()
    now = timezone.now()
    factories.MembershipFactory(
        user=claude, commune=source.commune, delegated_by=source, starts=now, ends=now + dt.timedelta(days=9)
    )
    assert fsck()[0] == 0
    break_it("UPDATE comptes_membership SET ends = now() + interval '1 day' WHERE delegated_by_id IS NULL")
    assert "delegation-bornee: " in fsck()[1]


def test_an_invitation_that_gave_something_else_is_named(chain: Contribution, bruno: User) -> None:
    """Another role than the one proposed; and an address kept for nothing."""
    factories.MembershipFactory(user=bruno, role=Role.ADMIN_TERRITORY, commune_id="15014")
    written = invite(by=bruno, email="x@exemple.fr", role=Role.CLERK, territory=chain.commune)
    break_it("UPDATE comptes_invitation SET expires_at = now() - interval '40 days'")
    assert "invitation-echue: " in fsck()[1]
    mandate = bruno.memberships.first()
    break_it("UPDATE comptes_invitation SET accepted_at = now(), membership_id = %s", mandate.pk)
    assert f"invitation-mandat: {written.pk}" in fsck()[1]


def test_a_code_used_by_nobody_of_the_journal_is_named(chain: Contribution, bruno: User) -> None:
    """Somebody is said to have claimed, and no mandate says so."""
    Claim.objects.create(
        commune_id="15014",
        code_hash="0" * 64,
        expires_at=timezone.now(),
        used_at=timezone.now(),
        used_by=bruno,
    )
    assert "revendication-seule: " in fsck()[1]


def test_two_states_at_once_are_named(chain: Contribution) -> None:
    """Overlapping intervals of one feature."""
    publish(couche=chain.couche, changes=[_change(chain)], by=None)
    break_it("UPDATE couches_featureversion SET to_version = to_version + 1 WHERE to_version IS NOT NULL")
    assert "objet-intervalles: " in fsck()[1]


def _change(chain: Contribution) -> Change:
    return Change(
        kind="observe",
        feature_id=chain.published_feature_id or uuid.uuid4(),
        geom=None,
        attributes=None,
        commune_id=None,
        observations=2,
        distinct_observers=2,
        last_observed_on=dt.date(2026, 11, 1),
        accuracy_m=None,
        near_border=False,
        self_accepted=False,
        origin="contribution",
    )


def test_an_address_kept_too_long_is_named(chain: Contribution) -> None:
    """Retention is an invariant, not a wish."""
    Contact.objects.create(
        contribution=chain, email="amel@exemple.fr", email_sha256="0" * 64, delete_after=dt.date(2020, 1, 1)
    )
    code, printed = fsck()
    assert code == 1 and "contact-echu: " in printed and "amel" not in printed


def test_a_trace_kept_too_long_is_named(chain: Contribution) -> None:
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    SpentChallenge.objects.create(nonce="0" * 32, expires_at=past)
    TokenBucket.objects.create(
        key="bare:c0ffee", tokens=0, burst=1, per_second=1 / 86_400_000_000, filled_at=past
    )
    code, printed = fsck()
    assert code == 1 and "trace-echue: limite de débit" in printed and "trace-echue: défi" in printed
    assert "c0ffee" not in printed
    forget(timestamp=0)
    assert "trace-echue: " not in fsck()[1]


def test_a_key_kept_longer_than_its_address_is_named(chain: Contribution) -> None:
    """A link sent again opens nothing any more: nothing is left of it."""
    FollowUpKey.objects.create(
        contribution=chain, secret_sha256="0" * 64, created_at=chain.received_at,
        delete_after=dt.date(2020, 1, 1),
    )  # fmt: skip
    code, printed = fsck()
    assert code == 1 and "cle-suivi-echue: " in printed


def test_an_address_nobody_confirmed_is_named(chain: Contribution) -> None:
    """Typed in a register's form, perhaps by somebody else: it does not stay."""
    Subscription.objects.create(
        email="amel@exemple.fr", email_sha256="0" * 64, commune=chain.commune, frequency="weekly",
        token_sha256="0" * 64, created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    code, printed = fsck()
    assert code == 1 and "abonnement-echu: " in printed and "amel" not in printed
    delete_unconfirmed()
    assert "abonnement-echu: " not in fsck()[1]


def test_a_sent_letter_that_kept_its_address_is_refused_by_the_database(chain: Contribution) -> None:
    """The outbox is not an address book: a CHECK says so before `fsck` has to."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Notification.objects.create(
            event="x", template="decision", recipient="amel@exemple.fr", recipient_hash="1" * 64,
            sent_at=chain.received_at,
        )  # fmt: skip


def test_a_missing_export_file_is_named(chain: Contribution) -> None:
    """A row without its file is a broken promise."""
    assert chain.published_in is not None
    ExportFile.objects.create(
        version=chain.published_in, format="gpkg", crs="2154", path="x/y.gpkg", size=3, sha256="a" * 64,
        feature_count=1, built_at=chain.received_at,
    )  # fmt: skip
    assert "fichier-entier: x/y.gpkg" in fsck()[1]


def test_a_missing_photo_is_named(chain: Contribution) -> None:
    """So is a photo without its pixels."""
    Photo.objects.create(
        contribution=chain, rank=1, sha256="b" * 64, source_sha256="c" * 64, width=1, height=1, size=1,
        received_at=chain.received_at,
    )  # fmt: skip
    assert "photo-entiere: " in fsck()[1]


SANDBOX_BREACHES = {
    "bac-a-sable-separe": """UPDATE contributions_contribution SET merged_into_id =
        (SELECT id FROM contributions_contribution WHERE practice_of_id IS NULL LIMIT 1)
        WHERE practice_of_id IS NOT NULL""",
    "bac-a-sable-muet": """INSERT INTO contributions_contact (contribution_id, email, email_sha256, delete_after)
        SELECT id, 'amel@exemple.fr', '', now() + interval '9 days' FROM contributions_contribution
        WHERE practice_of_id IS NOT NULL LIMIT 1""",
    "bac-a-sable-prive": """UPDATE moderation_decision SET by_id = NULL, actor = 'author'
        WHERE contribution_id IN (SELECT id FROM contributions_contribution WHERE practice_of_id IS NOT NULL)""",
}


@pytest.mark.parametrize("name", SANDBOX_BREACHES)
def test_what_leaks_from_the_sandbox_is_named(name: str, chain: Contribution, bruno: User) -> None:
    """Decided, merged and refused there, nothing is broken; one leak, and it is said."""
    practice.start_again(bruno)
    first = practice.find(bruno, "cafe")
    assert first is not None
    apply(contribution_id=first.pk, action="accept", actor="official", by=bruno, version=1)
    assert fsck()[0] == 0, fsck()[1]
    break_it(SANDBOX_BREACHES[name])
    code, printed = fsck()
    assert code == 1 and f"{name}: " in printed


def test_every_invariant_has_its_breach() -> None:
    """A query nobody can make fail protects nothing."""
    tried_apart = {
        "contact-echu", "cle-suivi-echue", "objet-intervalles", "trace-echue", "delegation-bornee",
        "invitation-mandat", "invitation-echue", "revendication-seule",
        "abonnement-echu", *SANDBOX_BREACHES,
    }  # fmt: skip
    # A CHECK constraint refuses these rows whatever writes them: see the tests.
    refused_by_check = {"contribution-lieu", "objet-lieu", "courrier-parti"}
    assert {invariant.name for invariant in invariants.ALL} == {*BREACHES, *tried_apart, *refused_by_check}


@pytest.mark.parametrize("table", ["contributions_contribution", "couches_featureversion"])
def test_an_empty_point_is_refused_by_the_database(table: str, chain: Contribution) -> None:
    """Range and NOT ST_IsEmpty: a range alone lets POINT EMPTY through."""
    for text in ("POINT EMPTY", "POINT(2000 480)"):
        with pytest.raises(IntegrityError), transaction.atomic():
            break_it(f"UPDATE {table} SET geom = ST_GeomFromText(%s, 4326)", text)
    assert Couche.objects.exists()
