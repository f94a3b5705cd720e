"""`manage.py load_annuaire FICHIER`: the official addresses of town halls. Dry run by default."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from comptes.directory import load
from territoires.refusals import FileRefused

SHOWN = 200


class Command(BaseCommand):
    help = (
        "Charge les adresses des mairies de l'annuaire de la DILA ; sans --wet-run, montre les différences."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FICHIER", help=_("annuaire en .json ou .json.gz"))
        parser.add_argument("--wet-run", action="store_true", help=_("écrire"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the difference; exit 1 with a sentence when the file is refused."""
        if not options["file"].is_file():
            raise CommandError(_("Fichier introuvable : %(path)s.") % {"path": options["file"]})
        try:
            told = load(options["file"], wet_run=options["wet_run"])
        except FileRefused as error:
            raise CommandError(error.text) from error
        for code, name, before, after in told.changes[:SHOWN]:
            self.stdout.write(
                f"~ {code} {name} : {before} → {after}" if before else f"+ {code} {name} : {after}"
            )
        if len(told.changes) > SHOWN:
            self.stdout.write(_("… et %(n)d autres.") % {"n": len(told.changes) - SHOWN})
        self.stdout.write(
            _(
                "%(services)d guichets lus ; %(changes)d adresses nouvelles ou changées, %(same)d inchangées, "
                "%(kept)d gardées telles que l'exploitant les a écrites, %(unknown)d codes inconnus ici."
            )
            % {
                "services": told.services, "changes": len(told.changes), "same": told.same, "kept": told.kept,
                "unknown": told.unknown,
            }
        )  # fmt: skip
        if not options["wet_run"]:
            self.stdout.write(_("Rien n'est écrit : recommencez avec --wet-run."))
