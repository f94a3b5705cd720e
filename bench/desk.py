"""The mayor's desk: what the queue costs when a hundred thousand reports wait, beside the same page empty."""

from bench.database import BenchDatabase
from bench.desk_gestures import gestures
from bench.measure import product
from bench.report import Line

PENDING = 100_000
# Reports that are copied to make these.
MODELS = 2_000
REQUESTS = 60


def run(database: BenchDatabase, sizes: dict[int, int], rounds: int) -> list[Line]:
    """Return the p95 of the queue at 100,000 pending against an empty one, and the gestures of a queue.

    On a base of its own: an official has a mandate in an EPCI, and the country's outlines name none.
    """
    database = database.of_a_departement()
    database.prepare(small=1_000, large=2_000, pending=MODELS, national=False, fresh=False)
    found = product(
        "queue", database.environment("web"), pending=PENDING, requests=REQUESTS, rounds=max(2, rounds)
    )
    return [
        _ratio("File d'un maire, 100 000 en attente (p95), contre la même page vide", found, "mayor", 3),
        _ratio("… d'un référent d'intercommunalité", found, "epci", 3),
        _ratio("… page suivante, dans une fenêtre plus loin", found, "further", None),
        *gestures(database),
    ]


def _ratio(name: str, found: dict[str, float], measured: str, limit: float | None) -> Line:
    ratio = found[measured] / found["empty"]
    detail = f"{ratio:.2f} ({found[measured] * 1e3:.0f} ms contre {found['empty'] * 1e3:.0f} ms)"
    return Line(name, detail, f"≤ {limit}" if limit else "", ratio <= limit if limit else None)
