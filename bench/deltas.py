"""The delta of a few changes: against psql on the same SQL, and on a small couche against a large one."""

import tempfile

from bench.database import BenchDatabase
from bench.measure import interleaved, product, timed_program
from bench.report import Line

CHANGES = 2_000


def run(database: BenchDatabase, sizes: dict[int, int], rounds: int) -> list[Line]:
    """Return the lines of the report; the same number of changes in two couches of different sizes."""
    small = database.smaller()
    small.prepare(small=sizes[1] // 2, large=sizes[1], pending=0, national=False, fresh=False)
    numbers = {
        one.name: product("changes", one.environment("worker"), count=CHANGES)["number"]
        for one in (small, database)
    }
    statement = product("delta_statement", database.environment(), number=numbers[database.name])["sql"]

    def ours(one: BenchDatabase) -> tuple[float, float]:
        found = product("delta", one.environment("web"), number=numbers[one.name])
        return found["seconds"], found["peak_mb"]

    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(statement)
        script.flush()
        command = ["psql", "-X", "-q", "-f", script.name]
        best = interleaved(
            rounds,
            {
                "large": lambda: ours(database),
                "small": lambda: ours(small),
                "psql": lambda: timed_program(command, database.environment()),
            },
        )
    large, little, psql = (best[name].seconds for name in ("large", "small", "psql"))
    return [
        Line(
            f"Delta de {CHANGES:,} changements, couche de {sizes[2]:,} contre {sizes[1]:,}",
            f"{large / little:.2f} ({large * 1000:.0f} ms contre {little * 1000:.0f} ms)",
            "≤ 1.5",
            large / little <= 1.5,
        ),
        Line(
            f"Delta de {CHANGES:,} changements, couche de {sizes[2]:,}, contre psql COPY",
            f"{large / psql:.2f} ({large * 1000:.0f} ms contre {psql * 1000:.0f} ms)",
            "≤ 1.3",
            large / psql <= 1.3,
        ),
    ]
