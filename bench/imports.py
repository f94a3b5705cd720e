"""A file of many points proposed whole: seconds, memory, and the same rows put in place by PostgreSQL alone."""

from bench.database import BenchDatabase
from bench.measure import product
from bench.report import Line

ROWS = 1_000_000
SECONDS = 180
SEED = 7


def run(database: BenchDatabase, sizes: dict[int, int], rounds: int) -> list[Line]:
    """Return the lines of the report; a tenth of the rows says whether memory is flat."""
    environment = database.environment("worker")
    rows = min(ROWS, sizes[2])
    small = product("import_rows", environment, rows=rows // 10, seed=SEED)
    large = product("import_rows", environment, rows=rows, seed=SEED)
    seconds, limit = large["seconds"], large["copy"]
    grown = large["peak_mb"] - small["peak_mb"]
    return [
        Line(
            f"Import de {large['entered']:,} lignes d'un CSV",
            f"{seconds:.0f} s, soit {seconds / rows * 1_000_000:.0f} s par million",
            f"≤ {SECONDS} s par million",
            seconds / rows * 1_000_000 <= SECONDS,
        ),
        Line(
            "Contre les mêmes lignes copiées par PostgreSQL, sans rien juger ni situer",
            f"{seconds / limit:.1f} ({seconds:.0f} s contre {limit:.0f} s)",
            "",
            None,
        ),
        Line(
            f"Mémoire de {rows:,} lignes contre {rows // 10:,}",
            f"{large['peak_mb']:.0f} Mo contre {small['peak_mb']:.0f} Mo",
            "+ 150 Mo au plus",
            grown <= 150,
        ),
    ]
