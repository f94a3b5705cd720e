"""Tiles beside an empty view, through the web server, and the same tile in a small couche and in a large one."""

import contextlib
import http.client
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.database import BenchDatabase
from bench.measure import ROOT, product
from bench.report import Line
from bench.site import _free_port, _wait_until_ready

_SLUG = "zones-blanches"
_REQUESTS = 200
# Answers without the database: what any request costs.
_EMPTY = "/healthz"


def run(database: BenchDatabase, sizes: dict[int, int], rounds: int) -> list[Line]:
    """Return the lines of the report; `sizes` is {version number: features}."""
    tiles = {
        number: product("busy_tile", database.environment(), slug=_SLUG, number=number) for number in sizes
    }
    asked: dict[str, tuple[str, dict[str, str]]] = {"empty": (_EMPTY, {})}
    with _served(database) as port:
        for number, tile in tiles.items():
            z, x, y = int(tile["z"]), int(tile["x"]), int(tile["y"])
            asked[f"tile{number}"] = (f"/tuiles/{_SLUG}/{number}/{z}/{x}/{y}.mvt", {})
            asked[f"counts{number}"] = (
                f"/tuiles/{_SLUG}/{number}/8/{x >> (z - 8)}/{y >> (z - 8)}.mvt",
                {},
            )
        first = asked[f"tile{next(iter(sizes))}"][0]
        asked["cached"] = (first, {"If-None-Match": _once(port, first, {})})
        found = _best(port, asked, rounds)
    return _lines(sizes, {number: int(tile["objects"]) for number, tile in tiles.items()}, found)


def _lines(sizes: dict[int, int], objects: dict[int, int], found: dict[str, float]) -> list[Line]:
    lines = []
    for number, count in sizes.items():
        name = f"Tuile de {objects[number]} objets, {count:,} en tout, contre une vue vide"
        lines.append(_ratio(name, found[f"tile{number}"], found["empty"], 4))
        name = f"Tuile d'agrégats (zoom 8), {count:,} en tout, contre une vue vide"
        lines.append(_ratio(name, found[f"counts{number}"], found["empty"], 4))
    name = "Tuile que le client a déjà (304), contre une vue vide"
    lines.append(_ratio(name, found["cached"], found["empty"], 1.2))
    small, large = sizes
    name = "Tuile de même taille, du grand au petit nombre"
    return [*lines, _ratio(name, found[f"tile{large}"], found[f"tile{small}"], 1.5)]


@contextlib.contextmanager
def _served(database: BenchDatabase) -> Iterator[int]:
    """Serve the bench's database with one worker, as in production."""
    port = _free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn_conf.py", "--workers", "1"]
    command += ["--bind", f"127.0.0.1:{port}", "config.wsgi:application"]
    child = subprocess.Popen(command, cwd=ROOT, env=database.environment("web") | {"WEB_CONCURRENCY": "1"})
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}")
        yield port
    finally:
        child.terminate()
        child.wait(timeout=30)


def _once(port: int, path: str, headers: dict[str, str]) -> str:
    """Ask once, and return the ETag."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.headers.get("ETag", "")


def _best(port: int, asked: dict[str, tuple[str, dict[str, str]]], rounds: int) -> dict[str, float]:
    """Return seconds per request of each, the best median of the rounds, on one kept connection."""
    best = dict.fromkeys(asked, float("inf"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _round in range(rounds):
        for name, (path, headers) in asked.items():
            times = sorted(_timed(connection, path, headers) for _time in range(_REQUESTS))
            best[name] = min(best[name], times[_REQUESTS // 2])
    connection.close()
    return best


def _timed(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> float:
    started = time.perf_counter()
    connection.request("GET", path, headers=headers)
    connection.getresponse().read()
    return time.perf_counter() - started


def _ratio(name: str, ours: float, theirs: float, target: float) -> Line:
    ratio = ours / theirs
    return Line(
        name,
        f"{ratio:.2f} ({ours * 1000:.2f} ms contre {theirs * 1000:.2f} ms)",
        f"≤ {str(target).replace('.', ',')}",
        ratio <= target,
    )
