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


class ExportBuild(models.Model):
    """A file being made, as its page tells it: asked when, how far, why it failed.

    `key` names it in an address; `lock` is its job's queueing lock, where the state of the
    build is read: this row never says that a job runs, only what the job last did. The
    address `href` gives the file once `done_at` is set. Swept a week after it was asked.
    """

    key = models.CharField(max_length=32, unique=True)
    lock = models.CharField(max_length=300)
    filename = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    href = models.CharField(max_length=500)
    back = models.CharField(max_length=200)
    rows_total = models.PositiveBigIntegerField()
    rows_done = models.PositiveBigIntegerField(default=0)
    expected_size = models.PositiveBigIntegerField(_("octets attendus"), null=True)
    size = models.PositiveBigIntegerField(_("octets"), null=True)
    asked_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("construction")
        constraints = [
            models.CheckConstraint(
                name="export_build_done_has_size",
                condition=Q(done_at__isnull=True, size__isnull=True)
                | Q(done_at__isnull=False, size__isnull=False),
            )
        ]
