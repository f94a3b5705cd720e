"""`/exports/{slug}/{n}/`: streamed at once or built by a job, with validators and ranges."""

import csv
import io
import json

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from couches.models import Couche, CoucheVersion
from exports.build import build
from exports.demands import read_demand
from exports.queue import MAX_WAITING_PER_COUCHE
from territoires.models import BoundaryLoad, Commune
from tests import factories
from tests.exports import factories as made
from tests.exports.conftest import FIRST
from tests.exports.reading import body, geojson

pytestmark = pytest.mark.django_db
URL = "/exports/zones-blanches/1/"


def test_geojson_is_wgs84_and_complete(version: CoucheVersion, emma: Client) -> None:
    """RFC 7946: no `crs` member, typed values, lists as lists; nobody gets a cookie."""
    response = emma.get(URL, {"format": "geojson"})
    document = json.loads(body(response))
    assert set(document) == {"type", "features"}
    feature = next(feature for feature in document["features"] if feature["id"] == str(FIRST))
    assert feature["geometry"] == {"type": "Point", "coordinates": [2.4412345, 44.9312345]}
    properties = feature["properties"]
    assert properties["comment"] == made.REPORT["comment"]
    assert properties["code_insee"] == "15014" and properties["commune"] == "Aurillac"
    assert properties["bars"] == 2 and properties["volte"] is False and properties["accuracy_m"] == 12.5
    assert response["Content-Type"] == "application/geo+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Location"] == f"{URL}?format=geojson&crs=4326"
    assert 'filename="zones-blanches_v1_EPSG4326.geojson"' in response["Content-Disposition"]
    assert not response.cookies


def test_an_empty_selection_is_still_geojson(
    version: CoucheVersion, saint_denis: Commune, emma: Client
) -> None:
    """No stray comma, no missing bracket."""
    assert geojson(emma, territoire="commune:97411") == {"type": "FeatureCollection", "features": []}


def test_csv_runs_no_formula_and_keeps_its_numbers(version: CoucheVersion, emma: Client) -> None:
    """Texts get a leading quote; coordinates and counts stay numbers."""
    text = body(emma.get(URL, {"format": "csv"})).decode()
    assert text.startswith("id,number,couche,") and "\r\n" in text
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    comments = {row["comment"] for row in found}
    assert {f"'{hostile}" for hostile in made.HOSTILE_TEXTS} <= comments
    assert {made.LONG_TEXT, made.REPORT["comment"]} <= comments
    assert all(not value.startswith(("=", "+", "@")) for row in found for value in row.values())
    row = next(row for row in found if row["id"] == str(FIRST))
    assert (row["latitude"], row["longitude"]) == ("44.9312345", "2.4412345")
    assert row["crs"] == "EPSG:2154" and float(row["x"]) == pytest.approx(655_911, abs=500)
    assert row["near_border"] == "false" and row["orange_calls"] == "none" and row["sfr_calls"] == ""


def test_negative_coordinates_stay_numbers(
    version: CoucheVersion, saint_denis: Commune, emma: Client
) -> None:
    """-20.9 is not a formula."""
    made.release(made.change(commune_id="97411", geom=made.Point(55.45, -20.9, srid=4326)))
    text = body(emma.get("/exports/zones-blanches/2/", {"format": "csv", "territoire": "region:04"})).decode()
    row = next(csv.DictReader(io.StringIO(text)))
    assert float(row["latitude"]) == -20.9 and row["crs"] == "EPSG:2975"


def test_csv_for_spreadsheets_starts_with_a_mark(version: CoucheVersion, emma: Client) -> None:
    """The BOM is the only difference."""
    plain = body(emma.get(URL, {"format": "csv"}))
    assert body(emma.get(URL, {"format": "csv", "bom": "1"})) == b"\xef\xbb\xbf" + plain


def test_csv_takes_a_projection(version: CoucheVersion, emma: Client) -> None:
    """x and y follow, and say so."""
    text = body(emma.get(URL, {"format": "csv", "crs": "EPSG:4326"})).decode()
    row = next(csv.DictReader(io.StringIO(text)))
    assert (row["crs"], row["x"], row["y"]) == ("EPSG:4326", row["longitude"], row["latitude"])


def test_the_same_bytes_are_not_sent_twice(version: CoucheVersion, emma: Client) -> None:
    """A strong ETag by version and filters, 304, and HEAD without body."""
    response = emma.get(URL, {"format": "geojson"})
    first = body(response)
    etag = response["ETag"]
    assert etag.startswith('"')
    again = emma.get(URL, {"format": "geojson"}, headers={"if-none-match": etag})
    assert (again.status_code, body(again), again["ETag"]) == (304, b"", etag)
    assert again["Access-Control-Allow-Origin"] == "*"
    head = emma.head(URL, {"format": "geojson"})
    assert (head.status_code, head["ETag"], body(head)) == (200, etag, b"")
    assert emma.get(URL, {"format": "geojson", "territoire": "commune:15267"})["ETag"] != etag
    assert body(emma.get(URL, {"format": "geojson"})) == first


def test_latest_is_checked_again_and_a_number_may_be_kept(version: CoucheVersion, emma: Client) -> None:
    """`derniere` moves; a numbered version does not."""
    latest = emma.get("/exports/zones-blanches/derniere/", {"format": "geojson"})
    assert "no-cache" in latest["Cache-Control"]
    assert latest["Content-Location"].startswith("/exports/zones-blanches/1/")
    assert "max-age" in emma.get(URL, {"format": "geojson"})["Cache-Control"]


def test_a_file_not_built_is_promised_once(version: CoucheVersion, emma: Client) -> None:
    """202, Retry-After, a status document; ten requests are one job."""
    for _attempt in range(10):
        response = emma.get(URL, {"format": "gpkg"})
        assert response.status_code == 202
    assert response["Retry-After"] == "5"
    document = response.json()
    assert document["status"] == "en-attente"
    assert document["filename"] == "zones-blanches_v1_EPSG2154.gpkg"
    jobs = ProcrastinateJob.objects.filter(task_name="exports.build")
    assert [job.args["crs"] for job in jobs] == ["2154"]
    assert jobs[0].queue_name == "exports"


def test_people_get_a_page_that_comes_back(version: CoucheVersion) -> None:
    """A browser's Accept: a page, a Refresh header, no script."""
    browser = Client(headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    response = browser.get(URL, {"format": "gpkg"})
    assert (response.status_code, response["Refresh"]) == (202, "5")
    assert "Le fichier se prépare" in response.content.decode()
    assert "Accept" in response["Vary"]
    refused = browser.get(URL, {"format": "gpkg", "crs": "9999"})
    assert (refused.status_code, refused["Content-Type"]) == (422, "text/html; charset=utf-8")
    assert "Projection inconnue" in refused.content.decode()
    assert not response.cookies and not refused.cookies


def test_a_built_file_is_served_with_ranges(version: CoucheVersion, emma: Client) -> None:
    """Whole, in part, resumed, or not at all."""
    row = build(read_demand(version, {"format": "gpkg"}))
    response = emma.get(URL, {"format": "gpkg"})
    whole = body(response)
    assert (response.status_code, len(whole)) == (200, row.size)
    assert response["Content-Length"] == str(row.size)
    assert response["ETag"] == f'"{row.sha256}"'
    assert response["Content-Type"] == "application/geopackage+sqlite3"
    assert 'filename="zones-blanches_v1_EPSG2154.gpkg"' in response["Content-Disposition"]
    for wanted, part in {
        "bytes=0-15": whole[:16],
        "bytes=100-": whole[100:],
        "bytes=-7": whole[-7:],
        f"bytes=10-{row.size + 50}": whole[10:],
    }.items():
        answer = emma.get(URL, {"format": "gpkg"}, headers={"range": wanted})
        assert (answer.status_code, body(answer)) == (206, part), wanted
        assert answer["Content-Length"] == str(len(part))
    assert answer["Content-Range"] == f"bytes 10-{row.size - 1}/{row.size}"
    late = emma.get(URL, {"format": "gpkg"}, headers={"range": f"bytes={row.size}-"})
    assert (late.status_code, late["Content-Range"]) == (416, f"bytes */{row.size}")
    for ignored in ("bytes=0-1,5-6", "lines=0-1", "bytes=x-"):
        assert len(body(emma.get(URL, {"format": "gpkg"}, headers={"range": ignored}))) == row.size
    stale = emma.get(URL, {"format": "gpkg"}, headers={"range": "bytes=0-1", "if-range": '"other"'})
    assert (stale.status_code, len(body(stale))) == (200, row.size)
    head = emma.head(URL, {"format": "gpkg"})
    assert (head["Content-Length"], body(head)) == (str(row.size), b"")
    fresh = emma.get(URL, {"format": "gpkg"}, headers={"if-none-match": response["ETag"]})
    assert fresh.status_code == 304


def test_a_lost_file_is_built_again(version: CoucheVersion, emma: Client) -> None:
    """A row without its file is not served, nor an error: the file is asked for again."""
    row = build(read_demand(version, {"format": "gpkg"}))
    from exports.build import absolute

    absolute(row).unlink()
    assert emma.get(URL, {"format": "gpkg"}).status_code == 202
    again = build(read_demand(version, {"format": "gpkg"}))
    assert (again.pk, again.sha256) == (row.pk, row.sha256)
    assert len(body(emma.get(URL, {"format": "gpkg"}))) == row.size


def test_new_boundaries_make_new_files(version: CoucheVersion, emma: Client) -> None:
    """Names of communes and members of an EPCI may have changed: yesterday's file does not answer."""
    build(read_demand(version, {"format": "gpkg"}))
    before = emma.get(URL, {"format": "geojson"})["ETag"]
    BoundaryLoad.objects.create(millesime=2027, source="essai")
    assert emma.get(URL, {"format": "gpkg"}).status_code == 202
    assert emma.get(URL, {"format": "geojson"})["ETag"] != before


def test_a_flood_of_demands_is_bounded(version: CoucheVersion, emma: Client) -> None:
    """At most ten wait per couche; the eleventh is told when to come back."""
    codes = [str(srid) for srid in (*range(3942, 3951), 2154, 9794, 9842)]
    answers = [emma.get(URL, {"format": "gpkg", "crs": code}) for code in codes]
    assert [answer.status_code for answer in answers].count(202) == MAX_WAITING_PER_COUCHE
    refused = answers[-1]
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert "réessayez" in refused.json()["detail"]
    assert ProcrastinateJob.objects.filter(task_name="exports.build").count() == MAX_WAITING_PER_COUCHE


@pytest.mark.parametrize(
    ("query", "field", "remedy"),
    [
        ({}, "format", "geojson"),
        ({"format": "dxf"}, "format", "gpkg"),
        ({"format": "geojson", "crs": "2154"}, "crs", "toujours en WGS 84"),
        ({"format": "kml", "crs": "2154"}, "crs", "toujours en WGS 84"),
        ({"format": "gpkg", "crs": "27572"}, "crs", "2154"),
        ({"format": "gpkg", "crs": "2975"}, "crs", "legal"),
        ({"format": "csv", "crs": "2975"}, "crs", "legal"),
        ({"format": "gpkg", "territoire": "15014"}, "territoire", "commune:15014"),
        ({"format": "gpkg", "territoire": "commune:99999"}, "territoire", "99999"),
        ({"format": "csv", "bom": "oui"}, "bom", "bom=1"),
        ({"format": "csv", "attributs": "imbriques"}, "attributs", "GeoJSON"),
        ({"format": "geojson", "attributs": "x"}, "attributs", "plats"),
        ({"format": "gpkg", "bom": "1"}, "bom", "CSV"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(
    version: CoucheVersion, emma: Client, query: dict[str, str], field: str, remedy: str
) -> None:
    """422, the field, the remedy, in a problem document."""
    response = emma.get(URL, query)
    assert (response.status_code, response["Content-Type"]) == (422, "application/problem+json")
    assert remedy in response.json()["errors"][field][0]
    assert not ProcrastinateJob.objects.exists()


@pytest.mark.parametrize(
    "where", ["zones-blanches/2", "zones-blanches/0", "zones-blanches/un", "rien/1", "services/derniere"]
)
def test_what_is_not_published_is_not_found(version: CoucheVersion, emma: Client, where: str) -> None:
    """404 with a sentence, for the file, the manifest and the changes."""
    for url in (
        f"/exports/{where}/?format=csv",
        f"/exports/{where}/manifeste.json",
        f"/exports/{where}/depuis/1/",
    ):
        response = emma.get(url)
        assert response.status_code == 404
        assert response.json()["detail"].endswith((".", "»."))


def test_only_published_rows_leave(version: CoucheVersion, emma: Client, aurillac: Commune) -> None:
    """Pending, accepted, withdrawn contributions and retracted features stay out of every format."""
    for status in ("SUBMITTED", "ACCEPTED", "WITHDRAWN", "REJECTED"):
        factories.ContributionFactory(
            status=status, attributes={**made.REPORT, "comment": f"SECRET {status}"}
        )
    made.release(made.change("delete", FIRST))
    for form in ("geojson", "csv"):
        for number in ("1", "2", "derniere"):
            assert b"SECRET" not in body(emma.get(f"/exports/zones-blanches/{number}/", {"format": form}))
    assert str(FIRST).encode() not in body(emma.get("/exports/zones-blanches/2/", {"format": "csv"}))
    assert str(FIRST).encode() in body(emma.get(URL, {"format": "csv"}))


def test_other_sites_may_read(version: CoucheVersion, emma: Client) -> None:
    """The preflight of a browser is answered; nothing but reading is offered."""
    response = emma.options(URL)
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (204, "*")
    assert emma.post(URL).status_code == 405


def test_streaming_costs_the_same_number_of_queries(version: CoucheVersion, emma: Client) -> None:
    """The settings' 5 seconds are lifted for the stream alone, and queries do not follow the rows."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(
        connection,
    ) as queries:
        body(emma.get(URL, {"format": "geojson"}))
    assert len(queries) <= 8
    assert any("statement_timeout" in query["sql"] for query in queries)
    assert Couche.objects.filter(slug="zones-blanches").exists()
