"""Filters of the queue that an official keeps under a name."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

SAVED_NAME = 60
SAVED_QUERY = 500


class SavedFilter(models.Model):
    """A name for a query string of the queue, checked and put in order before it was stored.

    It opens nothing: what it shows is read with the rights of the day.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters", db_index=False
    )
    name = models.CharField(_("nom"), max_length=SAVED_NAME)
    query = models.CharField(_("filtres"), max_length=SAVED_QUERY)
    created_at = models.DateTimeField(_("enregistré le"))

    class Meta:
        verbose_name = _("filtre enregistré")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_filter_one_per_name"),
            models.CheckConstraint(name="saved_filter_says_something", condition=~Q(name="") & ~Q(query="")),
        ]

    def __str__(self) -> str:
        return self.name
