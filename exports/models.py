"""Built files: the row points to a file that is whole, or there is no row."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from couches.models import CoucheVersion


class ExportFile(models.Model):
    """A file of one version in one format, CRS and territory, cached by content for ever.

    `path` is relative to EXPORTS_ROOT; the row is written after fsync and rename, so a
    worker killed half-way leaves nothing visible.
    """

    version = models.ForeignKey(CoucheVersion, models.PROTECT, related_name="files")
    format = models.CharField(_("format"), max_length=8)
    crs = models.CharField(_("projection"), max_length=8)
    territory = models.CharField(_("territoire"), max_length=30, blank=True)
    # What the file depends on beside its demand: boundaries loaded, schema (exports/demands.py).
    recipe = models.CharField(max_length=32, blank=True)
    path = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(_("octets"))
    sha256 = models.CharField(max_length=64)
    feature_count = models.PositiveIntegerField()
    built_at = models.DateTimeField()

    class Meta:
        verbose_name = _("fichier")
        constraints = [
            models.UniqueConstraint(
                fields=["version", "format", "crs", "territory", "recipe"], name="export_file_one_per_demand"
            ),
            models.CheckConstraint(name="export_file_not_empty", condition=Q(size__gt=0)),
        ]
