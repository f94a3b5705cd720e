"""Writes docs/etats.md from the workflow table."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from moderation.diagram import states_page


class Command(BaseCommand):
    help = _("Écrit docs/etats.md (diagramme et table des états) depuis la table du code.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, default=settings.BASE_DIR / "docs" / "etats.md")

    def handle(self, *args: Any, **options: Any) -> None:
        options["output"].write_text(states_page(), encoding="utf-8")
        self.stdout.write(_("%(path)s écrit.") % {"path": options["output"]})
