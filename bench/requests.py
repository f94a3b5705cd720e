"""Short work, one point at a time: finding a commune, finding duplicates, taking a report."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from bench.database import BenchDatabase
from bench.measure import product
from bench.report import Line

# What a submission writes at least: one row of the same table, with its indexes.
_INSERT_TABLE = """
DROP TABLE IF EXISTS bench_insert;
CREATE TABLE bench_insert (LIKE contributions_contribution INCLUDING ALL EXCLUDING GENERATED);
INSERT INTO bench_insert SELECT * FROM contributions_contribution ORDER BY id LIMIT 1;
"""
_COLUMNS = """
SELECT column_name FROM information_schema.columns WHERE table_name = 'bench_insert' ORDER BY ordinal_position
"""
_SECONDS = 5


def lookup(database: BenchDatabase, sizes: dict[int, int], rounds: int) -> list[Line]:
    """Return how many empty round trips a commune lookup costs."""
    found = product("lookup", database.environment("web"), count=1_000, rounds=rounds)
    return [
        _ratio("Commune d'un point (SQL), contre un aller-retour vide", found["sql"], found["empty"], 2),
        _ratio("… contre un aller-retour sans paramètre", found["sql"], found["bare"], None),
        _ratio("… le verbe entier (locate : bord et Django compris)", found["verb"], found["empty"], None),
    ]


def duplicates(database: BenchDatabase, sizes: dict[int, int], rounds: int) -> list[Line]:
    """Return how many empty round trips a search for duplicates costs."""
    found = product("duplicates", database.environment("web"), count=1_000, rounds=rounds)
    count = max(sizes.values())
    return [
        _ratio(
            f"Doublons à 100 m, {count:,} objets (SQL), contre un aller-retour vide",
            found["sql"],
            found["empty"],
            4,
        ),
        _ratio("… contre un aller-retour sans paramètre", found["sql"], found["bare"], None),
        _ratio("… le verbe entier (find_near, Django compris)", found["verb"], found["empty"], None),
    ]


def submission(database: BenchDatabase, sizes: dict[int, int], rounds: int) -> list[Line]:
    """Return our submissions per second beside pgbench's single-row inserts."""
    ours = theirs = 0.0
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(_INSERT_TABLE)
        columns = [row[0] for row in connection.execute(_COLUMNS)]
        values = ", ".join("gen_random_uuid()" if name == "id" else f'"{name}"' for name in columns)
        script = f"INSERT INTO bench_insert SELECT {values} FROM bench_insert LIMIT 1;\n"  # our columns
        for _round in range(rounds):
            ours = max(ours, product("submission", database.environment("web"), count=300)["per_second"])
            theirs = max(theirs, _pgbench(database, script))
        connection.execute("DROP TABLE bench_insert")
    ratio = ours / theirs
    return [
        Line(
            "Signalements par seconde (submit), contre pgbench INSERT d'une ligne",
            f"{ratio:.2f} ({ours:.0f}/s contre {theirs:.0f}/s)",
            "≥ 0,25",
            ratio >= 0.25,
        )
    ]


def _pgbench(database: BenchDatabase, script: str) -> float:
    program = shutil.which("pgbench") or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), reverse=True)), None
    )
    if program is None:
        sys.exit("pgbench est absent : il vient avec le serveur PostgreSQL.")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [program, "-n", "-c", "1", "-T", str(_SECONDS), "-M", "prepared", "-f", file.name]
        done = subprocess.run(command, env=database.environment(), capture_output=True, text=True, check=True)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None:
        sys.exit(done.stdout)
    return float(found[1])


def _ratio(name: str, ours: float, empty: float, limit: float | None) -> Line:
    ratio = ours / empty
    detail = f"{ratio:.2f} ({ours * 1e6:.0f} µs contre {empty * 1e6:.0f} µs)"
    return Line(name, detail, f"≤ {limit}" if limit else "", ratio <= limit if limit else None)
