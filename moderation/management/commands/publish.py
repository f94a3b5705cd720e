"""Publishes what was accepted of a couche, from the command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from couches.models import Couche
from couches.text import clean_text
from moderation.publication import blocked, publish_accepted


class Command(BaseCommand):
    help = _("Publie tout ce qui est accepté d'une couche en une version numérotée.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("couche", help=_("identifiant de la couche, par exemple zones-blanches"))
        parser.add_argument("--note", default="", help=_("ce que dit cette version, en une phrase"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            note = clean_text(options["note"], max_length=500)
        except ValidationError as error:
            raise CommandError(f"--note : {error.messages[0]}") from error
        known = {couche.slug: couche for couche in Couche.objects.all()}
        couche = known.get(options["couche"])
        if couche is None:
            raise CommandError(
                _("Couche inconnue : choisissez parmi %(slugs)s.") % {"slugs": ", ".join(known)}
            )
        version = publish_accepted(couche=couche, by=None, note=note)
        if version is None:
            self.stdout.write(_("Rien de nouveau : la version en vigueur dit déjà la même chose."))
        else:
            self.stdout.write(
                _("%(slug)s : version %(number)d, %(count)d objets.")
                % {"slug": couche.slug, "number": version.number, "count": version.feature_count}
            )
        for row in blocked(couche):
            self.stdout.write(_("%(id)s reste accepté : son objet n'est plus en vigueur.") % {"id": row.pk})
