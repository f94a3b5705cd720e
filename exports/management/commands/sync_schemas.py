"""Loads the official documents of the national schemas, pinned by version and hash."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from exports.national.official import NotTheSchema, check, download, find_in, folder, from_document, keep
from exports.national.specs import SPECS, Spec


class Command(BaseCommand):
    help = "Charge les schémas nationaux officiels, à blanc par défaut ; sans réseau, donnez --from."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from", dest="place", type=Path, help="fichier ou dossier qui contient les schémas"
        )
        parser.add_argument("--wet-run", action="store_true", help="écrire, au lieu de seulement dire")

    def handle(self, *args: Any, **options: Any) -> None:
        place: Path | None = options["place"]
        if place is not None and not place.exists():
            raise CommandError(_("%(place)s n'existe pas.") % {"place": place})
        failed = [not self._load(spec, place, wet=options["wet_run"]) for spec in SPECS.values()]
        if not options["wet_run"]:
            self.stdout.write(_("Rien n'est écrit : relancez avec --wet-run."))
        if any(failed):
            raise CommandError(
                _("Un schéma au moins manque ; les règles inscrites dans le logiciel restent en usage.")
            )

    def _load(self, spec: Spec, place: Path | None, *, wet: bool) -> bool:
        """Load one schema; say what would change. Return whether it could be had."""
        name = f"{spec.title} {spec.version}"
        if (folder() / f"{spec.key}.json").is_file():
            self.stdout.write(f"{name} : {_('déjà là')}")
            return True
        try:
            raw = find_in(place, spec) if place is not None else download(spec)
            if raw is None:
                self.stderr.write(f"{name} : {_('aucun fichier de ce dossier n’a son empreinte')}")
                return False
            check(spec, raw)
            from_document(spec, orjson.loads(raw))
        except (NotTheSchema, OSError, ValueError) as error:
            self.stderr.write(f"{name} : {error}")
            return False
        if wet:
            keep(spec, raw)
        self.stdout.write(f"{name} : {_('chargé') if wet else _('à charger')} ({len(raw)} octets)")
        return True
