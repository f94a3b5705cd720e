"""A real site on loopback, a real PostGIS to keep in step, and the client as its own process."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer

SOURCE = Path(__file__).resolve().parents[2] / "exports" / "client" / "src"
SCHEMA = "etat"
TABLE = f"{SCHEMA}.zones_blanches"


@pytest.fixture
def committed(committed: None) -> Iterator[None]:
    """Real commits: the site and the client are others. The client's own schema goes after."""
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


@pytest.fixture
def db(committed: None) -> None:
    """The cast's communes are committed too."""


@pytest.fixture
def site(committed: None) -> Iterator[str]:
    """Where the site answers."""
    server = LiveServer("localhost")
    yield server.url
    server.stop()


def dsn() -> str:
    """The database of the tests, as libpq names it."""
    parts: dict[str, Any] = connection.settings_dict
    known = {"dbname": parts["NAME"], "user": parts["USER"], "host": parts["HOST"], "port": parts["PORT"]}
    return " ".join(f"{name}={value}" for name, value in known.items() if value)


@dataclass
class Client:
    """`reperes-suivre`, started as cron does."""

    url: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *options: str, table: str = TABLE) -> subprocess.Popen[str]:
        """Start it and go on."""
        command = [
            sys.executable, "-m", "reperes_suivre", f"{self.url}/couches/zones-blanches/",
            "--table", table, "--dossier", str(self.folder), "--essais", "2", *options,
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "REPERES_DSN": dsn(), **self.environment}
        environment["PGPASSWORD"] = connection.settings_dict["PASSWORD"]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *options: str, table: str = TABLE, code: int = 0) -> str:
        """Run it to its end; return what it said."""
        process = self.start(*options, table=table)
        out, said = process.communicate(timeout=60)
        assert process.returncode == code, said
        assert not out
        return said


@pytest.fixture
def client_program(site: str, tmp_path: Path) -> Client:
    """The client, on this site."""
    return Client(site, tmp_path / "telechargements")


@pytest.fixture
def follower() -> Iterator[psycopg.Connection[Any]]:
    """The State's side of the database."""
    with psycopg.connect(
        dsn(), password=connection.settings_dict["PASSWORD"] or None, autocommit=True
    ) as opened:
        yield opened


Differences = Callable[[int], list[Any]]

_DIFFERENCES = """
WITH published AS (
    SELECT f.id, f.number, round(ST_X(v.geom)::numeric, 7) AS lon, round(ST_Y(v.geom)::numeric, 7) AS lat,
        v.geom::text AS geom, v.attributes, v.commune_id::text AS code_insee, v.observations,
        v.distinct_observers, v.last_observed_on, round(v.accuracy_m::numeric, 1) AS accuracy_m, v.near_border,
        v.self_accepted, v.origin::text AS origin
    FROM couches_featureversion v JOIN couches_feature f ON f.id = v.feature_id
    JOIN territoires_commune c ON c.code_insee = v.commune_id
    WHERE v.couche_id = (SELECT id FROM couches_couche WHERE slug = 'zones-blanches')
      AND v.from_version <= %(n)s AND (v.to_version IS NULL OR v.to_version > %(n)s)
      AND (%(commune)s::text IS NULL OR v.commune_id = %(commune)s)
), held AS (
    SELECT id, number, lon, lat, geom::text AS geom, attributes, code_insee, observations, distinct_observers,
        last_observed_on, accuracy_m, near_border, self_accepted, origin
    FROM {table} WHERE retired_at IS NULL
)
(SELECT 'missing', * FROM (SELECT * FROM published EXCEPT ALL SELECT * FROM held) m)
UNION ALL (SELECT 'extra', * FROM (SELECT * FROM held EXCEPT ALL SELECT * FROM published) e)
"""


def differences(
    follower: psycopg.Connection[Any], number: int, *, table: str = TABLE, commune: str | None = None
) -> list[Any]:
    """Return every row that is not the same, byte for byte, on the two sides."""
    query = _DIFFERENCES.replace("{table}", table)
    return follower.execute(query, {"n": number, "commune": commune}).fetchall()  # type: ignore[arg-type]


def held_version(follower: psycopg.Connection[Any], table: str = TABLE) -> int | None:
    """Return the version that the table says it holds."""
    if follower.execute("SELECT to_regclass(%s)", [f"{SCHEMA}.reperes_suivi"]).fetchone() == (None,):
        return None
    name = table.rpartition(".")[2]
    row = follower.execute(
        f"SELECT version FROM {SCHEMA}.reperes_suivi WHERE table_name = %s", [name]
    ).fetchone()
    return row[0] if row else None
