"""`manage.py set_town_hall_address CODE EMAIL`: the official address of one town hall, by hand."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from comptes.town_halls import set_address
from territoires.scope import commune_of_code


class Command(BaseCommand):
    help = "Écrit l'adresse officielle d'une mairie, que l'annuaire ne remplacera plus."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help=_("code INSEE de la commune"))
        parser.add_argument("email", help=_("adresse officielle"))

    def handle(self, *args: Any, code: str, email: str, **options: Any) -> None:
        """Write it; exit 1 when the commune is unknown or the address cannot be one."""
        commune = commune_of_code(code)
        if commune is None:
            raise CommandError(_("Aucune commune ne porte le code %(code)s.") % {"code": code})
        try:
            row = set_address(commune=commune, email=email)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{commune.pk} {commune.nom} : {row.email}")
