"""`python -m bench [name]`: one measure of BENCHES below, or all of them."""

import argparse
import os
import sys
import time

from bench import deltas, desk, export, imports, offline, ogc, requests, tiles
from bench.database import BenchDatabase
from bench.measure import product
from bench.report import Line, table, write

BENCHES = {
    "export": export.run,
    "deltas": deltas.run,
    "lookup": requests.lookup,
    "submission": requests.submission,
    "duplicates": requests.duplicates,
    "tiles": tiles.run,
    "ogc": ogc.run,
    "desk": desk.run,
    "imports": imports.run,
    "offline": offline.run,
}
# Starts a site of its own: nothing to sow for it alone.
UNSOWN = "offline"


def main() -> None:
    """Prepare the database, run what is asked, print and write the ratios."""
    options = _options()
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.exit("DATABASE_URL manque : lancez ./reperes bench.")
    database = BenchDatabase(url)
    started = time.monotonic()
    if options.name != UNSOWN:
        _sow(database, options)
    sizes = {1: options.small, 2: options.large}
    sections: dict[str, list[Line]] = {}
    for name in [options.name] if options.name else BENCHES:
        _say(f"{name}… ({time.monotonic() - started:.0f} s)")
        sections[name] = BENCHES[name](database, sizes, options.rounds)
        print(table(sections[name]))  # a command's output
    if not options.name:
        machine = product("machine", database.environment())
        write(sections, machine, sizes, options.rounds)
        _say("Écrit dans bench/results.md.")
    _say(f"{time.monotonic() - started:.0f} secondes.")
    if any(line.met is False for lines in sections.values() for line in lines):
        sys.exit("Une cible au moins n'est pas tenue : voyez ci-dessus.")


def _sow(database: BenchDatabase, options: argparse.Namespace) -> None:
    _say(f"Base {database.name} : {options.small:,} puis {options.large:,} objets…")
    database.prepare(
        small=options.small,
        large=options.large,
        pending=options.pending,
        national=not options.local,
        fresh=options.fresh,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./reperes bench", description="Mesure le produit contre la machine."
    )
    parser.add_argument("name", nargs="?", choices=sorted(BENCHES), help="une seule mesure")
    parser.add_argument("--small", type=_count, default=os.environ.get("REPERES_BENCH_SMALL", "100000"))
    parser.add_argument("--large", type=_count, default=os.environ.get("REPERES_BENCH_LARGE", "1000000"))
    parser.add_argument("--pending", type=_count, default="20000", help="signalements en attente")
    parser.add_argument("--rounds", type=_count, default="4", help="passages, le meilleur est gardé")
    parser.add_argument(
        "--local", action="store_true", help="le Cantal seul, même si REPERES_DATA a la France"
    )
    parser.add_argument("--fresh", action="store_true", help="refaire la base de mesure")
    options = parser.parse_args()
    if options.large <= options.small:
        parser.error("--large doit dépasser --small.")
    return options


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("donnez un nombre positif")
    return number


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # progress


if __name__ == "__main__":
    main()
