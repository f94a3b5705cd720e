"""A CSV of many rows proposed whole, and the very rows copied again by PostgreSQL alone."""

import csv
import datetime as dt
import hashlib
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection

from config.seeding import draw_attributes, draw_places
from contributions.imports.mapping import guess
from contributions.imports.run import Sender, Source, process
from couches.columns import Column, columns_of
from couches.models import Couche

SLUG = "zones-blanches"
POOL = 2_000
_FORGET = """
SET session_replication_role = replica;
DELETE FROM contributions_contribution WHERE channel = 'import';
RESET session_replication_role
"""


def import_rows(*, rows: int, seed: int) -> dict[str, Any]:
    """Return the seconds and the peak memory of a whole import, and the seconds of the same rows by COPY."""
    couche = Couche.objects.get(slug=SLUG)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "points.csv"
        head = _write(path, couche, rows, seed)
        mapping = guess(couche, head, has_geometry=False)
        day = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        source = Source(path, hashlib.sha256(str(time.time_ns()).encode()).hexdigest(), day, mapping)
        started = time.perf_counter()
        errors = Path(folder) / "erreurs.csv"
        counts = process(couche, source, Sender(None, None), wet=True, errors=errors).counts
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peak_mb": peak, "entered": counts["create"], "copy": _copy_again()}


def _write(path: Path, couche: Couche, rows: int, seed: int) -> list[str]:
    """Write a CSV as our exports are, and return the names of its columns."""
    rng = random.Random(seed)  # made-up data
    places = draw_places(rows, seed=seed)
    columns = [column for column in columns_of(couche) if column.path and not column.excluding]
    pool = [list(_flat(columns, draw_attributes(couche, rng))) for _ in range(POOL)]
    head = [*(column.name for column in columns), "longitude", "latitude", "date"]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(head)
        for x, y in zip(places.x.tolist(), places.y.tolist(), strict=True):
            writer.writerow([*pool[rng.randrange(POOL)], x, y, "2026-05-04"])
    return head


def _flat(columns: list[Column], answers: dict[str, Any]) -> Iterator[Any]:
    for column in columns:
        value: Any = answers
        if column.key:
            key, wanted = column.key
            value = next((one for one in answers.get(column.path[0], ()) if one.get(key) == wanted), {})
        for part in column.path[-1:] if column.key else column.path:
            value = value.get(part) if isinstance(value, dict) else None
        yield "|".join(value) if column.kind == "list" and value else "" if value is None else value


def _copy_again() -> float:
    """Return the seconds of PostgreSQL putting the same rows into the same indexes, nothing judged nor located."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS contributions_limit")
        cursor.execute("CREATE TABLE contributions_limit (LIKE contributions_contribution INCLUDING ALL)")
        names = _stored_columns(cursor)
        started = time.perf_counter()
        cursor.execute(
            f"INSERT INTO contributions_limit ({names}) SELECT {names} "  # our own columns
            "FROM contributions_contribution WHERE channel = 'import'"
        )
        seconds = time.perf_counter() - started
        cursor.execute("DROP TABLE contributions_limit")
        cursor.execute(_FORGET)
    return seconds


def _stored_columns(cursor: Any) -> str:
    cursor.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
        "WHERE attrelid = 'contributions_contribution'::regclass AND attnum > 0 "
        "AND NOT attisdropped AND attgenerated = ''"
    )
    return str(cursor.fetchone()[0])
