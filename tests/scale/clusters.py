"""Real PostgreSQL clusters and programs of a test: each in its folder, ended by its own handle."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60


def programs() -> Path:
    """Return the folder of PostgreSQL's programs, or skip the test."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_basebackup"))
    other = shutil.which("pg_basebackup")
    if not found and other is None:
        pytest.skip("PostgreSQL's own programs (initdb, pg_basebackup) are not installed")
    return found[-1].parent if found else Path(str(other)).resolve().parent


def unprivileged(*command: str) -> list[str]:
    """Return a command as PostgreSQL and pgbouncer accept it: never as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


def run(*command: str, **options: Any) -> str:
    """Run a program to its end; its words are the failure's."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, cwd="/", **options
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
    return done.stdout


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.1)


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """Yield a folder that PostgreSQL's user owns; sockets need a short path."""
    folder = Path(tempfile.mkdtemp(prefix="rep-", dir="/tmp"))  # a socket's path is short
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Cluster:
    """A cluster in `folder`, reached by a socket there."""

    folder: Path
    port: int
    bin: Path = field(default_factory=programs)

    @property
    def data(self) -> Path:
        return self.folder / f"data{self.port}"

    def url(self, database: str = "reperes") -> str:
        """Return the address of a database of the cluster."""
        return f"postgresql://reperes@/{database}?host={self.folder}&port={self.port}"

    def create(self) -> None:
        """Make an empty cluster that a replica may follow, and start it."""
        run(
            *unprivileged(
                str(self.bin / "initdb"), "-D", str(self.data), "-U", "reperes", "-A", "trust",
                "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
            )
        )  # fmt: skip
        self.start()

    def follow(self, primary: "Cluster") -> None:
        """Become a copy of another cluster that streams what it does, and start."""
        source = ("-h", str(primary.folder), "-p", str(primary.port), "-U", "reperes")
        run(
            *unprivileged(
                str(self.bin / "pg_basebackup"), *source, "-D", str(self.data), "-R", "-X", "stream",
                "--checkpoint=fast", "--no-sync",
            )
        )  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        given = (
            f"-c port={self.port} -c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        )
        run(
            *unprivileged(
                str(self.bin / "pg_ctl"), "-D", str(self.data), "-l", str(self.folder / f"{self.port}.log"),
                "-w", "-t", "60", "-o", given, "start",
            )
        )  # fmt: skip

    def stop(self) -> None:
        """Stop, whatever it is doing; nothing is left to stop of one that was killed."""
        left = self.data / "postmaster.pid"
        if left.exists() and Path(f"/proc/{left.read_text().split()[0]}").exists():
            run(
                *unprivileged(str(self.bin / "pg_ctl"), "-D", str(self.data), "-m", "immediate", "-w", "stop")
            )

    def kill(self) -> None:
        """Die as by a power cut: the postmaster and every process of its session."""
        lines = (self.data / "postmaster.pid").read_text().splitlines()
        children = run("ps", "-o", "pid=", "--ppid", lines[0]).split()
        for pid in (lines[0], *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        until(lambda: not Path(f"/proc/{lines[0]}").exists(), "the postmaster is gone")

    def sql(self, statement: str, database: str = "reperes") -> Any:
        """Return the first value of a statement, in a transaction of its own."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchone()[0] if found.description else None


def copy_of_the_schema(primary: Cluster, source: dict[str, Any]) -> None:
    """Make `reperes` on the cluster, as migrations left the test's own database."""
    dump = primary.folder / "schema.dump"
    host = source["HOST"] or source["OPTIONS"].get("host", "")
    run(
        str(primary.bin / "pg_dump"), "-h", host, "-p", str(source["PORT"] or 5432),
        "-U", source["USER"] or "reperes", "-Fc", "-f", str(dump), source["NAME"],
    )  # fmt: skip
    primary.sql("CREATE DATABASE reperes", "postgres")
    target = ("-h", str(primary.folder), "-p", str(primary.port), "-U", "reperes", "-d", "reperes")
    run(str(primary.bin / "pg_restore"), "--no-owner", *target, str(dump))


def environment(database_url: str, local: Path, **more: str) -> dict[str, str]:
    """Return the environment of a program of ours on another database."""
    for name in ("media", "exports"):
        (local / name).mkdir(parents=True, exist_ok=True)
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "REPERES_DATA") if name in os.environ}
    return {
        **inherited,
        "DATABASE_URL": database_url,
        "SECRET_KEY": "k" * 48,
        "REPERES_LOCAL": str(local),
        "REPERES_PROCESS": "web",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(ROOT),
        **more,
    }


def python(program: str, env: dict[str, str]) -> str:
    """Run a few lines with Django ready, in a process of their own."""
    head = "import django; django.setup()\n"
    return run(sys.executable, "-c", head + program, env={**env, "REPERES_PROCESS": "manage"})


@dataclass(frozen=True)
class Site:
    """A web server of ours in its own process."""

    url: str
    log: Path

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Return the status and the body."""
        request = urllib.request.Request(self.url + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@contextlib.contextmanager
def serving(env: dict[str, str], folder: Path) -> Iterator[Site]:
    """Run gunicorn on a free port of loopback until the test is done."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / f"gunicorn-{port}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "config/gunicorn_conf.py"), "config.wsgi"],
            env={**env, "REPERES_BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "1"},
            cwd=ROOT,
            stdout=stream,
            stderr=stream,
        )
    site = Site(f"http://127.0.0.1:{port}", log)

    def answers() -> bool:
        assert process.poll() is None, log.read_text()[-3000:]
        with contextlib.suppress(OSError):
            return site.get("/healthz")[0] == 200
        return False

    try:
        until(answers, "the server answers")
        yield site
    finally:
        process.terminate()
        process.wait(timeout=40)
