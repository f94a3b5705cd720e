"""The report: printed, and written to bench/results.md."""

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results.md"
_MARKS = {True: "tenu", False: "**non tenu**", None: "—"}


@dataclass(frozen=True)
class Line:
    """A measure, its target, and whether it is met (None: for information)."""

    name: str
    measured: str
    target: str
    met: bool | None


def table(lines: list[Line]) -> str:
    """Return the lines as a Markdown table."""
    rows = [
        f"| {line.name} | {line.measured} | {line.target or '—'} | {_MARKS[line.met]} |" for line in lines
    ]
    return "\n".join(["| Mesure | Résultat | Cible | |", "| --- | --- | --- | --- |", *rows])


def write(
    sections: dict[str, list[Line]], machine: dict[str, Any], sizes: dict[int, int], rounds: int
) -> str:
    """Write bench/results.md and return its text."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    counts = " puis ".join(f"{count:,}" for count in sizes.values())
    head = [
        "# Mesures",
        "",
        "Écrit par `./reperes bench`. Chaque mesure est prise à côté de la limite physique de la même machine, "
        f"en alternance, et l'on garde le meilleur de {rounds} passages (2 pour les fichiers d'un million d'objets).",
        "",
        f"- {dt.date.today().isoformat()}, {os.cpu_count()} cœurs, {memory} Gio de mémoire, machine partagée",  # noqa: DTZ011
        f"- PostgreSQL {machine['server_version']}, PostGIS {machine['postgis']}, fsync={machine['fsync']}, "
        f"synchronous_commit={machine['synchronous_commit']}, shared_buffers={machine['shared_buffers']}",
        f"- Python {machine['python']}, GDAL {machine['gdal']}",
        f"- {machine['communes']:,} communes ; couche zones-blanches, {counts} objets fabriqués (`seed_points`)",
    ]
    body = [f"## {name}\n\n{table(lines)}" for name, lines in sections.items()]
    text = "\n".join(head) + "\n\n" + "\n\n".join(body) + "\n"
    RESULTS.write_text(text.replace(",000", " 000"), encoding="utf-8")
    return text
