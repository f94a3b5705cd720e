"""Exports against psql and ogr2ogr on the same rows."""

import shutil
import tempfile
from pathlib import Path

from bench.database import BenchDatabase
from bench.measure import Best, interleaved, product, timed_program
from bench.report import Line

_DRIVERS = {"gpkg": "GPKG", "shp": "ESRI Shapefile"}


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
        lines.append(Line("GPKG, Shapefile contre ogr2ogr", "ogr2ogr absent (paquet gdal-bin)", "", None))
        return lines
    for form in _DRIVERS:
        peaks = []
        for number, count in sizes.items():
            # A million rows through four programs: two rounds keep the whole within minutes.
            few = rounds if count <= 100_000 else min(rounds, 2)
            peaks.append(_file(database, form, number, count, few, lines).peak_mb)
        growth = peaks[-1] - peaks[0]
        lines.append(
            Line(f"{form} : mémoire en plus, du petit au grand", f"{growth:.1f} Mo", "≤ 60 Mo", growth <= 60)
        )
    return lines


def _geojson(database: BenchDatabase, number: int, count: int, rounds: int, lines: list[Line]) -> Best:
    statement = product("statement", database.environment(), kind="geojson", number=number)["sql"]
    firsts: list[float] = []

    def ours() -> tuple[float, float]:
        found = product("geojson", database.environment("web"), number=number)
        firsts.append(found["first"])
        return found["seconds"], found["peak_mb"]

    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(statement)
        script.flush()
        command = ["psql", "-X", "-q", "-f", script.name]
        best = interleaved(
            rounds, {"ours": ours, "psql": lambda: timed_program(command, database.environment())}
        )
    _compare(lines, f"GeoJSON, {count:,} objets, contre psql COPY", best["ours"], best["psql"], 1.3)
    lines.append(
        Line(
            f"GeoJSON, {count:,} objets : premier octet",
            # The order that makes the bytes reproducible is found first: the price of a strong ETag.
            f"{min(firsts) * 1000:.0f} ms",
            "",
            None,
        )
    )
    return best["ours"]


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
    _compare(lines, f"{form}, {count:,} objets, contre ogr2ogr", best["ours"], best["ogr2ogr"], 1.5)
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
