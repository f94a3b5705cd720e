"""`manage.py reset_second_factor EMAIL`: for who lost both the telephone and the recovery codes."""

import logging
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from comptes.models import User
from comptes.second_factor_letters import tell_second_factor

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Removes every second factor of a person, who is told by letter; sessions already open decide no more."""

    help = _("Retire la double vérification d'une personne qui a tout perdu ; elle en remettra une.")

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whose."""
        parser.add_argument("email", help=_("adresse électronique du compte"))

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        """Remove them; exit code 1 when the account is unknown. Safe to run twice."""
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(_("Aucun compte n'a l'adresse %(email)s.") % {"email": email})
        with transaction.atomic():
            removed, _by_model = Authenticator.objects.filter(user=user).delete()
            if removed:
                tell_second_factor(
                    user,
                    _(
                        "À la demande de quelqu'un, votre double vérification a été retirée : remettez-en une."
                    ),
                )
        log.warning("second factor of user %s reset: %s rows", user.pk, removed)
        self.stdout.write(_("%(count)d élément(s) retiré(s).") % {"count": removed})
