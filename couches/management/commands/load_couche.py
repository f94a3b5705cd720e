"""Create or update a couche from a JSON file: dry run, diff, then --wet-run."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from couches.loading import differences, load, read_definition
from couches.text import printable


class Command(BaseCommand):
    help = "Crée ou met à jour une couche décrite par un fichier JSON (à blanc, sauf --wet-run)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FICHIER")
        parser.add_argument("--wet-run", action="store_true", help="écrire vraiment")

    def handle(self, *args: Any, file: Path, wet_run: bool, **options: Any) -> None:
        try:
            definition = read_definition(file)
        except ValidationError as error:
            raise CommandError(_lines(error)) from error
        with transaction.atomic():
            found = differences(definition)
            for difference in found:
                self.stdout.write(
                    f"{difference.path} : {_short(difference.before)} → {_short(difference.after)}"
                )
            if not found:
                self.stdout.write(f"{definition['slug']} : rien à changer.")
                return
            if not wet_run:
                self.stdout.write(f"{len(found)} changement(s), rien n'est écrit : ajoutez --wet-run.")
                return
            couche = load(definition)
        self.stdout.write(f"{couche.slug} : écrit, schéma version {couche.schema_version}.")


def _short(value: object) -> str:
    return "(absent)" if value is None else printable(value, max_length=70)


def _lines(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return "\n".join(error.messages)
    return "\n".join(f"{key} : {text}" for key, texts in error.message_dict.items() for text in texts)
