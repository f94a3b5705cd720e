"""Exports against psql and ogr2ogr on the same rows."""

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench.database import BenchDatabase
from bench.measure import ROOT, Best, interleaved, product, timed_program
from bench.report import Line

_DRIVERS = {"gpkg": "GPKG", "shp": "ESRI Shapefile", "fgb": "FlatGeobuf"}
# FlatGeobuf sorts its index in memory: about 200 bytes per point, said in the documentation.
_FLAT = {"gpkg", "shp"}


def run(database: BenchDatabase, sizes: dict[int, int], rounds: int) -> list[Line]:
    """Return the lines of the report; `sizes` is {version number: features}."""
    lines: list[Line] = []
    ours = {number: _geojson(database, number, count, rounds, lines) for number, count in sizes.items()}
    first, last = ours.values()
    growth = last.peak_mb - first.peak_mb
    lines.append(
        Line("GeoJSON : mémoire en plus, du petit au grand", f"{growth:.1f} Mo", "≤ 10 Mo", growth <= 10)
    )
    if shutil.which("ogr2ogr") is None:
        lines.append(
            Line("GPKG, Shapefile, FlatGeobuf contre ogr2ogr", "ogr2ogr absent (paquet gdal-bin)", "", None)
        )
        return lines
    for form in _DRIVERS:
        peaks = []
        for number, count in sizes.items():
            # A million rows through four programs: two rounds keep the whole within minutes.
            few = rounds if count <= 100_000 else min(rounds, 2)
            peaks.append(_file(database, form, number, count, few, lines).peak_mb)
        growth = peaks[-1] - peaks[0]
        flat = form in _FLAT
        lines.append(
            Line(
                f"{form} : mémoire en plus, du petit au grand",
                f"{growth:.1f} Mo",
                "≤ 60 Mo" if flat else "",
                growth <= 60 if flat else None,
            )
        )
    return lines


def _geojson(database: BenchDatabase, number: int, count: int, rounds: int, lines: list[Line]) -> Best:
    statement = product("statement", database.environment(), kind="geojson", number=number)["sql"]
    firsts: list[float] = []

    def ours() -> tuple[float, float]:
        found = product("geojson", database.environment("web"), number=number)
        return found["seconds"], found["peak_mb"]

    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script, _served(database) as address:

        def through_http() -> tuple[float, float]:
            seconds, first = _taken(f"{address}/exports/zones-blanches/{number}/?format=geojson")
            firsts.append(first)
            return seconds, 0.0

        script.write(statement)
        script.flush()
        command = ["psql", "-X", "-q", "-f", script.name]
        best = interleaved(
            rounds,
            {
                "ours": ours,
                "http": through_http,
                "psql": lambda: timed_program(command, database.environment()),
            },
        )
    _compare(lines, f"GeoJSON, {count:,} objets, contre psql COPY", best["ours"], best["psql"], 1.3)
    _compare(lines, f"GeoJSON, {count:,} objets, par HTTP, contre psql COPY", best["http"], best["psql"], 1.3)
    first = min(firsts) * 1000
    lines.append(
        Line(
            f"GeoJSON, {count:,} objets : premier octet, par HTTP",
            f"{first:.0f} ms",
            "≤ 100 ms",
            first <= 100,
        )
    )
    return best["ours"]


@contextlib.contextmanager
def _served(database: BenchDatabase) -> Iterator[str]:
    """Serve the site by gunicorn on a free port of the loopback; end it on the way out."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn_conf.py", "--bind", bind]
    process = subprocess.Popen(
        [*command, "config.wsgi:application"],
        cwd=ROOT,
        env=database.environment("web"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://{bind}/healthz", process)
        yield f"http://{bind}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _attempt in range(300):
        if process.poll() is not None:
            sys.exit("gunicorn s'est arrêté avant de servir.")
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):  # noqa: S310  # loopback
            return
        time.sleep(0.1)
    sys.exit("gunicorn n'a pas répondu.")


def _taken(address: str) -> tuple[float, float]:
    """Download to nowhere; return the seconds of the whole, and of the first byte of the body."""
    started = time.perf_counter()
    with urllib.request.urlopen(address, timeout=900) as response:  # noqa: S310  # loopback
        response.read(1)
        first = time.perf_counter() - started
        while response.read(256 * 1024):
            pass
    return time.perf_counter() - started, first


def _file(
    database: BenchDatabase, form: str, number: int, count: int, rounds: int, lines: list[Line]
) -> Best:
    statement = product("statement", database.environment(), kind="flat", number=number)["sql"]

    def ours() -> tuple[float, float]:
        found = product("file", database.environment("worker"), number=number, form=form)
        return found["seconds"], found["peak_mb"]

    def theirs() -> tuple[float, float]:
        with tempfile.TemporaryDirectory(prefix="reperes-bench-") as folder:
            return timed_program(_ogr2ogr(form, Path(folder), statement), database.environment())

    best = interleaved(rounds, {"ours": ours, "ogr2ogr": theirs})
    _compare(lines, f"{form}, {count:,} objets, contre ogr2ogr", best["ours"], best["ogr2ogr"], 1.3)
    return best["ours"]


def _ogr2ogr(form: str, folder: Path, statement: str) -> list[str]:
    query = folder / "query.sql"
    query.write_text(statement, encoding="utf-8")
    command = [
        "ogr2ogr",
        "-f",
        _DRIVERS[form],
        "-q",
        "-a_srs",
        "EPSG:4326",
        "-nln",
        "couche",
        "-nlt",
        "POINT",
    ]
    if form == "shp":
        command += ["-lco", "ENCODING=UTF-8"]
    return [*command, str(folder / f"couche.{form}"), "PG:", "-sql", f"@{query}"]


def _compare(lines: list[Line], name: str, ours: Best, theirs: Best, limit: float) -> None:
    ratio = ours.seconds / theirs.seconds
    detail = f"{ratio:.2f} ({ours.seconds:.2f} s contre {theirs.seconds:.2f} s ; {ours.peak_mb:.0f} Mo)"
    lines.append(Line(name, detail, f"≤ {limit}", ratio <= limit))
