"""`manage.py import_points COUCHE FILE`: points of a file become contributions to decide."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from contributions.importing import Columns, import_file
from couches.models import Couche
from territoires.refusals import FileRefused

SHOWN_ERRORS = 50


class Command(BaseCommand):
    help = "Propose les points d'un fichier ; à blanc par défaut, sans doublon si on recommence."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("couche", help="identifiant de la couche, par exemple services")
        parser.add_argument("file", type=Path, help="GeoJSON, GeoPackage, Shapefile ou FlatGeobuf")
        parser.add_argument("--wet-run", action="store_true", help="écrit ; sans elle, rien n'est gardé")

    def handle(self, *args: Any, **options: Any) -> None:
        """Submit each row; exit 1 when some were refused."""
        couche = Couche.objects.filter(slug=options["couche"]).first()
        if couche is None:
            known = ", ".join(Couche.objects.values_list("slug", flat=True))
            raise CommandError(_("Couche inconnue : choisissez parmi %(known)s.") % {"known": known})
        if not options["file"].is_file():
            raise CommandError(_("Fichier introuvable : %(path)s.") % {"path": options["file"]})
        try:
            with transaction.atomic():
                created, known_before, refused = self._import(couche, options["file"])
                if not options["wet_run"]:
                    transaction.set_rollback(True)
        except FileRefused as error:
            raise CommandError(error.text) from error
        self._sum_up(created, known_before, refused, wet_run=options["wet_run"])

    def _import(self, couche: Couche, path: Path) -> tuple[int, int, int]:
        created = known_before = refused = 0
        for told in import_file(couche, path):
            if isinstance(told, Columns):
                self.stdout.write(_("Colonnes lues : %(names)s.") % {"names": ", ".join(told.used) or "—"})
                if told.ignored:
                    self.stdout.write(
                        _("Colonnes laissées de côté : %(names)s.") % {"names": ", ".join(told.ignored)}
                    )
            elif told.errors:
                refused += 1
                if refused <= SHOWN_ERRORS:
                    self.stderr.write(
                        _("Ligne %(number)d : %(errors)s")
                        % {"number": told.number, "errors": " ; ".join(told.errors)}
                    )
            else:
                created += told.created
                known_before += not told.created
        return created, known_before, refused

    def _sum_up(self, created: int, known_before: int, refused: int, *, wet_run: bool) -> None:
        counts = {"created": created, "known": known_before, "refused": refused}
        text = _("%(created)d proposés, %(known)d déjà connus, %(refused)d refusés.") % counts
        self.stdout.write(text if wet_run else _("À blanc, rien n'est gardé : ") + text)
        if refused:
            raise CommandError(
                _("%(refused)d lignes refusées : corrigez-les et recommencez, rien ne sera doublé.") % counts
            )
