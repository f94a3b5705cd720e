"""`reperes-suivre URL --dsn … --table schéma.table`: the command and its exit codes."""

import argparse
import os
import re
import sys
from pathlib import Path

import psycopg

from reperes_suivre.errors import DatabaseTrouble, Misuse, Stop
from reperes_suivre.follow import follow
from reperes_suivre.site import Site
from reperes_suivre.table import STATE_TABLE, Table
from reperes_suivre.view import refresh

_TERRITORY = re.compile(r"(commune|epci|departement|region):[0-9A-Z]{1,9}")
_EPILOG = """codes de sortie : 0 la table est à jour ; 2 demande à corriger, ou table qui n'est pas à nous ;
3 le site refuse ; 4 le site ne répond pas (recommencer plus tard) ; 5 l'empreinte ne correspond pas,
même en reprenant tout ; 6 la base refuse. Sauf 0, la table est restée comme elle était."""


def main(arguments: list[str] | None = None) -> int:
    """Run once; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except Stop as stop:
        _say(f"Erreur : {stop}")
        return stop.code
    except psycopg.Error as trouble:
        _say(f"Erreur : la base refuse : {' '.join(str(trouble).split())}")
        return DatabaseTrouble.code
    except OSError as trouble:
        _say(f"Erreur : {trouble}")
        return Stop.code
    return 0


def _run(options: argparse.Namespace) -> None:
    say = (lambda text: None) if options.silencieux else _say
    site = Site.at(options.url, territory=options.territoire, attempts=options.essais, say=say)
    schema, name = _qualified(options.table)
    table = Table(schema, name, site.address, options.territoire, options.crs, options.garder_retires)
    folder = options.dossier
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with psycopg.connect(options.dsn, autocommit=True, application_name="reperes-suivre") as connection:
        follow(connection, site, table, folder, until=options.jusqu_a, verify=options.verifier, say=say)
        if options.vue:
            names = site.attribute_names()
            with connection.transaction():
                table.lock(connection)
                refresh(connection, table, *_qualified(options.vue), names)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reperes-suivre",
        description="Garde une table PostGIS au pas d'une couche de Repères, en vérifiant chaque étape.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", help="adresse de la page de la couche, https://…/couches/zones-blanches/")
    parser.add_argument(
        "--dsn", default=os.environ.get("REPERES_DSN", ""),
        help="connexion PostgreSQL (libpq) ; à défaut REPERES_DSN, puis PGHOST, PGDATABASE…",
    )  # fmt: skip
    parser.add_argument("--table", required=True, help="schéma.table, créée au premier passage")
    parser.add_argument(
        "--territoire", default="", type=_territory, help="commune:15014, epci:…, departement:15 ou region:84"
    )
    parser.add_argument("--crs", type=int, default=4326, help="code EPSG de la colonne geom (4326 à défaut)")
    parser.add_argument("--jusqu-a", type=_positive, default=None, help="s'arrêter à cette version")
    parser.add_argument(
        "--garder-retires", action="store_true", help="marquer (retired_at) au lieu de supprimer"
    )
    parser.add_argument("--vue", default="", help="schéma.vue à plat, une colonne par réponse")
    parser.add_argument("--verifier", action="store_true", help="recalculer l'empreinte même sans nouveauté")
    parser.add_argument("--essais", type=_positive, default=5, help="essais par téléchargement (5)")
    parser.add_argument("--dossier", type=Path, default=_cache(), help="où poser les téléchargements")
    parser.add_argument("--silencieux", action="store_true", help="ne dire que les erreurs")
    return parser


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reperes-suivre"


def _qualified(text: str) -> tuple[str, str]:
    """Return (schema, name). Raises Misuse."""
    schema, dot, name = text.rpartition(".")
    parts = (schema if dot else "public", name)
    if any(not part or len(part.encode()) > 63 or "\x00" in part or "." in part for part in parts):
        raise Misuse(f"Nom illisible : {text}. Écrivez schéma.table.")
    if name == STATE_TABLE:
        raise Misuse(f"{STATE_TABLE} est la table des états : donnez un autre nom.")
    return parts


def _territory(text: str) -> str:
    if text and not _TERRITORY.fullmatch(text):
        raise argparse.ArgumentTypeError("écrivez commune:15014, epci:241500230, departement:15 ou region:84")
    return text


def _positive(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 999_999_999:
        raise argparse.ArgumentTypeError("donnez un nombre positif")
    return int(text)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
