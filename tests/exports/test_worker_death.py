"""A worker killed while it builds leaves nothing anybody can see, and the next one builds it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from config.jobs import retry_stalled_jobs
from couches.models import CoucheVersion
from exports.build import WORKSHOP, absolute, build, sweep_leftovers
from exports.demands import read_demand
from exports.models import ExportFile
from tests import factories
from tests.database import program_environment
from tests.exports.factories import REPORT, change, release
from tests.exports.reading import body, rows
from tests.jobs import run_job

pytestmark = pytest.mark.usefixtures("committed")
ROOT = Path(__file__).resolve().parents[2]
POINTS = 20_000
Worker = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def large(committed: None) -> CoucheVersion:
    """A version that takes long enough to build to be caught at it."""
    factories.CommuneFactory()
    return release(
        *(
            change(geom=Point(2.40 + rank / 1_000_000, 44.93, srid=4326), attributes=REPORT)
            for rank in range(POINTS)
        )
    )


@pytest.fixture
def worker(exports_root: Path) -> Iterator[Worker]:
    """Start a real worker on the test database; it ends when nothing waits."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environment = program_environment(REPERES_PROCESS="worker", REPERES_EXPORTS=str(exports_root))
        command = [sys.executable, "manage.py", "procrastinate", "worker", "--one-shot", "-q", "exports"]
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment))  # our own command
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_until(happens: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for something the process does; it must not end before."""
    for _pause in range(12_000):
        if happens():
            return
        assert process.poll() is None, "the worker ended before"
        time.sleep(0.005)
    raise AssertionError("the worker never came to it")


@pytest.mark.parametrize("form", ["gpkg", "shp"])
def test_a_killed_build_is_invisible_then_whole(
    large: CoucheVersion, worker: Worker, exports_root: Path, form: str
) -> None:
    """SIGKILL in the middle: no row, no file, still 202; then the same job makes the file."""
    emma, url = Client(headers={"accept": "*/*"}), f"/exports/zones-blanches/1/?format={form}"
    assert emma.get(url).status_code == 202
    first = worker()
    wait_until(lambda: any((exports_root / WORKSHOP).glob("*/couches/*")), first)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert not ExportFile.objects.exists()
    assert [path.name for path in exports_root.iterdir()] == [WORKSHOP]
    response = emma.get(url)
    assert (response.status_code, response.json()["status"]) == (202, "en-construction")
    assert ProcrastinateJob.objects.filter(task_name="exports.build").count() == 1

    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'")
    run_job(retry_stalled_jobs.func, timestamp=0)
    assert worker().wait(timeout=120) == 0

    row = ExportFile.objects.get()
    taken = body(emma.get(url))
    assert len(taken) == row.size
    path = absolute(row)
    assert len(rows(f"/vsizip/{path}" if form == "shp" else path)[1]) == POINTS
    assert sweep_leftovers() == 0
    assert sweep_leftovers(older_than=0) == 1
    assert not any((exports_root / WORKSHOP).iterdir())
    # The worker and this process make the same bytes.
    path.unlink()
    assert build(read_demand(large, {"format": form})).sha256 == row.sha256


def test_two_workers_do_not_build_the_same_file(large: CoucheVersion, exports_root: Path) -> None:
    """The second leaves it to the first: the lock is a database session's, and dies with it."""
    demand = read_demand(large, {"format": "gpkg"})
    from exports.jobs import build_file

    other = connection.copy()
    key = "SELECT pg_try_advisory_lock(%s)"
    from exports.build import lock_key

    try:
        with other.cursor() as cursor:
            cursor.execute(key, [lock_key(demand)])
        build_file(slug="zones-blanches", number=1, format_name="gpkg", crs="2154", territory="")
        assert not ExportFile.objects.exists()
    finally:
        other.close()
    build_file(slug="zones-blanches", number=1, format_name="gpkg", crs="2154", territory="")
    assert ExportFile.objects.get().feature_count == POINTS


def test_a_download_given_up_leaves_no_query_behind(large: CoucheVersion) -> None:
    """Closing a stream half-way cancels its COPY; the connection serves the next request."""
    response = Client().get("/exports/zones-blanches/1/?format=geojson")
    chunks = iter(response.streaming_content)  # type: ignore[attr-defined]  # a stream
    assert next(chunks).startswith(b'{"type":"FeatureCollection"')
    response.close()
    del chunks, response
    assert len(body(Client().get("/exports/zones-blanches/1/?format=csv"))) > 100_000
