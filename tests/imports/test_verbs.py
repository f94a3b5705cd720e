"""A file becomes proposals: columns guessed, rows judged, tried first, doubled by nothing."""

import datetime as dt
import io
import uuid
import zipfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyogrio
import pytest
import shapely
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from comptes.models import Membership, User
from comptes.permissions import Forbidden
from contributions.imports import desk, upload
from contributions.imports.mapping import Mapping, guess, transformer
from contributions.imports.run import NAMESPACE
from contributions.models import Contribution, Import
from contributions.submission import Submission, submit
from couches.columns import columns_of
from couches.models import Couche, FeatureVersion
from exports.writers_sheets import write_ods
from territoires.models import Commune
from territoires.refusals import FileRefused
from tests.exports.factories import REPORT, change, release
from tests.imports.conftest import ACCESS, GOOD, HEAD, Send, csv_of, geojson_of, run, told, tried, worked
from tests.security.browsing import client_of

pytestmark = pytest.mark.django_db


def test_columns_are_guessed_by_our_names_labels_and_usual_words(services: Couche) -> None:
    found = guess(
        services, ["NOM", "Type de lieu", "Longitude", "lat", "Date", "couleur"], has_geometry=False
    )
    assert found.fields["nom"] == "NOM" and (found.x, found.y, found.date) == ("Longitude", "lat", "Date")
    assert "couleur" not in found.fields.values() and found.match == "none"


def test_a_csv_of_a_french_spreadsheet_becomes_proposals(send: Send, mayor: User) -> None:
    row = run(send(csv_of(*GOOD)))
    assert row.state == "done"
    assert row.counts == {"rows": 2, "create": 2, "update": 0, "same": 0, "known": 0, "refused": 0}
    found = Contribution.objects.order_by("attributes__nom")
    assert [(one.channel, one.status, one.commune_id, one.entered_by) for one in found] == [
        ("import", "SUBMITTED", "15014", mayor)
    ] * 2
    assert found[0].attributes == {"nom": "Café des Amis", "kind": "cafe", "services": [ACCESS]}
    assert (found[0].geom.x, found[0].geom.y) == (2.44, 44.93)


def test_a_trial_proposes_nothing_and_says_what_would_be(send: Send) -> None:
    row = tried(send(csv_of(*GOOD, "Sans genre;dragon;;2,44;44,93")))
    assert row.state == "checked" and row.counts["create"] == 2 and row.counts["refused"] == 1
    assert not Contribution.objects.exists()
    assert [line[:2] for line in told(row)] == [["3", "attributes.kind"]]


@pytest.mark.parametrize("hour", [0, 6, 11, 13, 23])
def test_what_was_seen_today_is_taken_at_any_hour(send: Send, hour: int) -> None:
    """A day is its noon, or now when noon is to come; a day that has begun nowhere is refused."""
    now = dt.datetime(2026, 11, 27, hour, 30, tzinfo=ZoneInfo("Europe/Paris"))
    with time_machine.travel(now, tick=False):
        row = tried(
            send(
                csv_of(
                    "Café;cafe;;2,44;44,93;27/11/2026",
                    "Bar;cafe;;2,44;44,94;2026-11-26",
                    "Pub;cafe;;2,44;44,95;2026-11-29",
                    head=f"{HEAD};date",
                )
            )
        )
        desk.ask_run(row)
        worked(row)
    assert [line[:2] for line in told(row)] == [["3", "observed_at"]]
    seen = Contribution.objects.order_by("observed_at").values_list("observed_at", flat=True)
    noon = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)
    assert list(seen) == [noon - dt.timedelta(days=1), min(noon, now)]


def test_the_same_file_again_doubles_nothing(send: Send) -> None:
    run(send(csv_of(*GOOD)))
    again = run(send(csv_of(*GOOD), name="copie.csv"))
    assert (again.counts["create"], again.counts["known"]) == (0, 2)
    assert Contribution.objects.count() == 2


def test_each_row_is_judged_as_by_submit(send: Send, services: Couche, aurillac: Commune) -> None:
    """The bulk door refuses what the other one refuses, in the same words."""
    rows: list[dict[str, Any]] = [
        {"nom": "Bon", "kind": "cafe"},
        {"nom": "Sans genre"},
        {"nom": "x" * 5000, "kind": "cafe"},
        {"nom": "Genre", "kind": "dragon"},
        {"nom": "Tél", "kind": "cafe", "telephone": "12"},
    ]
    row = tried(send(geojson_of(*({"lon": 2.44, "lat": 44.93, **one} for one in rows)), "l.geojson"))
    found: dict[str, list[str]] = {}
    for number, field, *message in told(row):
        found.setdefault(number, []).append(f"{field} {';'.join(message)}")
    for number, attributes in enumerate(rows, start=1):
        expected: list[str] = []
        try:
            submit(
                Submission(
                    id=str(uuid.uuid4()),
                    secret="s" * 30,
                    couche="services",
                    geometry={"type": "Point", "coordinates": [2.44, 44.93]},
                    attributes=attributes,
                    observed_at=timezone.now().isoformat(),
                    channel="import",
                )
            )
        except ValidationError as error:
            expected = [f"{name} {text}" for name, texts in error.message_dict.items() for text in texts]
        assert [text.replace('"', "") for text in found.get(str(number), [])] == [
            text.replace('"', "") for text in expected
        ], attributes


def test_a_row_elsewhere_is_left_aside(send: Send, ytrac: Commune, steward: User) -> None:
    rows = csv_of(GOOD[0], "Ailleurs;cafe;;2,3412345;44,9212345", "Madrid;cafe;;-3,7;40,4")
    mine = tried(send(rows))
    assert mine.counts["create"] == 1
    assert [(line[0], "charge" in line[2], "hors" in line[2]) for line in told(mine)] == [
        ("2", True, False),
        ("3", False, True),
    ]
    assert tried(send(rows, by=steward)).counts["create"] == 2, "the steward's land is the country"


def test_rights_are_those_of_the_day_of_the_job(send: Send, mayor: User) -> None:
    row = send(csv_of(*GOOD))
    desk.ask_trial(row)
    Membership.objects.filter(user=mayor).update(ends=timezone.now() - dt.timedelta(days=1))
    worked(row)
    assert row.state == "failed" and row.error and not Contribution.objects.exists()


@pytest.fixture
def published(aurillac: Commune, services: Couche) -> FeatureVersion:
    attributes = {"nom": "Café des Amis", "kind": "cafe", "adresse": "1 place du Square"}
    release(change(attributes=attributes), couche=services)
    return FeatureVersion.objects.get(attributes__nom="Café des Amis")


@pytest.mark.parametrize("by", ["id", "place"])
def test_an_object_that_exists_is_corrected_and_keeps_its_other_answers(
    send: Send, published: FeatureVersion, by: str
) -> None:
    x, y = published.geom.x, published.geom.y
    head = "id;nom;kind;telephone;longitude;latitude"
    line = f"{published.feature_id};CAFÉ DES AMIS;cafe;0471454646;{x};{y}"
    row = send(csv_of(line, head=head))
    desk.describe(row, {**row.mapping, "match": by})
    assert run(row).counts["update"] == 1
    found = Contribution.objects.get()
    assert (found.operation, found.feature_id) == ("update", published.feature_id)
    assert found.attributes["adresse"] == "1 place du Square" and found.attributes["telephone"]


def test_what_says_nothing_new_is_not_proposed(send: Send, published: FeatureVersion) -> None:
    x, y = published.geom.x, published.geom.y
    row = send(
        csv_of(f"{published.feature_id};Café des Amis;cafe;{x};{y}", head="id;nom;kind;longitude;latitude")
    )
    assert run(row).counts == {"rows": 1, "create": 0, "update": 0, "same": 1, "known": 0, "refused": 0}


def test_two_objects_of_a_name_need_their_identifier(
    send: Send, published: FeatureVersion, services: Couche
) -> None:
    release(change(attributes=dict(published.attributes), geom=published.geom.clone()), couche=services)
    row = send(csv_of(f"Café des Amis;cafe;;{published.geom.x};{published.geom.y}"))
    desk.describe(row, {**row.mapping, "match": "place"})
    assert tried(row).counts["refused"] == 1 and "identifiant" in told(row)[0][2]


def test_two_rows_for_one_object_are_not_both_taken(send: Send, published: FeatureVersion) -> None:
    line = f"{published.feature_id};Autre nom;cafe;2,44;44,93"
    row = tried(send(csv_of(line, line, head="id;nom;kind;longitude;latitude")))
    assert (row.counts["update"], row.counts["refused"]) == (1, 1)


def test_a_correction_does_not_take_an_object_out_of_its_commune(
    send: Send, published: FeatureVersion, ytrac: Commune, steward: User
) -> None:
    line = f"{published.feature_id};Café des Amis;cafe;2,3412345;44,9212345"
    row = tried(send(csv_of(line, head="id;nom;kind;longitude;latitude"), by=steward))
    assert row.counts["refused"] == 1 and "autre commune" in told(row)[0][2]


def test_our_own_export_comes_back_as_it_left(
    send: Send, aurillac: Commune, client: Any, mayor: User
) -> None:
    """The flat columns are read the other way: operators, lists, quotes before formulas."""
    release(change(attributes={**REPORT, "comment": '=HYPERLINK("x")'}))
    zones = Couche.objects.get(slug="zones-blanches")
    response = client.get("/exports/zones-blanches/1/", {"format": "csv", "crs": "4326"})
    if response.status_code == 202:
        pytest.fail("a CSV streams at once")
    row = run(send(response.getvalue(), "zones.csv", couche=zones))
    assert row.counts == {"rows": 1, "create": 0, "update": 0, "same": 1, "known": 0, "refused": 0}, told(row)


def made(path: Path, driver: str) -> bytes:
    """Return a file of one point in Aurillac, as GDAL writes it; a Shapefile in a zip."""
    pyogrio.raw.write(
        path, geometry=shapely.to_wkb([shapely.Point(2.44, 44.93)]), crs="EPSG:4326", geometry_type="Point",
        field_data=[np.array(["Café"]), np.array(["cafe"])], fields=["nom", "kind"], driver=driver,
    )  # fmt: skip
    if driver != "ESRI Shapefile":
        return path.read_bytes()
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            archive.write(part, part.name)
    return whole.getvalue()


@pytest.mark.parametrize(
    ("driver", "name"),
    [("GPKG", "l.gpkg"), ("FlatGeobuf", "l.fgb"), ("GeoJSON", "l.geojson"), ("ESRI Shapefile", "l.shp")],
)
def test_a_file_with_geometry_is_read_where_it_says(
    send: Send, tmp_path: Path, driver: str, name: str
) -> None:
    content = made(tmp_path / name, driver)
    run(send(content, name.replace(".shp", ".zip")))
    found = Contribution.objects.get()
    assert (found.geom.x, found.geom.y, found.attributes["nom"]) == (2.44, 44.93, "Café")


def test_a_workbook_is_read(send: Send, tmp_path: Path) -> None:
    path = tmp_path / "l.ods"
    rows: list[list[Any]] = [
        HEAD.split(";"),
        ["Café", "cafe", ACCESS, 2.44, 44.93],
        ["Bar", "cafe", None, "2,45", "44,94"],
    ]
    write_ods(path, [("Feuille1", rows)], published=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert tried(send(path.read_bytes(), "l.ods")).counts["create"] == 2


def test_a_projection_is_brought_to_wgs84(send: Send) -> None:
    row = send(csv_of("Café;cafe;;655817,58;6425801,04", head="nom;kind;services;x;y"))
    desk.describe(row, {**row.mapping, "crs": "EPSG:2154"})
    run(row)
    found = Contribution.objects.get().geom
    assert (found.x, found.y) == (pytest.approx(2.44, abs=1e-7), pytest.approx(44.93, abs=1e-7))


def test_only_who_may_imports(send: Send, db: None) -> None:
    with pytest.raises(Forbidden):
        send(csv_of(*GOOD), by=User.objects.create(email="x@x.fr"))
    assert not Import.objects.exists()


def test_a_state_admits_its_gestures_only(send: Send) -> None:
    row = send(csv_of(*GOOD))
    with pytest.raises(desk.NotNow):
        desk.ask_run(row)
    run(row)
    with pytest.raises(desk.NotNow):
        desk.ask_run(row)
    desk.ask_trial(row)
    for verb in (desk.ask_run, desk.ask_trial, lambda one: desk.describe(one, one.mapping)):
        with pytest.raises(desk.NotNow):
            verb(row)


def test_a_breakdown_is_said_to_who_waits_and_still_seen(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the page would come back for ever."""
    row = send(csv_of(*GOOD))
    desk.ask_trial(row)

    def broken(*_given: Any, **_options: Any) -> None:
        raise RuntimeError("out of nowhere")

    monkeypatch.setattr(desk, "process", broken)
    with pytest.raises(RuntimeError):
        desk.work(row.pk)
    row.refresh_from_db()
    assert row.state == "failed" and "journal" in row.error
    monkeypatch.undo()
    assert tried(row).state == "checked", "and it may be tried again"


def test_a_crs_that_leads_nowhere_is_refused(send: Send) -> None:
    row = tried(send(csv_of(*GOOD)))
    with pytest.raises(FileRefused, match="coordonnées"):
        transformer('LOCAL_CS["Le plan du géomètre",UNIT["metre",1]]')
    assert row.state == "checked"


def test_nobody_leaves_files_without_end(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MAX_KEPT", 2)
    rows = [send(csv_of(*GOOD, f"{rank};cafe;;2,44;44,93")) for rank in range(2)]
    with pytest.raises(ValidationError, match="effacez-en un"):
        send(csv_of(*GOOD))
    desk.forget(rows[0])
    assert send(csv_of(*GOOD)).state == "uploaded"


@pytest.mark.parametrize(("path", "status"), [("/importer/", 422), ("/api/v1/imports/", 422)])
def test_an_upload_beyond_the_bound_is_stopped_and_said(
    mayor: User, media: Path, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    monkeypatch.setattr(upload, "MAX_UPLOAD", 100_000)
    file = SimpleUploadedFile("l.csv", b"x" * 300_000)
    response = client_of(mayor).post(path, {"couche": "services", "fichier": file})
    assert response.status_code == status and "fichier" in response.content.decode().lower()
    assert not Import.objects.exists() and not list(media.glob("imports/*"))


def test_the_id_of_a_row_is_that_of_its_file_and_its_number(send: Send) -> None:
    """What was proposed by an older release is known: the ids are the same."""
    row = run(send(csv_of(*GOOD)))
    wanted = {uuid.uuid5(NAMESPACE, f"services:{row.sha256}:{number}") for number in (1, 2)}
    assert set(Contribution.objects.values_list("pk", flat=True)) == wanted


def test_what_is_forgotten_meanwhile_stops(send: Send) -> None:
    row = send(csv_of(*GOOD))
    desk.ask_trial(row)
    copy = Import.objects.get(pk=row.pk)
    Import.objects.filter(pk=row.pk).delete()
    desk.work(copy.pk)
    assert not Import.objects.exists()


def test_old_files_go_with_their_rows(send: Send) -> None:
    row = run(send(csv_of(*GOOD)))
    assert desk.forget_old() == 0 and desk.folder_of(row).exists()
    Import.objects.update(delete_after=timezone.localdate() - dt.timedelta(days=1))
    assert desk.forget_old() == 1 and not desk.folder_of(row).exists()
    assert Contribution.objects.count() == 2, "what was proposed stays"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"x": ""}, "x"),
        ({"x": "absente"}, "x"),
        ({"crs": "27572"}, "crs"),
        ({"match": "nearest"}, "match"),
        ({"match": "id"}, "identifier"),
        ({"match": "place", "fields": {"kind": "kind"}}, "match"),
        ({"radius_m": "loin"}, "radius_m"),
        ({"radius_m": 10**30}, "radius_m"),
        ({"fields": {"secret": "nom"}}, "fields.secret"),
        ({"fields": {"nom": "absente"}}, "fields.nom"),
        ({"fields": {}}, "fields"),
        ({"fields": "nom"}, "fields"),
    ],
)
def test_a_mapping_that_lacks_something_says_which(send: Send, given: dict[str, Any], field: str) -> None:
    row = send(csv_of(*GOOD))
    with pytest.raises(ValidationError) as refused:
        desk.describe(row, {**row.mapping, **given})
    assert field in refused.value.message_dict


def test_the_mapping_is_kept_as_it_was_given(send: Send) -> None:
    row = send(csv_of(*GOOD))
    desk.describe(row, {**row.mapping, "match": "place", "radius_m": 20})
    assert Mapping(**row.mapping).radius_m == 20 and {c.name for c in columns_of(row.couche)} >= set(
        row.mapping["fields"]
    )
