"""`manage.py create_token EMAIL --name N`: a bearer token for a program."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from comptes.models import User
from comptes.tokens import create_token


class Command(BaseCommand):
    """Writes the token alone on standard output, once: nothing keeps it."""

    help = _("Crée un jeton d'API pour une personne et l'écrit, une seule fois, sur la sortie standard.")

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whose and which."""
        parser.add_argument("email", help=_("adresse électronique du compte"))
        parser.add_argument("--name", required=True, help=_("nom du jeton, par exemple « QGIS du bureau »"))

    def handle(self, *args: Any, email: str, name: str, **options: Any) -> None:
        """Create it; exit code 1 when the account is unknown or the name refused."""
        user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
        if user is None:
            raise CommandError(_("Aucun compte actif n'a l'adresse %(email)s.") % {"email": email})
        try:
            token = create_token(user=user, name=name)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(token)
