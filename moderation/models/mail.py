"""What deciding by mail keeps: how often each mandate is written to, and the links that were sent."""

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.models import Membership
from comptes.roles import Role
from contributions.models import Contribution
from moderation.models.decision import Decision

if TYPE_CHECKING:
    from comptes.models import User

LINK_DAYS = 14


def link_expiry() -> dt.datetime:
    """Return the instant from which a link made now opens nothing."""
    return timezone.now() + dt.timedelta(days=LINK_DAYS)


class DigestPreference(models.Model):
    """How often a mandate is told what awaits it. No row: `default_for` its role.

    It rules the digest only: reminders, invitations and passwords are service letters.
    """

    class Rhythm(models.TextChoices):
        """How often the digest leaves, when there is something to say."""

        DAILY = "daily", _("Chaque jour")
        WEEKLY = "weekly", _("Chaque lundi")
        NEVER = "never", _("Jamais")

    membership = models.OneToOneField(Membership, models.CASCADE, related_name="digest_preference")
    rhythm = models.CharField(_("rythme"), max_length=6, choices=Rhythm.choices)

    class Meta:
        verbose_name = _("préférence de récapitulatif")
        constraints = [
            models.CheckConstraint(
                name="digest_rhythm_known", condition=Q(rhythm__in=["daily", "weekly", "never"])
            )
        ]

    @classmethod
    def default_for(cls, role: str) -> "DigestPreference.Rhythm":
        """Return the rhythm of whoever chose none: deciders every Monday, clerks if they ask for it."""
        return cls.Rhythm.WEEKLY if role == Role.MODERATOR else cls.Rhythm.NEVER


class DecisionLink(models.Model):
    """A link mailed to one official about one report: it decides once, until `expires_at`.

    Only the SHA-256 of its token is kept. It carries no right: those of `user` are read when it is
    opened and when it decides. `version` is what the letter described. `used_at` and `decision`
    say what it was used for.
    """

    user: "models.ForeignKey[User, User]" = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="decision_links"
    )
    contribution = models.ForeignKey(Contribution, models.CASCADE, related_name="decision_links")
    version = models.PositiveIntegerField(_("version du signalement"))
    token_sha256 = models.CharField(_("empreinte du lien"), max_length=64, unique=True)
    created_at = models.DateTimeField(_("créé le"), default=timezone.now)
    expires_at = models.DateTimeField(_("valable jusqu'au"), default=link_expiry)
    used_at = models.DateTimeField(_("utilisé le"), null=True)
    decision = models.OneToOneField(
        Decision, models.PROTECT, null=True, related_name="link", verbose_name=_("décision prise")
    )

    class Meta:
        verbose_name = _("lien de décision")
        indexes = [models.Index(fields=["expires_at"], name="decision_link_expiry")]
        constraints = [
            models.CheckConstraint(
                name="decision_link_used_or_not",
                condition=Q(used_at=None, decision=None) | Q(used_at__isnull=False, decision__isnull=False),
            ),
            models.CheckConstraint(
                name="decision_link_used_in_time",
                condition=Q(used_at=None) | Q(used_at__lt=F("expires_at")),
            ),
        ]

    @property
    def is_expired(self) -> bool:
        """Say whether its time is over."""
        return self.expires_at <= timezone.now()
