"""`manage.py invite EMAIL ROLE`: the operator invites the first person of a territory, or of the country."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from comptes.invitations import invite_by_operator
from comptes.roles import Role
from territoires.scope import parse_territory


class Command(BaseCommand):
    help = "Invite une personne, par exemple la première à attribuer des rôles pour toute la France."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help=_("adresse électronique"))
        parser.add_argument("role", choices=Role.values, help=_("rôle"))
        parser.add_argument(
            "--territoire", default="", help=_("commune:15014, epci:241500230… ; sans, toute la France")
        )

    def handle(self, *args: Any, email: str, role: str, territoire: str, **options: Any) -> None:
        """Write the invitation; exit 1 when the address, the role or the territory is refused."""
        try:
            invitation = invite_by_operator(email=email, role=role, territory=parse_territory(territoire))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            _("Invitation envoyée à %(email)s : %(what)s.") % {"email": invitation.email, "what": invitation}
        )
