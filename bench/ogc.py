"""Pages of OGC API beside the raw SQL text they are made of, in a small couche and in a large one."""

from bench.database import BenchDatabase
from bench.measure import product
from bench.report import Line

ROUNDS = 40


def run(database: BenchDatabase, sizes: dict[int, int], rounds: int) -> list[Line]:
    """Return the lines of the report; `sizes` is {version number: features}."""
    environment = database.environment("web")
    pages: dict[str, dict[int, dict[str, float]]] = {"Page de 1 000 objets": {}, "Cadre de 2 000 objets": {}}
    for number in sizes:
        box = product("box_of", environment, number=number)["bbox"]
        asked = ({"limit": "1000"}, {"limit": "10000", "bbox": box})
        for found, query in zip(pages.values(), asked, strict=True):
            found[number] = product("page", environment, number=number, query=query, rounds=ROUNDS)
    lines = [line for name, found in pages.items() for line in _lines(name, found, sizes)]
    return [*lines, *_wfs(environment, sizes)]


def _wfs(environment: dict[str, str], sizes: dict[int, int]) -> list[Line]:
    """A page of WFS beside its rows, first and deep in the walk: GML is made object by object."""
    lines = []
    for number, count in sizes.items():
        pages = [
            product("wfs_page", environment, number=number, start=start, rounds=ROUNDS // 4)
            for start in (0, count - 2_000)
        ]
        for name, found in zip(("première", "dernière"), pages, strict=True):
            view, rows = found["view"], found["sql"]
            told = f"{view / rows:.2f} ({view * 1000:.0f} ms contre {rows * 1000:.0f} ms)"
            named = f"WFS, {name} page de 1 000 objets sur {count:,}, contre ses lignes"
            lines.append(Line(named, told, "", None))
    return lines


def _lines(name: str, found: dict[int, dict[str, float]], sizes: dict[int, int]) -> list[Line]:
    lines = []
    for number, count in sizes.items():
        page = found[number]
        ratio = page["view"] / page["sql"]
        told = f"{ratio:.2f} ({page['view'] * 1000:.1f} ms contre {page['sql'] * 1000:.1f} ms)"
        lines.append(Line(f"{name}, {count:,} en tout, contre son SQL", told, "≤ 1,5", ratio <= 1.5))
    small, large = sizes
    ratio = found[large]["view"] / found[small]["view"]
    told = f"{ratio:.2f} ({found[large]['rows']:.0f} et {found[small]['rows']:.0f} lignes)"
    return [*lines, Line(f"{name}, du grand au petit nombre", told, "≤ 1,5", ratio <= 1.5)]
