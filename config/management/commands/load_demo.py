"""`manage.py load_demo`: the demo territory and its people, on real or approximate outlines."""

import os
from pathlib import Path
from typing import Any, TextIO, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from comptes.demo import load_people
from territoires.demo import load_territory
from territoires.imaginary import ensure_sandbox


class Command(BaseCommand):
    """Safe to run twice: communes and people are updated, never doubled."""

    help = _("Charge le territoire et les comptes de démonstration.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load communes, then people; refuses outside demo mode."""
        if not settings.REPERES_DEMO:
            raise CommandError(
                _("REPERES_DEMO=1 manque : la démonstration n'écrit jamais dans une vraie base.")
            )
        given = os.environ.get("REPERES_TERRITOIRES", "").strip()
        self.stdout.write(
            load_territory(boundaries=Path(given) if given else None, stdout=cast(TextIO, self.stdout))
        )
        ensure_sandbox()
        people = load_people()
        self.stdout.write(_("%(count)d comptes de démonstration prêts.") % {"count": len(people)})
