"""Tiles beside an empty view, and the same tile in a small couche and in a large one."""

from bench.database import BenchDatabase
from bench.measure import product
from bench.report import Line

_SLUG = "zones-blanches"
_REQUESTS = 100


def run(database: BenchDatabase, sizes: dict[int, int], rounds: int) -> list[Line]:
    """Return the lines of the report; `sizes` is {version number: features}."""
    found = product(
        "tiles", database.environment("web"), slug=_SLUG, numbers=list(sizes), count=_REQUESTS, rounds=rounds
    )
    lines = []
    for number, count in sizes.items():
        name = f"Tuile de {found[f'objects{number}']:.0f} objets (zoom {found[f'zoom{number}']:.0f}), {count:,} en tout"
        lines.append(_ratio(f"{name}, contre une vue vide", found[f"tile{number}"], found["empty"], 4))
        lines.append(
            _ratio(
                f"Tuile d'agrégats (zoom 8), {count:,} en tout, contre une vue vide",
                found[f"counts{number}"],
                found["empty"],
                4,
            )
        )
    lines.append(
        _ratio(
            "La même, déjà chez le client (304), contre une vue vide", found["cached"], found["empty"], 1.2
        )
    )
    small, large = sizes
    lines.append(
        _ratio(
            "Tuile de même taille, du grand au petit nombre",
            found[f"tile{large}"],
            found[f"tile{small}"],
            1.5,
        )
    )
    return lines


def _ratio(name: str, ours: float, theirs: float, target: float) -> Line:
    ratio = ours / theirs
    return Line(
        name,
        f"{ratio:.2f} ({ours * 1000:.2f} ms contre {theirs * 1000:.2f} ms)",
        f"≤ {str(target).replace('.', ',')}",
        ratio <= target,
    )
