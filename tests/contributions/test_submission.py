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
from tests.contributions.factories import CAFE, DEAD_ZONE, published, submission

pytestmark = pytest.mark.django_db


def refused(**changes: Any) -> dict[str, list[str]]:
    """Submit what must be refused; nothing is stored; return the refusals by field."""
    with pytest.raises(ValidationError) as caught:
        submit(submission(**changes))
    assert not Contribution.objects.exists()
    return caught.value.message_dict


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


# --- operations on a feature -----------------------------------------------------------------


def test_confirming_takes_the_place_of_the_feature(aurillac: Commune, ytrac: Commune) -> None:
    """Wherever the author stands: their own position is not ours to keep, nor to send to another mayor."""
    cafe = published(aurillac)
    receipt = submit(
        submission(
            couche="services",
            operation="confirm",
            feature=str(cafe.pk),
            geometry={"type": "Point", "coordinates": [2.34, 44.93]},
            attributes=None,
        )
    )
    row = Contribution.objects.get(pk=receipt.contribution.pk)
    assert (row.commune, row.geom.coords, row.attributes) == (aurillac, (2.44, 44.93), {})


@pytest.mark.parametrize("operation", ["confirm", "delete", "update"])
def test_a_feature_gives_its_place_when_none_is_sent(aurillac: Commune, operation: str) -> None:
    cafe = published(aurillac)
    row = submit(
        submission(
            couche="services", operation=operation, feature=str(cafe.pk), geometry=None, attributes=CAFE
        )
    ).contribution
    assert row.feature_id == cafe.pk and row.geom.coords == (2.44, 44.93)


def test_a_confirmation_may_say_part_but_not_nonsense(aurillac: Commune) -> None:
    cafe = published(aurillac)
    about = {"couche": "services", "operation": "confirm", "feature": str(cafe.pk), "geometry": None}
    row = submit(submission(**about, attributes={"nom": "Café du Centre"})).contribution
    assert row.attributes == {"nom": "Café du Centre"}
    with pytest.raises(ValidationError) as caught:
        submit(submission(**about, attributes={"kind": "dragon"}))
    assert "attributes.kind" in caught.value.message_dict


def test_a_correction_carries_the_whole(aurillac: Commune) -> None:
    cafe = published(aurillac)
    said = refused(
        couche="services", operation="update", feature=str(cafe.pk), geometry=None, attributes={"nom": "Seul"}
    )
    assert "attributes.kind" in said


def test_a_residents_correction_keeps_what_the_town_hall_completed(aurillac: Commune) -> None:
    cafe = published(aurillac, kind="cafe", nom="Café des Amis", adresse="1 place du Square")
    about = {"couche": "services", "operation": "update", "feature": str(cafe.pk), "geometry": None}
    row = submit(submission(**about, attributes={"kind": "cafe", "nom": "Café du Centre"})).contribution
    assert row.attributes == {"kind": "cafe", "nom": "Café du Centre", "adresse": "1 place du Square"}


def test_a_correction_may_not_carry_an_object_off_to_another_commune(
    aurillac: Commune, ytrac: Commune
) -> None:
    """Else the mayor of Ytrac would decide on what is in Aurillac."""
    cafe = published(aurillac)
    said = refused(
        couche="services",
        operation="update",
        feature=str(cafe.pk),
        geometry={"type": "Point", "coordinates": [2.34, 44.93]},
        attributes=CAFE,
    )
    assert "Aurillac" in said["geometry"][0]


def test_an_object_of_a_merged_commune_moves_within_its_successor(aurillac: Commune, ytrac: Commune) -> None:
    cafe = published(aurillac)
    Commune.objects.filter(pk="15014").update(valid_to="2026-01-01", successor="15267")
    aurillac.pieces.update(commune=ytrac)
    moved = submission(
        couche="services",
        operation="update",
        feature=str(cafe.pk),
        geometry={"type": "Point", "coordinates": [2.43, 44.93]},
        attributes=CAFE,
    )
    assert submit(moved).contribution.commune == ytrac


@pytest.mark.parametrize("operation", ["update", "delete", "confirm"])
@pytest.mark.parametrize("feature", [None, "1", 3, "3f2b8c1e-6d4a-4a57-9c1b-2f60d2a3b4c5", ["x"]], ids=str)
def test_an_operation_names_a_feature_in_force(aurillac: Commune, operation: str, feature: object) -> None:
    said = refused(couche="services", operation=operation, feature=feature, attributes=CAFE)
    assert set(said) == {"feature"} or set(said) == {"feature", "geometry"}


def test_a_feature_of_another_couche_or_withdrawn_is_refused(aurillac: Commune) -> None:
    cafe = published(aurillac)
    assert "feature" in refused(operation="confirm", feature=str(cafe.pk), attributes=None)
    cafe.versions.update(to_version=2)
    assert "feature" in refused(couche="services", operation="confirm", feature=str(cafe.pk), attributes=None)


def test_a_creation_names_no_feature(aurillac: Commune) -> None:
    assert set(refused(feature=str(uuid.uuid4()))) == {"feature"}


def test_a_bad_point_is_refused_even_where_it_is_not_kept(aurillac: Commune) -> None:
    cafe = published(aurillac)
    said = refused(
        couche="services",
        operation="confirm",
        feature=str(cafe.pk),
        geometry={"type": "Point"},
        attributes=None,
    )
    assert set(said) == {"geometry"}


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
