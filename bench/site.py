"""A whole site as its operator runs it: own database, gunicorn and a worker, real processes.

For the browser's walks (tests/e2e/site.py) and for the bench of the report's page.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Site:
    """Where the site answers, the environment its commands need, and its base before any row."""

    url: str
    env: dict[str, str]
    bare: str = ""

    def manage(self, *args: str) -> str:
        """Run one management command of this site and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *args],
            cwd=ROOT,
            env={**self.env, "REPERES_PROCESS": "manage"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


@contextlib.contextmanager
def running_site(
    local: Path,
    database: Mapping[str, str],
    territory: Path | None = None,
    *,
    limits: bool = False,
    like: Site | None = None,
    static: Path | None = None,
) -> Iterator[Site]:
    """Create a database, load the demo, serve web and worker; end them all on the way out.

    `local` is a folder of its own; `database` holds Django's keys of a base on the same server.
    With `limits`, strangers are slowed and solve proofs of work, as in production. A site `like`
    another that runs takes its tables and its static files, which half a minute would make again;
    `static` is a folder of files collected from the same sources.
    """
    name = f"{database['NAME']}_{local.name}_{os.getpid()}"
    base = {
        **os.environ,
        "REPERES_LOCAL": str(local),
        "REPERES_DEMO": "1",
        "REPERES_LIMITS": "on" if limits else "off",
        "REPERES_GEO_API": "non",
    }
    if territory:
        base["REPERES_TERRITOIRES"] = str(territory)
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    admin = _connect(database, "postgres")
    bare = f"{name}_bare"
    _copy(admin, like.bare if like else "template_postgis", name)
    env = {**base, "DATABASE_URL": _url(database, name), "REPERES_PUBLIC_URL": url}
    site, children = Site(url, env, bare), []
    try:
        if like:
            static = Path(like.env["REPERES_LOCAL"]) / "static"
        else:
            site.manage("migrate", "-v0")
        if static:
            shutil.copytree(static, local / "static")
        else:
            site.manage("collectstatic", "--noinput", "-v0")
        _copy(admin, name, bare)
        site.manage("load_demo")
        children = [
            _start(env, "web", "-m", "gunicorn", "config.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "4"),
            _start(env, "worker", "manage.py", "procrastinate", "worker"),
        ]
        _wait_until_ready(url)
        yield site
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(timeout=30)
        for made in (name, bare):
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(made)))
        admin.close()


def _copy(admin: "psycopg.Connection[tuple[object, ...]]", source: str, name: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    admin.execute(statement.format(sql.Identifier(name), sql.Identifier(source)))


def _start(env: dict[str, str], process: str, *args: str) -> "subprocess.Popen[bytes]":
    log = Path(env["REPERES_LOCAL"]) / f"{process}.log"
    with log.open("wb") as stream:
        return subprocess.Popen(
            [sys.executable, *args],
            cwd=ROOT,
            env={**env, "REPERES_PROCESS": process},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )


def _connect(database: Mapping[str, str], name: str) -> "psycopg.Connection[tuple[object, ...]]":
    keys = {"user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    given = {key: database[django] for key, django in keys.items() if database.get(django)}
    return psycopg.connect(dbname=name, autocommit=True, **given)  # type: ignore[arg-type]


def _url(database: Mapping[str, str], name: str) -> str:
    return f"postgresql://{database['USER']}@/{name}?host={database['HOST']}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(url: str) -> None:
    for _ in range(300):
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(f"{url}/readyz", timeout=30),  # noqa: S310  # our own server
        ):
            return
        time.sleep(0.1)
    raise AssertionError("the site did not become ready")
