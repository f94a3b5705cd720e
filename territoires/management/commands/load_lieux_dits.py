"""`manage.py load_lieux_dits`: the named places that a phone searches without network. Dry run by default."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from territoires.lieux_dits import run
from territoires.refusals import Refused


class Command(BaseCommand):
    """Prints the difference in French; writes it, in one transaction, with --wet-run only."""

    help = "Charge les lieux-dits de la Base Adresse Nationale ; sans --wet-run, montre seulement les différences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the file and --wet-run."""
        parser.add_argument(
            "file",
            type=Path,
            metavar="FICHIER",
            help=_("lieux-dits-15-beta.csv.gz, ou le .csv qu'il contient"),
        )
        parser.add_argument("--wet-run", action="store_true", help=_("écrire"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, and turn a refusal into exit status 1 with its sentence."""
        try:
            run(
                options["file"],
                wet_run=options["wet_run"],
                stdout=self.stdout,  # type: ignore[arg-type]  # OutputWrapper writes like a TextIO
            )
        except Refused as error:
            raise CommandError(error.text) from error
