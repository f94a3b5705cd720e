"""Publishes what was accepted of a couche, from the command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from couches.models import Couche
from couches.text import clean_text
from moderation.publication import blocked, publish_accepted


class Command(BaseCommand):
    help = "Publie tout ce qui est accepté d'une couche en une version numérotée."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("couche", help="identifiant de la couche, par exemple zones-blanches")
        parser.add_argument("--note", default="", help="ce que dit cette version, en une phrase")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            note = clean_text(options["note"], max_length=500)
        except ValidationError as error:
            raise CommandError(f"--note : {error.messages[0]}") from error
        known = {couche.slug: couche for couche in Couche.objects.all()}
        couche = known.get(options["couche"])
        if couche is None:
            raise CommandError(f"Couche inconnue : choisissez parmi {', '.join(known)}.")
        version = publish_accepted(couche=couche, by=None, note=note)
        if version is None:
            self.stdout.write("Rien de nouveau : la version en vigueur dit déjà la même chose.")
        else:
            self.stdout.write(f"{couche.slug} : version {version.number}, {version.feature_count} objets.")
        for row in blocked(couche):
            self.stdout.write(f"{row.pk} reste accepté : son objet n'est plus en vigueur.")
