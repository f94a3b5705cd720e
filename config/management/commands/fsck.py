"""`manage.py fsck`: is every promise of the database and of the disk kept?"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.translation import gettext as _

from config.invariants import ALL
from contributions.models import Photo
from contributions.photos import photo_path
from exports.models import ExportFile

SHOWN_PER_INVARIANT = 20


class Command(BaseCommand):
    """Prints a line for each breach and exits 1; silent success says how much was checked."""

    help = _("Vérifie chaque invariant ; une ligne par manquement, code de sortie 1 s'il y en a.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run every SQL invariant, then compare the files with their rows."""
        breaches = 0
        for name, promise, found in self._checks():
            for line in found[:SHOWN_PER_INVARIANT]:
                self.stdout.write(f"{name}: {line}")
            if found:
                self.stderr.write(f"{name}: {promise} ({len(found)})")
            breaches += len(found)
        if breaches:
            raise CommandError(_("%(count)d manquement(s).") % {"count": breaches})
        self.stdout.write(_("%(count)d invariants vérifiés, aucun manquement.") % {"count": len(ALL) + 2})

    def _checks(self) -> Iterator[tuple[str, str, list[str]]]:
        with connection.cursor() as cursor:
            for invariant in ALL:
                cursor.execute(invariant.sql)
                yield invariant.name, str(invariant.promise), [str(row[0]) for row in cursor.fetchall()]
        yield "fichier-entier", _("Un fichier d'export annoncé est là, entier."), list(_broken_exports())
        yield (
            "photo-entiere",
            _("Une photo annoncée est là, et son nom est son empreinte."),
            list(_broken_photos()),
        )


def _broken_exports() -> Iterator[str]:
    for row in ExportFile.objects.order_by("pk").iterator():
        if _sha256(Path(settings.EXPORTS_ROOT) / row.path) != row.sha256:
            yield row.path


def _broken_photos() -> Iterator[str]:
    for photo in Photo.objects.order_by("pk").iterator():
        if _sha256(photo_path(photo.sha256)) != photo.sha256:
            yield str(photo.pk)


def _sha256(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
