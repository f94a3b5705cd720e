"""What slows strangers down, and what lifts it for a room."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contributions.querysets import WorkshopCodeQuerySet


class TokenBucket(models.Model):
    """How much somebody may still send: `tokens` at `filled_at`, `per_second` more since, up to `burst`.

    `key` names who is slowed: `commune:15014`, `site:3`, or a keyed hash of an address, which is
    never stored itself. A bucket that is full again is worth an absent one: it is deleted at night.
    """

    key = models.CharField(primary_key=True, max_length=80)
    tokens = models.FloatField()
    burst = models.FloatField()
    per_second = models.FloatField()
    filled_at = models.DateTimeField()

    class Meta:
        verbose_name = _("limite de débit")
        constraints = [
            models.CheckConstraint(
                name="bucket_tokens_in_range", condition=Q(tokens__gte=0, tokens__lte=F("burst"))
            ),
            models.CheckConstraint(name="bucket_fills", condition=Q(per_second__gt=0, burst__gte=1)),
        ]


class SpentChallenge(models.Model):
    """A proof of work that has served: its row is what lets it serve only once.

    Written with what it let in, so that a failure does not spend it; deleted once expired.
    """

    nonce = models.CharField(primary_key=True, max_length=32)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("défi utilisé")
        indexes = [models.Index(fields=["expires_at"], name="spent_challenge_expires")]


# An afternoon at most: a code is said aloud in front of a class.
WORKSHOP_HOURS = 12
WORKSHOP_USES = 500


class WorkshopCode(models.Model):
    """A word and a number that an official gives to a room, to lift the limit of its one address.

    Only its keyed hash is kept. It opens the communes where its creator may enter for others
    at the instant of each use: a mandate that ended ends its codes.
    """

    label = models.CharField(_("atelier"), max_length=80)
    code_hash = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("créé par")
    )
    created_at = models.DateTimeField(_("créé le"))
    expires_at = models.DateTimeField(_("jusqu'à"))
    max_uses = models.PositiveSmallIntegerField(_("signalements permis"))
    uses = models.PositiveSmallIntegerField(_("signalements reçus"), default=0)
    ended_at = models.DateTimeField(_("terminé le"), null=True)

    objects = WorkshopCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("code d'atelier")
        ordering = ["expires_at"]
        constraints = [
            models.CheckConstraint(
                name="workshop_uses_bounded",
                condition=Q(max_uses__gte=1, max_uses__lte=WORKSHOP_USES, uses__lte=F("max_uses")),
            ),
            models.CheckConstraint(
                name="workshop_lasts_an_afternoon",
                condition=Q(expires_at__gt=F("created_at"))
                & Q(expires_at__lte=F("created_at") + dt.timedelta(hours=WORKSHOP_HOURS)),
            ),
        ]

    def __str__(self) -> str:
        return self.label
