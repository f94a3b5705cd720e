"""The reasons that a territory adds to the common list, or puts in its own words."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from couches.models import Couche
from territoires.models import Commune, Departement, Epci


class TerritoryReason(models.Model):
    """One reason of one territory: its own, or a common one (`replaces`) rewritten or hidden.

    Proposed for the reports of that commune, or of the communes of that EPCI or département.
    Disabled, never deleted: decisions already taken keep its code.
    """

    commune = models.ForeignKey(Commune, models.PROTECT, null=True, related_name="reasons")
    epci = models.ForeignKey(Epci, models.PROTECT, null=True, related_name="reasons")
    departement = models.ForeignKey(Departement, models.PROTECT, null=True, related_name="reasons")
    couche = models.ForeignKey(Couche, models.PROTECT, null=True, related_name="reasons", db_index=False)
    # The code of the common list's reason whose words these are; "" for a reason of its own.
    replaces = models.SlugField(_("motif commun"), max_length=40, blank=True)
    hidden = models.BooleanField(_("masqué"), default=False)
    actions = ArrayField(models.CharField(max_length=10), verbose_name=_("gestes"), default=list, blank=True)
    label = models.CharField(_("intitulé"), max_length=80)
    public_text = models.CharField(_("phrase publique"), max_length=1000, blank=True)
    active = models.BooleanField(_("proposé"), default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)

    class Meta:
        verbose_name = _("motif d'un territoire")
        ordering = ["label", "id"]
        constraints = [
            models.CheckConstraint(
                name="reason_exactly_one_territory",
                condition=(
                    Q(commune__isnull=False, epci=None, departement=None)
                    | Q(commune=None, epci__isnull=False, departement=None)
                    | Q(commune=None, epci=None, departement__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="reason_says_something",
                # A hidden one says nothing; one of its own says when it may be picked, and what.
                condition=Q(hidden=True) & ~Q(replaces="")
                | Q(hidden=False) & ~Q(replaces="") & ~Q(public_text="")
                | Q(hidden=False, replaces="") & ~Q(public_text="") & Q(actions__len__gt=0),
            ),
            models.UniqueConstraint(
                fields=["commune", "epci", "departement", "couche", "replaces"],
                name="reason_one_wording",
                condition=~Q(replaces=""),
                nulls_distinct=False,
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="reason_kept", operation=pgtrigger.Delete),
            # A code stands under decisions: it never moves to another territory, couche or reason.
            pgtrigger.ReadOnly(
                name="reason_identity_fixed",
                fields=["commune", "epci", "departement", "couche", "replaces", "created_by", "created_at"],
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def code(self) -> str:
        """The code under which a decision is taken: that of the common reason, or `local-<n>`."""
        return self.replaces or f"local-{self.pk}"

    @property
    def territory(self) -> Commune | Epci | Departement:
        """Whose reason it is."""
        found: Any = self.commune or self.epci or self.departement
        return found
