"""A sensitive couche tells a commune and a wide cell, through every door, and for good.

The refuge of these tests stands at (2.4612345, 44.9612345), in Aurillac; the middle of its
cell, (2.5, 45), is in no commune of the site: nothing here can lean on it by luck.
"""

import io
import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from comptes.models import User
from contributions.duplicates import find_near
from contributions.imports import desk
from contributions.models import Contribution, Import
from contributions.preview import preview
from contributions.submission import submit
from contributions.validation import Submission
from couches.loading import load
from couches.mercator import cell_of
from couches.models import Couche, CoucheVersion, FeatureVersion
from couches.publication import Change, publish
from exports.formats import FORMATS
from moderation.detail import neighbours_of
from moderation.publication import publish_accepted
from moderation.workflow import apply
from territoires.models import Commune
from tests import factories
from tests.couches.factories import CAFE, create, services
from tests.exports.reading import body, built, geojson, rows
from tests.imports.conftest import media, run  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db

LON, LAT = 2.4612345, 44.9612345
MIDDLE = (2.5, 45.0)
# What a place would leave in any text, in degrees with a point or a comma.
TRACES = ("2.4612", "2,4612", "44.9612", "44,9612", "46123", "96123")


@pytest.fixture(autouse=True)
def roots(settings: Any, tmp_path: Path) -> None:
    """Files go away with the test."""
    settings.EXPORTS_ROOT = tmp_path / "exports"


@pytest.fixture
def refuges(aurillac: Commune) -> Couche:
    """The couche, sensitive before its first version."""
    Couche.objects.filter(slug="services").update(sensitive=True)
    return services()


@pytest.fixture
def report(refuges: Couche, bruno: User) -> Contribution:
    """A refuge, told by a resident, accepted, published."""
    told = factories.ContributionFactory(
        couche=refuges, geom=Point(LON, LAT, srid=4326), attributes=CAFE, near_border=True
    )
    apply(contribution_id=told.pk, action="accept", actor="official", by=bruno, version=1)
    publish_accepted(couche=refuges, by=None)
    told.refresh_from_db()
    return told


@pytest.fixture
def version(report: Contribution) -> CoucheVersion:
    """Version 1 of the couche."""
    return CoucheVersion.objects.get()


def answer(report: Contribution, **given: Any) -> Submission:
    """Return what a resident sends about the published refuge."""
    return Submission(
        **{
            "id": str(uuid.uuid4()),
            "secret": "s" * 24,
            "couche": "services",
            "feature": str(report.published_feature_id),
            "geometry": None,
            "attributes": {},
            "observed_at": timezone.now().isoformat(),
            "accuracy_m": None,
            "position_source": "list",
            "channel": "web",
            **given,
        }
    )


def test_what_is_kept_of_the_object_is_its_cell(report: Contribution) -> None:
    row = FeatureVersion.objects.get()
    assert (row.geom.coords, row.accuracy_m, row.near_border) == (MIDDLE, 8_000, False)
    assert row.commune_id == "15014"
    assert report.geom.coords == (LON, LAT)


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_no_file_tells_the_place(version: CoucheVersion, client: Client, form: str) -> None:
    if FORMATS[form].driver:
        _row, path = built(version, format=form)
        held = path.read_bytes()
    else:
        held = body(client.get("/exports/services/1/", {"format": form}))
    told = "\n".join(_texts(held))
    assert "Café de la Place" in told or form in {"parquet", "fgb", "gpkg", "shp"}
    for trace in TRACES:
        assert trace not in told, trace


def _texts(held: bytes) -> list[str]:
    """Return a file's text, and those of the files it holds."""
    if not zipfile.is_zipfile(io.BytesIO(held)):
        return [held.decode("utf-8", "replace")]
    with zipfile.ZipFile(io.BytesIO(held)) as archive:
        return [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]


@pytest.mark.parametrize("zoom", [10, 14, 18])
@pytest.mark.parametrize("query", ["", "?kind=cafe"])
def test_no_tile_draws_it_not_even_in_the_middle_of_its_cell(
    version: CoucheVersion, client: Client, zoom: int, query: str
) -> None:
    """From zoom 10 a tile draws objects: of such a couche, none."""
    x, y = cell_of(*MIDDLE, zoom)
    for number in ("1", "derniere"):
        response = client.get(f"/tuiles/services/{number}/{zoom}/{x}/{y}.mvt{query}")
        assert (response.status_code, response.content) == (200, b""), number


@pytest.mark.parametrize("form", ["gpkg", "fgb", "shp"])
def test_what_gdal_reads_is_the_middle_of_the_cell(version: CoucheVersion, form: str) -> None:
    _row, path = built(version, format=form, crs="4326")
    _meta, [found] = rows(f"/vsizip/{path}" if form == "shp" else path)
    assert (found["x"], found["y"]) == pytest.approx(MIDDLE, abs=1e-9)
    assert found["accuracy_m"] == 8_000


PAGES = [
    "/exports/services/1/manifeste.json",
    "/exports/services/1/?format=geojson",
    "/exports/services/1/?format=csv&crs=legal",
    "/exports/services/2/depuis/1/?format=geojson",
    "/exports/services/2/depuis/1/?format=csv",
    "/ogc/collections/services/items?f=json",
    "/ogc/collections/services:v1/items?f=json",
    "/ogc/collections/services/items?f=html",
    "/ogc/collections/services?f=json",
    "/wfs/?service=WFS&version=2.0.0&request=GetFeature&typeNames=services",
    "/tuiles/services/1/tilejson.json",
    "/couches/services/",
    "/couches/services/points.json?bbox=2.3,44.8,2.6,45.1&zoom=16",
    "/couches/services/objets/{number}/",
    "/catalogue.jsonld",
    "/catalogue/services.xml",
    "/communes/15014/",
    "/communes/15014/decisions/",
    "/communes/15014/decisions.atom",
]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_tells_the_place(report: Contribution, client: Client, page: str) -> None:
    feature = report.published_feature
    assert feature is not None
    publish(couche=services(), changes=[Change("observe", feature.pk, observations=3)], by=None)
    response = client.get(page.format(number=feature.number))
    assert response.status_code == 200, response.content[:500]
    told = body(response).decode()
    for trace in TRACES:
        assert trace not in told, trace


def test_a_box_around_the_place_does_not_find_it(report: Contribution, client: Client) -> None:
    for around, found in (
        (f"{LON - 0.01},{LAT - 0.01},{LON + 0.01},{LAT + 0.01}", 0),
        ("2.49,44.99,2.51,45.01", 1),
    ):
        answer = json.loads(
            body(client.get("/ogc/collections/services/items", {"f": "json", "bbox": around}))
        )
        assert len(answer["features"]) == found


def test_a_hash_is_that_of_the_cell(version: CoucheVersion, client: Client) -> None:
    """Otherwise every point of the commune could be tried until the hash agrees."""
    exact = [create(feature_id=uuid.uuid4(), geom=Point(lon, LAT, srid=4326)) for lon in (LON, LON + 0.001)]
    publish(couche=services(), changes=exact, by=None)
    hashed = {bytes(row.row_sha256) for row in FeatureVersion.objects.all()}
    assert len(hashed) == 3
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM couches_featureversion v WHERE row_sha256 = couches_row_sha256(
                 v.feature_id, ST_SetSRID(ST_Point(2.5, 45.0), 4326), v.attributes, v.commune_id, v.observations,
                 v.distinct_observers, v.last_observed_on, 8000, false, v.self_accepted, v.origin)"""
        )
        assert cursor.fetchone() == (3,)


def test_the_preview_says_what_will_be_told(report: Contribution) -> None:
    place = {"type": "Point", "coordinates": [LON, LAT]}
    asked = answer(report, feature=None, operation="create", geometry=place, attributes=CAFE, accuracy_m=5)
    shown = preview(asked)
    told = dict(shown.public)["Lieu"]
    assert "45,0000000, 2,5000000" in told and "8" in told and "96123" not in told
    assert (shown.features, shown.pending) == ([], 0)


@pytest.mark.parametrize("operation", ["confirm", "update", "delete"])
def test_what_speaks_of_it_goes_to_its_own_commune(report: Contribution, operation: str) -> None:
    """The middle of its cell is in no commune."""
    said = {**CAFE, "comment": "Rouvert"} if operation == "update" else {}
    receipt = submit(answer(report, operation=operation, attributes=said))
    row = receipt.contribution
    assert (row.commune_id, row.near_border, row.geom.coords) == ("15014", False, MIDDLE)
    call_command("fsck", stdout=io.StringIO())


def test_what_speaks_of_it_follows_a_merged_commune(report: Contribution, ytrac: Commune) -> None:
    Commune.objects.filter(pk="15014").update(successor="15267", valid_to=timezone.localdate())
    assert submit(answer(report, operation="confirm")).contribution.commune_id == "15267"


def test_it_moves_within_its_commune_and_no_further(report: Contribution, ytrac: Commune) -> None:
    inside, outside = ({"type": "Point", "coordinates": [lon, 44.93]} for lon in (2.41, 2.34))
    assert submit(answer(report, operation="update", geometry=inside, attributes=CAFE)).created
    with pytest.raises(ValidationError, match="Aurillac"):
        submit(answer(report, operation="update", geometry=outside, attributes=CAFE))


def test_a_stranger_learns_nothing_by_asking_around(report: Contribution, bruno: User) -> None:
    """An official learns it, from the report that placed it, wherever it has moved since."""
    point = Point(LON, LAT, srid=4326)
    assert find_near(point, services()) == []
    place = {"type": "Point", "coordinates": [LON, LAT]}
    receipt = submit(answer(report, feature=None, operation="create", geometry=place, attributes=CAFE))
    assert receipt.duplicates == []
    [near] = neighbours_of(receipt.contribution, bruno)
    assert (near.kind, near.id, round(near.distance_m)) == ("feature", report.published_feature_id, 0)
    away = {"type": "Point", "coordinates": [2.41, 44.93]}
    moved = submit(answer(report, operation="update", geometry=away, attributes=CAFE)).contribution
    apply(contribution_id=moved.pk, action="accept", actor="official", by=bruno, version=1)
    publish_accepted(couche=services(), by=None)
    assert neighbours_of(receipt.contribution, bruno) == []
    [found] = find_near(Point(2.41, 44.93, srid=4326), services(), official=True)
    assert found.id == report.published_feature_id


def test_our_own_file_comes_back_as_nothing_new(
    version: CoucheVersion,
    client: Client,
    bruno: User,
    media: Path,  # noqa: F811
) -> None:
    held = body(client.get("/exports/services/1/", {"format": "csv"}))
    row = _imported(bruno, held)
    assert (row.counts.get("same"), row.counts.get("refused", 0)) == (1, 0), row.counts


def test_a_corrected_row_of_our_file_stays_in_its_commune(
    version: CoucheVersion,
    client: Client,
    bruno: User,
    media: Path,  # noqa: F811
) -> None:
    held = body(client.get("/exports/services/1/", {"format": "csv"}))
    _imported(bruno, held.replace(b"de la Place", b"du Refuge"))
    row = Contribution.objects.get(channel="import")
    assert (row.operation, row.commune_id, row.near_border) == ("update", "15014", False)


def _imported(by: User, held: bytes) -> Import:
    return run(desk.receive(couche=services(), upload=SimpleUploadedFile("liste.csv", held), by=by))


def test_the_database_refuses_a_place(refuges: Couche) -> None:
    """Whatever the door: a row that tells more does not enter."""
    one = create()
    publish(couche=refuges, changes=[one], by=None)
    publish(couche=refuges, changes=[Change("delete", one.feature_id)], by=None)
    for change in ("geom = ST_SetSRID(ST_Point(2.46, 45), 4326)", "accuracy_m = 5", "near_border = true"):
        with pytest.raises(IntegrityError, match="tells its place"), transaction.atomic():
            _copy_with(change)
    _copy_with("observations = 2")


def _copy_with(change: str) -> None:
    """Insert the object's only row again, further on in time, with one thing changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""CREATE TEMP TABLE copied ON COMMIT DROP AS SELECT * FROM couches_featureversion;
            UPDATE copied SET {change}, id = id + 1000000, from_version = 5, to_version = 6;
            INSERT INTO couches_featureversion OVERRIDING SYSTEM VALUE SELECT * FROM copied"""
        )


def test_a_couche_that_told_places_cannot_become_sensitive(aurillac: Commune) -> None:
    publish(couche=services(), changes=[create()], by=None)
    with pytest.raises(IntegrityError, match="told exact places"), transaction.atomic():
        Couche.objects.filter(slug="services").update(sensitive=True)
    couche = services()
    definition = {"slug": couche.slug, "title": couche.title, "attribute_schema": couche.attribute_schema}
    with pytest.raises(ValidationError, match="lieux exacts"):
        load({**definition, "schema_version": 1, "sensitive": True})
    assert load({**definition, "schema_version": 1, "sensitive": False}).sensitive is False


def test_a_couche_that_is_no_longer_sensitive_keeps_what_it_told(report: Contribution) -> None:
    Couche.objects.filter(slug="services").update(sensitive=False)
    publish(couche=services(), changes=[create()], by=None)
    assert {row.geom.coords for row in FeatureVersion.objects.all()} == {MIDDLE, (2.44, 44.93)}
    assert len(geojson(Client(), "services", "2")["features"]) == 2
