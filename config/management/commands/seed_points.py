"""`manage.py seed_points N --seed S`: realistic points, for benches and load tests."""

import argparse
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from config.seeding import Places, changes, copy_pending, draw_places
from couches.models import Couche
from couches.publication import RefusedChange, publish

MAX_POINTS = 10_000_000


class Command(BaseCommand):
    """Publishes N made-up points as one version; with --pending, adds contributions that wait."""

    help = _("Fabrique des points réalistes (origine « donnée fabriquée ») dans les communes de la base.")

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say how many, of which couche, from which seed."""
        parser.add_argument("count", type=int, metavar="N", help=_("nombre de points à publier"))
        parser.add_argument("--seed", type=int, default=1, help=_("graine : la même donne les mêmes points"))
        parser.add_argument("--couche", default="zones-blanches", help=_("identifiant de la couche"))
        parser.add_argument(
            "--pending", type=int, default=0, metavar="M", help=_("signalements en attente à ajouter")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish, then copy the pending ones."""
        if not settings.REPERES_DEMO:
            raise CommandError(
                _("REPERES_DEMO=1 manque : des points inventés n'entrent jamais dans une vraie base.")
            )
        count, pending, seed = options["count"], options["pending"], options["seed"]
        if not (0 <= count <= MAX_POINTS and 0 <= pending <= MAX_POINTS and count + pending and seed >= 0):
            raise CommandError(_("Donnez de 1 à 10 000 000 points, et une graine positive."))
        couche = Couche.objects.filter(slug=options["couche"]).first()
        if couche is None:
            raise CommandError(_("Aucune couche ne s'appelle « %(slug)s ».") % {"slug": options["couche"]})
        started = time.monotonic()
        if count:
            self._publish(couche, _places(count, seed), seed)
        if pending:
            added = copy_pending(couche, _places(pending, seed + 1), seed=seed + 1)
            self.stdout.write(_("%(count)d signalements en attente ajoutés.") % {"count": added})
        self.stdout.write(_("%(seconds).0f secondes.") % {"seconds": time.monotonic() - started})

    def _publish(self, couche: Couche, places: Places, seed: int) -> None:
        drawn = changes(couche, places, seed=seed, today=timezone.localdate())
        try:
            version = publish(couche=couche, changes=drawn, by=None, note=_("Données fabriquées"))
        except RefusedChange as error:
            text = _("Cette graine a déjà servi pour cette couche : donnez-en une autre (--seed).")
            raise CommandError(f"{text} {error}") from error
        self.stdout.write(
            _("%(slug)s, version %(number)d : %(count)d objets.")
            % {"slug": couche.slug, "number": version.number, "count": version.feature_count}
        )


def _places(count: int, seed: int) -> Places:
    try:
        return draw_places(count, seed=seed)
    except ValueError as error:
        raise CommandError(
            _("Aucune commune n'a de contour : chargez-en par sync_territoires ou load_demo.")
        ) from error
