"""The site through a real pgbouncer that lends connections by transaction."""

import json
import shutil
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from tests.scale.clusters import (
    ROOT,
    Cluster,
    Site,
    copy_of_the_schema,
    environment,
    python,
    run,
    serving,
    unprivileged,
    until,
    workplace,
)

POOLER_PORT = 6001
PUBLISH = """
from tests.exports.factories import change, release
from tests.moderation.factories import town
town(); release(*[change() for _ in range(400)])
"""
TIMEOUT = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SHOW statement_timeout")
    print(cursor.fetchone()[0])
"""
CONFIG = """
[databases]
* = host={folder} port={port} user=reperes
[pgbouncer]
listen_addr =
listen_port = {pooler}
unix_socket_dir = {folder}
auth_type = any
pool_mode = transaction
default_pool_size = 2
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
"""


@pytest.fixture
def primary(db: None) -> Iterator[Cluster]:
    with workplace() as folder:
        cluster = Cluster(folder, 5003)
        try:
            cluster.create()
            copy_of_the_schema(cluster, connection.settings_dict)
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture
def pooled(primary: Cluster) -> Iterator[dict[str, str]]:
    """Run pgbouncer; return the environment of a site that goes through it."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    folder = primary.folder
    config = folder / "pgbouncer.ini"
    config.write_text(CONFIG.format(folder=folder, port=primary.port, pooler=POOLER_PORT), encoding="utf-8")
    process = subprocess.Popen(
        unprivileged(program, str(config)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
    )
    try:
        until(lambda: Path(folder / f".s.PGSQL.{POOLER_PORT}").exists(), "pgbouncer listens")
        url = f"postgresql://reperes@/reperes?host={folder}&port={POOLER_PORT}"
        yield environment(
            url, folder / "local", REPERES_POOLER="transaction", REPERES_DIRECT_URL=primary.url()
        )
    finally:
        process.terminate()
        process.wait(timeout=20)


def checks(site: Site) -> dict[str, bool]:
    found: dict[str, bool] = json.loads(site.get("/readyz")[1])["checks"]
    return found


def report(site: Site) -> int:
    body = {
        "id": str(uuid.uuid4()),
        "secret": "s" * 30,
        "couche": "zones-blanches",
        "geometry": {"type": "Point", "coordinates": [2.44, 44.93]},
        "attributes": {"operators": [{"operator": "20801", "calls": "none"}]},
        "observed_at": timezone.now().isoformat(),
        "position_source": "gps",
        "channel": "web",
    }
    request = urllib.request.Request(
        f"{site.url}/api/v1/contributions/",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Origin": site.url, "Sec-Fetch-Site": "same-origin"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(answer.status)


def test_the_site_works_through_it_once_the_role_has_its_limits(
    primary: Cluster, pooled: dict[str, str]
) -> None:
    python(PUBLISH, pooled)
    with serving({**pooled, "REPERES_PUBLIC_URL": "http://127.0.0.1"}, primary.folder) as site:
        assert checks(site)["limits"] is False, "a request could hold the database for ever"
    manage = (str(ROOT / "manage.py"), "session_limits", "reperes")
    env = {**pooled, "REPERES_PROCESS": "manage"}
    assert "À blanc" in run(sys.executable, *manage, env=env)
    run(sys.executable, *manage, "--wet-run", env=env)
    assert python(TIMEOUT, env).strip() == "0", "the role's limits are the pages': a migration has none"
    # A connection keeps the limits it was opened with: pgbouncer's RECONNECT, in a test.
    primary.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with serving({**pooled, "REPERES_PUBLIC_URL": "http://127.0.0.1"}, primary.folder) as site:
        assert all(checks(site).values()), checks(site)
        assert report(site) == 201
        assert primary.sql("SELECT count(*) FROM contributions_contribution WHERE channel = 'web'") == 1
        _many_at_once(site)


def _many_at_once(site: Site) -> None:
    """Four streams and four pages on two connections: each whole, none another's."""
    paths = [
        "/exports/zones-blanches/1/?format=geojson",
        "/ogc/collections/zones-blanches/items?limit=1000",
    ] * 4
    with ThreadPoolExecutor(8) as pool:
        for status, body in pool.map(site.get, paths):
            assert status == 200 and len(json.loads(body)["features"]) == 400
