"""What is measured of the product, each verb in a process of its own: `python -m bench.product VERB JSON`.

Times leave out Python's start; the peak of memory is the whole process's.
"""

import functools
import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
import psycopg

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.gis.geos import Point  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench import product_deltas, product_desk, product_imports, product_ogc, product_tiles  # noqa: E402
from contributions.duplicates import FIND_NEAR, NEAR_M, find_near  # noqa: E402
from contributions.submission import Submission, submit  # noqa: E402
from couches.columns import columns_of  # noqa: E402
from couches.models import Couche, CoucheVersion  # noqa: E402
from exports import rows, streams  # noqa: E402
from exports.build import build  # noqa: E402
from exports.demands import read_demand  # noqa: E402
from territoires.location import locate  # noqa: E402
from territoires.models import Commune  # noqa: E402
from territoires.querysets import box_around  # noqa: E402

SLUG = "zones-blanches"
# The country spans several legal projections; one file holds them all in degrees only.
SRID = 4326


def _version(number: int) -> CoucheVersion:
    return CoucheVersion.objects.select_related("couche").get(couche__slug=SLUG, number=number)


def statement(*, kind: str, number: int) -> dict[str, Any]:
    """Return the very SQL the product runs, for psql and ogr2ogr to run it too."""
    version = _version(number)
    selection, columns = rows.Selection(version), columns_of(version.couche)
    connection.ensure_connection()
    native = connection.connection
    if kind == "geojson":
        text = rows.geojson_rows(selection, columns).as_string(native)
        return {"sql": f"COPY ({text}) TO STDOUT {streams.RAW_ROWS.as_string(native)}"}
    return {"sql": rows.flat_rows(selection, columns, SRID, geometry=True).as_string(native)}


def geojson(*, number: int) -> dict[str, Any]:
    """Stream a version to nowhere."""
    demand = read_demand(_version(number), {"format": "geojson"})
    started, size, first = time.perf_counter(), 0, 0.0
    with Path(os.devnull).open("wb") as nowhere:
        for chunk in streams.stream(demand):
            first = first or time.perf_counter() - started
            size += nowhere.write(chunk)
    return {"seconds": time.perf_counter() - started, "bytes": size, "first": first}


def file(*, number: int, form: str) -> dict[str, Any]:
    """Build a file as the worker does: written, zipped if need be, hashed, flushed, moved."""
    with tempfile.TemporaryDirectory(prefix="reperes-bench-") as folder:
        settings.EXPORTS_ROOT = Path(folder)
        demand = read_demand(_version(number), {"format": form, "crs": str(SRID)})
        started = time.perf_counter()
        row = build(demand)
        seconds = time.perf_counter() - started
        row.delete()
    return {"seconds": seconds, "bytes": row.size}


def _places(count: int, *, seed: int) -> list[Point]:
    """Return points as a resident sends them: where people are, at a random moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_X(geom), ST_Y(geom) FROM couches_featureversion TABLESAMPLE BERNOULLI (1) REPEATABLE (%s)",
            [seed],
        )
        known = cursor.fetchall()
    rng = random.Random(seed)  # a bench
    chosen = rng.choices(known, k=count)
    return [Point(x, y, srid=4326) for x, y in chosen]


def _interleaved(
    rounds: int, points: list[Point], verbs: dict[str, Callable[[Point], Any]]
) -> dict[str, float]:
    """Return the best median of each verb, in seconds, point after point."""
    best = dict.fromkeys(verbs, float("inf"))
    for _round in range(rounds):
        times: dict[str, list[float]] = {name: [] for name in verbs}
        for point in points:
            for name, verb in verbs.items():
                started = time.perf_counter()
                verb(point)
                times[name].append(time.perf_counter() - started)
        best = {name: min(best[name], statistics.median(times[name])) for name in verbs}
    return best


@functools.cache
def _bare() -> psycopg.Connection[Any]:
    """Open a connection that prepares what it runs: what is left is the database's own cost."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=0)


def _run(query: str, parameters: Any = None) -> Any:
    """Run a prepared statement on the bare connection."""
    return _bare().execute(query, parameters, binary=True).fetchall()


def lookup(*, count: int, rounds: int) -> dict[str, float]:
    """Which commune is this point in: the product's SQL, then the whole verb.

    The empty round trip carries the same parameters there and back: what is compared is the
    work of the database, not the driver's way with bytes. `bare` carries nothing.
    """
    query, parameters = (
        Commune.objects.covering(Point(0, 0, srid=4326)).values("code_insee")[:1].query.sql_with_params()
    )
    place = next(index for index, value in enumerate(parameters) if not isinstance(value, int | str))

    def by_sql(point: Point) -> Any:
        given = list(parameters)
        given[place] = point.ewkb
        return _run(query, given)

    return _interleaved(
        rounds,
        _places(count, seed=1),
        {
            "bare": lambda point: _run("SELECT 1"),
            "empty": lambda point: _run("SELECT %s::bytea", [point.ewkb]),
            "sql": by_sql,
            "verb": locate,
        },
    )


def duplicates(*, count: int, rounds: int) -> dict[str, float]:
    """What lies within 100 m: the product's SQL, then the whole verb."""
    couche = Couche.objects.get(slug=SLUG)

    def given(point: Point) -> dict[str, Any]:
        return {
            "point": point.ewkb,
            "box": box_around(point, NEAR_M).ewkb,
            "couche": couche.pk,
            "exclude": None,
            "practice_of": None,
            "radius": NEAR_M,
            "limit": 10,
        }

    empty = """SELECT %(point)s::bytea, %(box)s::bytea, %(couche)s::bigint, %(exclude)s::uuid,
                      %(radius)s::float8, %(limit)s::int"""
    return _interleaved(
        rounds,
        _places(count, seed=2),
        {
            "bare": lambda point: _run("SELECT 1"),
            "empty": lambda point: _run(empty, given(point)),
            "sql": lambda point: _run(FIND_NEAR, given(point)),
            "verb": lambda point: find_near(point, couche),
        },
    )


def submission(*, count: int) -> dict[str, float]:
    """Submit reports one after the other, each acknowledged before the next."""
    places = _places(count, seed=random.SystemRandom().randrange(10_000))
    waiting = [
        Submission(
            id=str(uuid.uuid4()),
            secret=uuid.uuid4().hex,
            couche=SLUG,
            geometry={"type": "Point", "coordinates": [point.x, point.y]},
            attributes={"operators": [{"operator": "20801", "calls": "none"}], "display": "no_service"},
            observed_at=timezone.now().isoformat(),
            accuracy_m=12.5,
            position_source="gps",
            channel="web",
        )
        for point in places
    ]
    submit(waiting.pop())
    started = time.perf_counter()
    for one in waiting:
        submit(one)
    return {"per_second": len(waiting) / (time.perf_counter() - started)}


def machine() -> dict[str, Any]:
    """Say on what this ran, in general terms."""
    import pyogrio

    with connection.cursor() as cursor:
        facts = {}
        for name in ("server_version", "fsync", "synchronous_commit", "shared_buffers", "work_mem"):
            cursor.execute("SELECT current_setting(%s)", [name])
            facts[name] = cursor.fetchone()[0]
        cursor.execute(
            "SELECT postgis_lib_version(), (SELECT count(*) FROM territoires_commune WHERE geom IS NOT NULL)"
        )
        postgis, communes = cursor.fetchone()
    gdal = ".".join(map(str, pyogrio.__gdal_version__))
    return {**facts, "postgis": postgis, "communes": communes, "gdal": gdal, "python": sys.version.split()[0]}


VERBS: dict[str, Callable[..., dict[str, Any]]] = {
    verb.__name__: verb
    for verb in (
        statement,
        geojson,
        file,
        lookup,
        duplicates,
        submission,
        product_desk.queue,
        product_tiles.busy_tile,
        product_ogc.box_of,
        product_ogc.page,
        product_ogc.wfs_page,
        product_deltas.changes,
        product_imports.import_rows,
        product_deltas.delta_statement,
        product_deltas.delta,
        machine,
    )
}

if __name__ == "__main__":
    answer = VERBS[sys.argv[1]](**json.loads(sys.argv[2]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**answer, "peak_mb": peak}))  # read by bench.measure
