"""`/exports/suivi/{key}/`: what is said of a file being made is true, and it ends."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from couches.models import CoucheVersion
from exports import progress
from exports.jobs import build_file
from exports.models import ExportBuild
from exports.queue import note_failure

pytestmark = pytest.mark.django_db
URL = "/exports/zones-blanches/1/"


def _asked(emma: Client, form: str = "gpkg") -> tuple[str, dict[str, object]]:
    """Ask for a file; return the address that follows it, and what the 202 said."""
    response = emma.get(URL, {"format": form})
    assert response.status_code == 202
    document = response.json()
    return document["suivi"].removeprefix("http://testserver").split("8000")[-1], document


def _job(status: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = %s::procrastinate_job_status", [status])


def test_a_demand_says_where_to_follow_it_and_what_it_will_weigh(
    version: CoucheVersion, emma: Client
) -> None:
    """The 202 has `suivi`, a rank, progress and an expected weight; so has the address it gives."""
    suivi, document = _asked(emma)
    _asked(emma, "fgb")
    followed = emma.get(suivi)
    assert followed.status_code == 200 and followed["Cache-Control"] == "no-store"
    assert followed.json() == document
    assert document["rank"] == 1 and document["status"] == "en-attente"
    assert document["progress"] == {"rows": 0, "of": version.feature_count, "percent": 0}
    assert 100 < int(str(document["expected_size"])) < 1_000_000
    assert [ProcrastinateJob.objects.count(), ExportBuild.objects.count()] == [2, 2]
    second, other = _asked(emma, "fgb")
    assert other["rank"] == 2 and second != suivi


def test_the_page_comes_back_by_itself_until_the_link(version: CoucheVersion, emma: Client) -> None:
    """Waiting: a Refresh header. Ready: the link with the exact weight, and no Refresh."""
    suivi, _document = _asked(emma)
    browser = Client(headers={"accept": "text/html,*/*;q=0.8"})
    waiting = browser.get(suivi)
    assert waiting["Refresh"] == "5" and "Il est le prochain" in waiting.content.decode()
    build_file(slug="zones-blanches", number=1, format_name="gpkg", crs="2154", territory="")
    ready = browser.get(suivi)
    assert "Refresh" not in ready
    page = ready.content.decode()
    assert "Le fichier est prêt" in page
    assert "/exports/zones-blanches/1/?format=gpkg&amp;crs=2154" in page
    document = emma.get(suivi).json()
    assert document["status"] == "pret" and document["progress"]["percent"] == 100
    assert len(emma.get(URL, {"format": "gpkg"}).getvalue()) == document["size"]
    assert not ready.cookies


def test_a_failure_is_said_and_not_begun_again_at_once(version: CoucheVersion, emma: Client) -> None:
    """Why, what to do; a program that polls gets 409, not a new job; later it may ask again."""
    suivi, _document = _asked(emma)
    build = ExportBuild.objects.get()
    note_failure(build.key, OSError(28, "No space left on device"))
    _job("failed")
    refused = emma.get(URL, {"format": "gpkg"})
    assert refused.status_code == 409
    assert "plus de place" in refused.json()["detail"] and "deux minutes" in refused.json()["detail"]
    assert emma.get(suivi).json()["status"] == "en-echec"
    page = Client(headers={"accept": "text/html"}).get(suivi)
    assert "plus de place" in page.content.decode() and "Refresh" not in page
    assert ProcrastinateJob.objects.count() == 1
    ExportBuild.objects.update(updated_at=timezone.now() - dt.timedelta(minutes=3))
    assert emma.get(URL, {"format": "gpkg"}).status_code == 202
    assert ProcrastinateJob.objects.count() == 2
    assert emma.get(suivi).json()["status"] == "en-attente"


def test_a_dead_worker_is_not_said_to_be_building(version: CoucheVersion, emma: Client) -> None:
    """A job that is `doing` with nobody alive behind it is interrupted, not under way."""
    suivi, _document = _asked(emma)
    _job("doing")
    assert emma.get(suivi).json()["status"] == "interrompu"
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        worker = cursor.fetchone()[0]
        cursor.execute("UPDATE procrastinate_jobs SET worker_id = %s", [worker])
    assert emma.get(suivi).json()["status"] == "en-construction"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    assert emma.get(suivi).json()["status"] == "interrompu"


@pytest.mark.parametrize("key", ["0" * 32, "..", "é" * 32, "'; DROP TABLE", "A" * 32, "0" * 500])
def test_an_unknown_key_is_not_found(db: None, emma: Client, key: str) -> None:
    """Never more than a 404."""
    response = emma.get(f"/exports/suivi/{key}/")
    assert response.status_code == 404


def test_progress_is_written_now_and_then(version: CoucheVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are counted at each batch and written on a connection apart, at most once in a while."""
    said: list[int] = []
    monkeypatch.setattr(progress, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(progress, "_SAY", "SELECT %s::bigint, %s::text")
    with progress.telling("k"):
        for rows in (10, 20):
            progress.told(rows)
            teller = progress._teller.get()
            assert teller is not None
            said.append(teller._rows)
    assert said == [10, 30]
    progress.told(5)
