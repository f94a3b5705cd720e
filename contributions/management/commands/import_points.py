"""`manage.py import_points COUCHE FILE`: points of a file become contributions to decide."""

import datetime as dt
import hashlib
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from contributions.imports.mapping import Mapping, guess
from contributions.imports.run import MAX_BYTES, MAX_ROWS, Sender, Source, process
from couches.models import Couche
from territoires.refusals import FileRefused
from territoires.sandbox import read_vector_file

SHOWN_ERRORS = 50


class Command(BaseCommand):
    help = "Propose les points d'un fichier ; à blanc par défaut, sans doublon si on recommence."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("couche", help="identifiant de la couche, par exemple services")
        parser.add_argument("file", type=Path, help="CSV, ODS, GeoJSON, GeoPackage, Shapefile ou FlatGeobuf")
        parser.add_argument("--wet-run", action="store_true", help="écrit ; sans elle, rien n'est gardé")

    def handle(self, *args: Any, **options: Any) -> None:
        """Propose each row by the bulk door; exit 1 when some were refused."""
        couche = Couche.objects.filter(slug=options["couche"]).first()
        if couche is None:
            known = ", ".join(Couche.objects.values_list("slug", flat=True))
            raise CommandError(_("Couche inconnue : choisissez parmi %(known)s.") % {"known": known})
        if not options["file"].is_file():
            raise CommandError(_("Fichier introuvable : %(path)s.") % {"path": options["file"]})
        try:
            with tempfile.TemporaryDirectory(prefix="import-") as folder:
                errors = Path(folder) / "erreurs.csv"
                source = self._source(couche, options["file"])
                sender = Sender(by=None, allowed=None)
                outcome = process(couche, source, sender, wet=options["wet_run"], errors=errors)
                self._tell(errors)
        except FileRefused as error:
            raise CommandError(error.text) from error
        self._sum_up(outcome.counts, wet_run=options["wet_run"])

    def _source(self, couche: Couche, path: Path) -> Source:
        """Return the file with the mapping its column names suggest, after having told it."""
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        with read_vector_file(path, max_features=MAX_ROWS, max_bytes=MAX_BYTES, tables=True) as file:
            fields, crs = file.fields, file.crs
        mapping = guess(couche, fields, has_geometry=bool(crs))
        self._tell_columns(mapping, fields)
        written = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        day = min(written, timezone.now()).replace(microsecond=0)
        return Source(path, digest, day, mapping)

    def _tell_columns(self, mapping: Mapping, fields: list[str]) -> None:
        used = list(mapping.fields.values())
        place_and_date = {mapping.x, mapping.y, mapping.date, mapping.accuracy, mapping.identifier}
        ignored = [name for name in fields if name not in used and name not in place_and_date]
        self.stdout.write(_("Colonnes lues : %(names)s.") % {"names": ", ".join(used) or "—"})
        if ignored:
            self.stdout.write(_("Colonnes laissées de côté : %(names)s.") % {"names": ", ".join(ignored)})

    def _tell(self, errors: Path) -> None:
        """Write the first refusals; the file tells them one line each, after its head."""
        with errors.open(encoding="utf-8-sig") as stream:
            for rank, line in enumerate(stream):
                if 1 <= rank <= SHOWN_ERRORS:
                    number, _mark, told = line.rstrip("\n").partition(";")
                    words = {"number": number, "errors": told.replace(";", " : ", 1)}
                    self.stderr.write(_("Ligne %(number)s : %(errors)s") % words)

    def _sum_up(self, counts: dict[str, int], *, wet_run: bool) -> None:
        told = {
            "created": counts["create"] + counts["update"],
            "known": counts["known"] + counts["same"],
            "refused": counts["refused"],
        }
        text = _("%(created)d proposés, %(known)d déjà connus, %(refused)d refusés.") % told
        self.stdout.write(text if wet_run else _("À blanc, rien n'est gardé : ") + text)
        if counts["refused"]:
            raise CommandError(
                _("%(refused)d lignes refusées : corrigez-les et recommencez, rien ne sera doublé.") % told
            )
