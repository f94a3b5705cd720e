"""`manage.py sync_territoires`: the yearly update of communes and outlines. Dry run by default."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from territoires.refusals import Refused
from territoires.sync import run


class Command(BaseCommand):
    """Prints the difference in French; writes it, in one transaction, with --wet-run only."""

    help = (
        "Met à jour les communes (COG) et leurs contours ; sans --wet-run, montre seulement les différences."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options of the contract, and --moves."""
        parser.add_argument(
            "--boundaries",
            type=Path,
            metavar="FICHIER",
            help=_("GPKG, SHP, GeoJSON ou FlatGeobuf, même en .zip ou .gz"),
        )
        parser.add_argument(
            "--cog", type=Path, metavar="DOSSIER|FICHIER", help=_("JSON du découpage administratif")
        )
        parser.add_argument(
            "--moves", type=Path, metavar="FICHIER", help=_("mouvements-communes.csv de l'INSEE")
        )
        parser.add_argument(
            "--millesime", type=int, metavar="ANNÉE", help=_("année, quand les fichiers ne la disent pas")
        )
        parser.add_argument("--wet-run", action="store_true", help=_("écrire"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, and turn a refusal into exit status 1 with its sentence."""
        try:
            run(
                boundaries=options["boundaries"],
                cog=options["cog"],
                moves=options["moves"],
                millesime=options["millesime"],
                wet_run=options["wet_run"],
                stdout=self.stdout,  # type: ignore[arg-type]  # OutputWrapper writes like a TextIO
            )
        except Refused as error:
            raise CommandError(error.text) from error
