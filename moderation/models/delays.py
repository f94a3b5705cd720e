"""What the absence of an answer led to: reminders to those who should answer, and who was told above them."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contributions.models import Contribution


class Reminder(models.Model):
    """One reminder of one report at one stage of one wait: written once, whatever is run again.

    `stage` in days (7, 21); `since` the instant the wait began: a report answered by its author
    waits anew, and is recalled anew. `on` is the local day of the letter.
    """

    contribution = models.ForeignKey(Contribution, models.CASCADE, related_name="reminders")
    stage = models.PositiveSmallIntegerField(_("jours sans réponse"))
    since = models.DateTimeField(_("en attente depuis"))
    on = models.DateField(_("rappelé le"))

    class Meta:
        verbose_name = _("rappel")
        indexes = [models.Index(fields=["on"], name="reminder_on")]
        constraints = [
            models.UniqueConstraint(fields=["contribution", "stage", "since"], name="reminder_once"),
            models.CheckConstraint(name="reminder_stage_known", condition=Q(stage__in=[7, 21])),
        ]


class Escalation(models.Model):
    """A report left without answer, told to the mandates of a higher level. It takes no right from anybody."""

    class Level(models.TextChoices):
        """Who was told; the words follow « transmis ». Values of comptes.mandates.LEVELS."""

        EPCI = "epci", _("à l'intercommunalité")
        DEPARTEMENT = "departement", _("au département")
        REGION = "region", _("à la région")
        FRANCE = "france", _("à l'équipe nationale")

    contribution = models.ForeignKey(Contribution, models.CASCADE, related_name="escalations")
    level = models.CharField(_("niveau"), max_length=12, choices=Level.choices)
    at = models.DateTimeField(_("le"), default=timezone.now)

    class Meta:
        verbose_name = _("transmission")
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["at"], name="escalation_at")]
        constraints = [
            models.UniqueConstraint(fields=["contribution", "level"], name="escalation_once_per_level"),
            models.CheckConstraint(
                name="escalation_level_known",
                condition=Q(level__in=["epci", "departement", "region", "france"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contribution_id} → {self.level}"
