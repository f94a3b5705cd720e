"""The benches' own database: made from the cluster's template, sown once, kept for the next run."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
EXTENSIONS = ("postgis", "btree_gist", "unaccent", "pg_trgm")
SEED = 20


class BenchDatabase:
    """A database beside the one of DATABASE_URL, named after it."""

    def __init__(self, url: str, suffix: str = "bench") -> None:
        """Take the product's address; nothing is made before `prepare`."""
        self._base_url = url
        parts = urlsplit(url)
        self.name = f"{parts.path.lstrip('/') or 'reperes'}_{suffix}"
        self.url = urlunsplit(parts._replace(path=f"/{self.name}"))

    def environment(self, process: str = "manage") -> dict[str, str]:
        """Return the environment of our programs, and of PostgreSQL's own, on this database."""
        known = psycopg.conninfo.conninfo_to_dict(self.url)
        names = {
            "host": "PGHOST",
            "port": "PGPORT",
            "user": "PGUSER",
            "password": "PGPASSWORD",
            "dbname": "PGDATABASE",
        }
        libpq = {variable: str(known[key]) for key, variable in names.items() if known.get(key)}
        # What the web role has: psql and ogr2ogr must run under the same conditions.
        options = "-c jit=off -c max_parallel_workers_per_gather=0"
        return {
            **os.environ,
            **libpq,
            "PGOPTIONS": options,
            "DATABASE_URL": self.url,
            "REPERES_PROCESS": process,
            "REPERES_DEMO": "1",
            "REPERES_LIMITS": "off",
            "REPERES_LOG_LEVEL": "ERROR",
            "SECRET_KEY": os.environ.get("SECRET_KEY") or "0" * 50,
        }

    def prepare(self, *, small: int, large: int, pending: int, national: bool, fresh: bool) -> None:
        """Make and sow the database unless the last run left the same one.

        A million points need the communes of the whole country: in a département they would
        lie twenty times denser than anybody will ever report.
        """
        wanted = f"{small}/{large}/{pending}/{'national' if national else 'local'}"
        if not fresh and self._sown() == wanted:
            self._manage("migrate", "--no-input")
            return
        self._create()
        self._manage("migrate", "--no-input")
        self._territory(national)
        # Version 1 holds the small number, version 2 the large one: the same couche, the same columns.
        self._manage("seed_points", str(small), "--seed", str(SEED))
        self._manage("seed_points", str(large - small), "--seed", str(SEED + 1), "--pending", str(pending))
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            statement = sql.SQL("COMMENT ON DATABASE {} IS {}")
            connection.execute(statement.format(sql.Identifier(self.name), sql.Literal(wanted)))

    def smaller(self) -> "BenchDatabase":
        """Return another base on the same server, for a small couche beside the large one."""
        return BenchDatabase(self._base_url, "bench_petite")

    def of_a_departement(self) -> "BenchDatabase":
        """Return another base on the same server, of the demonstration's communes.

        They have their EPCI and their town halls, which a file of outlines does not tell.
        """
        return BenchDatabase(self._base_url, "bench_departement")

    def _sown(self) -> str | None:
        """Return what the database holds, as its comment says; the comment is written last."""
        with psycopg.connect(self._base_url) as connection:
            query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
            row = connection.execute(query, [self.name]).fetchone()
        return row[0] if row else None

    def _create(self) -> None:
        name = sql.Identifier(self.name)
        template = os.environ.get("REPERES_TEMPLATE") or "template0"
        with psycopg.connect(self._base_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(statement.format(name, sql.Identifier(template)))
        with psycopg.connect(self.url, autocommit=True) as connection:
            for extension in EXTENSIONS:
                connection.execute(
                    sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
                )

    def _territory(self, national: bool) -> None:
        data = Path(os.environ.get("REPERES_DATA") or ROOT.parent / "shared" / "data")
        country = data / "communes-france-2018.geojson.zip"
        cantal = data / "cantal" / "cantal-communes-cog2026-derived.geojson"
        if national and country.is_file():
            moves = data / "mouvements-communes.csv"
            extra = ["--moves", str(moves)] if moves.is_file() else []
            self._manage("sync_territoires", "--boundaries", str(country), *extra, "--wet-run")
        elif cantal.is_file():
            self._manage("load_demo", REPERES_TERRITOIRES=str(cantal))
        else:
            self._manage("load_demo", REPERES_TERRITOIRES="")

    def _manage(self, *arguments: str, **extra: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        environment = self.environment() | extra
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"manage.py {' '.join(arguments)} :\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
