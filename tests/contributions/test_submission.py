"""submit(): what comes in is located, kept once, and answered the same at each retry."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comptes.models import Notification, User
from comptes.permissions import Forbidden, SignInFirst
from contributions.models import Contact, Contribution
from contributions.submission import PayloadConflict, secret_sha256, submit
from couches.models import Couche
from territoires.models import Commune
from tests import factories
from tests.contributions.factories import CAFE, DEAD_ZONE, refused, submission

pytestmark = pytest.mark.django_db


def test_a_report_is_located_and_waits_for_its_mayor(aurillac: Commune) -> None:
    receipt = submit(submission())
    row = Contribution.objects.get()
    assert receipt.created and receipt.contribution.pk == row.pk
    assert (row.commune, row.code_insee_at_capture, row.millesime) == (aurillac, "15014", 2026)
    assert (row.status, row.version, row.near_border) == ("SUBMITTED", 1, False)
    assert row.geom.coords == (2.44, 44.93) and row.geom.srid == 4326
    assert row.attributes == DEAD_ZONE
    assert row.observed_at == dt.datetime(2026, 5, 4, 8, 30, tzinfo=dt.UTC)
    assert row.schema_version == row.couche.schema_version


def test_only_the_hash_of_the_secret_is_kept(aurillac: Commune) -> None:
    submit(submission(email="amel@exemple.fr"))
    row = Contribution.objects.get()
    assert row.secret_sha256 == secret_sha256(factories.SECRET)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM contributions_contribution AS c")
        assert factories.SECRET not in cursor.fetchone()[0]


def test_a_creation_costs_six_round_trips(aurillac: Commune) -> None:
    """BEGIN and COMMIT are the two that are not counted here (a test is already in a transaction)."""
    submit(submission())
    with CaptureQueriesContext(connection) as queries:
        submit(submission())
    said = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(said) == 4, said


def test_the_same_again_gets_the_same_receipt(aurillac: Commune) -> None:
    identifier = str(uuid.uuid4())
    first = submit(submission(id=identifier))
    submit(submission())  # a neighbour arrives in between
    again = submit(submission(id=identifier))
    assert (first.created, again.created) == (True, False)
    assert again.contribution == first.contribution
    assert again.contribution.received_at == first.contribution.received_at
    assert again.duplicates == first.duplicates == []


@pytest.mark.parametrize(
    "spelling",
    [
        {"observed_at": "2026-05-04T08:30:00Z"},
        {"accuracy_m": 12.50},
        {"geometry": {"coordinates": [2.44, 44.93], "type": "Point"}},
        {"attributes": {"operators": [{"calls": "none", "operator": "20801"}]}},
    ],
    ids=["instant", "number", "key order", "nested key order"],
)
def test_another_spelling_of_the_same_content_is_a_retry(aurillac: Commune, spelling: dict[str, Any]) -> None:
    identifier = str(uuid.uuid4())
    submit(submission(id=identifier))
    assert not submit(submission(id=identifier.upper(), **spelling)).created


@pytest.mark.parametrize(
    "other",
    [
        {"couche": "services", "attributes": CAFE},
        {"couche": "inconnue"},
        {"geometry": {"type": "Point", "coordinates": [2.4401, 44.93]}},
        {"attributes": {"operators": [{"operator": "20810", "calls": "none"}]}},
        {"attributes": {"nonsense": 1}},
        {"email": "amel@exemple.fr"},
        {"observed_at": "2026-05-04T10:30:01+02:00"},
        {"channel": "offline"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_content_under_the_same_id_is_refused(aurillac: Commune, other: dict[str, Any]) -> None:
    identifier = str(uuid.uuid4())
    submit(submission(id=identifier))
    before = Contribution.objects.values().get()
    with pytest.raises(PayloadConflict):
        submit(submission(id=identifier, **other))
    assert Contribution.objects.values().get() == before


def test_answers_nested_without_end_are_refused(aurillac: Commune) -> None:
    """Programs of ours may call submit() with more than a JSON body can hold."""
    endless: dict[str, Any] = {}
    endless["comment"] = endless
    assert set(refused(attributes=endless)) == {"attributes"}


def test_a_stranger_replaying_the_id_learns_nothing(aurillac: Commune) -> None:
    """Same content or not, valid or not: one and the same refusal."""
    identifier = str(uuid.uuid4())
    submit(submission(id=identifier))
    said = set()
    for changes in [{}, {"attributes": {}}, {"couche": "services", "attributes": CAFE}]:
        with pytest.raises(PayloadConflict) as caught:
            submit(submission(id=identifier, secret="x" * 30, **changes))
        said.add(str(caught.value))
    assert len(said) == 1 and "15014" not in said.pop()


def test_a_retry_is_recognised_after_the_schema_and_the_outline_changed(aurillac: Commune) -> None:
    """What was acknowledged is not judged again."""
    identifier = str(uuid.uuid4())
    submit(submission(id=identifier))
    Couche.objects.filter(slug="zones-blanches").update(
        attribute_schema={"type": "object", "required": ["neuf"], "properties": {"neuf": {"type": "string"}}}
    )
    aurillac.pieces.all().delete()
    assert not submit(submission(id=identifier)).created


def test_all_refusals_are_said_at_once() -> None:
    said = refused(
        id="1",
        secret="court",
        geometry={"type": "Point", "coordinates": [200, 44]},
        attributes={"inconnu": 1},
        observed_at="hier",
        accuracy_m=-1,
        position_source="flair",
        channel="pigeon",
        email="amel@",
    )
    assert {"id", "secret", "geometry", "attributes.inconnu", "observed_at", "accuracy_m"} <= set(said)
    assert {"position_source", "channel", "email"} <= set(said)
    assert set(refused(couche="inconnue", operation="avaler")) == {"couche", "operation"}


def test_outside_france_is_refused_with_its_reason(aurillac: Commune) -> None:
    said = refused(geometry={"type": "Point", "coordinates": [-3.7, 40.4]})
    assert "hors de" in said["geometry"][0] and "votre texte est conservé" in said["geometry"][0]


@pytest.mark.parametrize(
    "claim",
    [
        None,
        "",
        "hier",
        "2026-05-04",
        "2026-05-04T10:30:00",
        "2026-13-04T10:30:00Z",
        "1999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2" * 5000,
        20260504,
        ["2026-05-04T10:30:00Z"],
        dt.datetime(2026, 5, 4),  # noqa: DTZ001  # naive on purpose
    ],
    ids=str,
)
def test_a_date_without_zone_or_out_of_bounds_is_refused(aurillac: Commune, claim: object) -> None:
    assert "observed_at" in refused(observed_at=claim)


def test_a_clock_may_be_five_minutes_fast_and_no_more(aurillac: Commune) -> None:
    now = timezone.now()
    submit(submission(observed_at=(now + dt.timedelta(minutes=4)).isoformat()))
    with pytest.raises(ValidationError) as caught:
        submit(submission(observed_at=(now + dt.timedelta(minutes=6)).isoformat()))
    assert "horloge" in caught.value.message_dict["observed_at"][0]


@pytest.mark.parametrize(
    "accuracy", [-0.1, 100_001, True, "12", float("nan"), float("inf"), 10**400, []], ids=str
)
def test_an_impossible_accuracy_is_refused(aurillac: Commune, accuracy: object) -> None:
    assert set(refused(accuracy_m=accuracy)) == {"accuracy_m"}


@pytest.mark.parametrize(
    "email",
    [
        "a",
        "a@b",
        "é\ud800@exemple.fr",
        "a@b\ud800.fr",
        "a\x00@exemple.fr",
        "a@" + "b" * 300 + ".fr",
        3,
        ["a@b.fr"],
    ],
    ids=ascii,
)
def test_an_address_nobody_can_write_to_is_refused(aurillac: Commune, email: object) -> None:
    assert set(refused(email=email)) == {"email"}


@pytest.mark.parametrize("secret", [None, "", "x" * 21, "x" * 129, "é" * 30, "x" * 21 + "\n", 3], ids=ascii)
def test_a_weak_secret_is_refused(aurillac: Commune, secret: object) -> None:
    assert set(refused(secret=secret)) == {"secret"}


def test_an_address_left_gets_one_receipt_with_the_follow_up_link(aurillac: Commune) -> None:
    identifier = str(uuid.uuid4())
    for _ in range(2):
        submit(submission(id=identifier, email="amel@exemple.fr"))
    contact = Contact.objects.get()
    assert contact.email == "amel@exemple.fr"
    assert contact.delete_after > timezone.localdate() + dt.timedelta(days=150)
    letter = Notification.objects.get()
    assert letter.recipient == "amel@exemple.fr" and letter.template == "accuse-reception"
    assert letter.context["suivi"].endswith(f"/suivi/#{identifier}.{factories.SECRET}")


def test_no_address_no_letter(aurillac: Commune) -> None:
    submit(submission(email=""))
    assert not Contact.objects.exists() and not Notification.objects.exists()


# --- the town hall's desk ----------------------------------------------------------------------


def test_a_clerk_enters_for_somebody(aurillac: Commune, claude: User) -> None:
    row = submit(submission(channel="desk", entered_by=claude)).contribution
    assert (row.channel, row.entered_by) == ("desk", claude)


def test_the_desk_fills_what_the_town_hall_completes(aurillac: Commune, claude: User) -> None:
    document = submission(
        couche="services",
        channel="desk",
        attributes={**CAFE, "adresse": "1 place du Square"},
        entered_by=claude,
    )
    assert submit(document).contribution.attributes["adresse"] == "1 place du Square"
    with pytest.raises(ValidationError):
        submit(submission(couche="services", attributes={**CAFE, "adresse": "1 place du Square"}))


def test_the_neighbouring_clerk_is_refused(aurillac: Commune, chloe: User) -> None:
    with pytest.raises(Forbidden):
        submit(submission(channel="desk", entered_by=chloe))
    assert not Contribution.objects.exists()


def test_nobody_sits_at_the_desk_without_signing_in(aurillac: Commune) -> None:
    with pytest.raises(SignInFirst):
        submit(submission(channel="desk"))
    assert not Contribution.objects.exists()


# --- the database is the last reviewer -----------------------------------------------------------


@pytest.mark.parametrize(
    "geometry",
    [
        "'POINT EMPTY'::geometry",
        "ST_MakePoint('NaN', 'NaN')",
        "ST_MakePoint('Infinity', 44)",
        "ST_MakePoint(2, '-Infinity')",
        "ST_MakePoint(200, 44)",
        "ST_MakePoint(2, 91)",
    ],
)
def test_the_database_refuses_a_point_off_the_earth(aurillac: Commune, geometry: str) -> None:
    submit(submission())
    with (
        pytest.raises(IntegrityError, match="geom_on_earth"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE contributions_contribution SET geom = ST_SetSRID({geometry}, 4326)")


def test_the_database_refuses_attributes_that_are_no_object(aurillac: Commune) -> None:
    submit(submission())
    with pytest.raises(IntegrityError, match="attributes_object"), transaction.atomic():
        Contribution.objects.update(attributes=[])


@pytest.mark.parametrize("field", ["received_at", "operation"])
def test_what_was_received_and_who_decides_it_is_never_rewritten(aurillac: Commune, field: str) -> None:
    submit(submission())
    value = {"received_at": timezone.now(), "operation": "delete"}[field]
    with pytest.raises(ProgrammingError, match="Cannot update rows"), transaction.atomic():
        Contribution.objects.update(**{field: value})


def test_the_commune_found_from_the_point_is_never_rewritten(aurillac: Commune, ytrac: Commune) -> None:
    submit(submission())
    with pytest.raises(IntegrityError, match="the commune does not change"), transaction.atomic():
        Contribution.objects.update(commune_id="15267")
