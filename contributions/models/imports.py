"""A file on its way in: who sent it, how its columns are read, what became of its rows."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from couches.models import Couche


class Import(models.Model):
    """A file of points, its mapping and its counts; seen by who sent it alone.

    `columns` are the file's, `sample` its first rows as texts; `mapping` is
    `contributions.imports.mapping.Mapping` as JSON; `counts` that of `contributions.imports.run`,
    and `unknown` the texts of choices that it did not recognise, {field: {text: how many times}}.
    The file and its errors are below MEDIA_ROOT/imports/{id}; all goes after `delete_after`.
    """

    class State(models.TextChoices):
        """Where it stands. Only CHECKED may be proposed."""

        UPLOADED = "uploaded", _("à décrire")
        CHECKING = "checking", _("essai en cours")
        CHECKED = "checked", _("essayé")
        RUNNING = "running", _("en cours")
        DONE = "done", _("proposé")
        FAILED = "failed", _("arrêté")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    couche = models.ForeignKey(Couche, models.CASCADE, related_name="+", verbose_name=_("couche"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("envoyé par")
    )
    created_at = models.DateTimeField(_("envoyé le"))
    name = models.CharField(_("nom du fichier"), max_length=200)
    suffix = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(_("octets"))
    crs = models.TextField(_("système de coordonnées"), blank=True)
    columns = models.JSONField(_("colonnes"), default=list)
    sample = models.JSONField(_("premières lignes"), default=list)
    state = models.CharField(max_length=8, choices=State.choices, default=State.UPLOADED)
    mapping = models.JSONField(_("correspondances"), default=dict)
    rows_done = models.PositiveIntegerField(_("lignes lues"), default=0)
    counts = models.JSONField(_("comptes"), default=dict)
    unknown = models.JSONField(_("valeurs non reconnues"), default=dict)
    error = models.TextField(_("pourquoi il s'est arrêté"), blank=True)
    finished_at = models.DateTimeField(_("fini le"), null=True)
    delete_after = models.DateField(_("effacé après"))

    class Meta:
        verbose_name = _("import")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="import_state_known",
                condition=models.Q(
                    state__in=["uploaded", "checking", "checked", "running", "done", "failed"]
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def under_way(self) -> bool:
        """Whether a worker has it, or will."""
        return self.state in (self.State.CHECKING, self.State.RUNNING)
