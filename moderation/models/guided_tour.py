"""How far a person has followed the guided tour of the sandbox."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class GuidedTour(models.Model):
    """One per person, from the moment they answer the offer: begun, or declined.

    `done` lists the steps (`moderation.tour.STEPS`) whose gesture was really made. It is kept
    apart from the practice decisions, which go each time the sandbox starts again.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="guided_tour"
    )
    begun_at = models.DateTimeField(_("commencée le"), null=True)
    declined_at = models.DateTimeField(_("passée le"), null=True)
    done = models.JSONField(_("étapes faites"), default=list)

    class Meta:
        verbose_name = _("visite guidée")
        constraints = [
            models.CheckConstraint(
                name="guided_tour_answered",
                condition=Q(begun_at__isnull=False) | Q(declined_at__isnull=False),
            )
        ]
