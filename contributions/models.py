"""Contributions, the contact their author left, their photos.

`status` is written by `contributions.submission` once (SUBMITTED), then only by
`moderation.workflow`. Nothing here is public.
"""

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contributions.querysets import ContributionQuerySet
from couches.models import Couche, CoucheVersion, Feature
from territoires.models import Commune


class Contribution(models.Model):
    """One proposal by one person, keyed by the UUID its device made.

    `geom` Point EPSG:4326 inside France; `accuracy_m` metres; `version` grows at each
    change of status (ETag); `payload_sha256` tells a retry from another content;
    `secret_sha256` is all that is kept of the author's secret.
    `commune` is found from the point and never changes; `code_insee_at_capture` and
    `millesime` keep what it was called that day.
    """

    class Operation(models.TextChoices):
        """What the author proposes."""

        CREATE = "create", _("ajouter")
        UPDATE = "update", _("corriger")
        DELETE = "delete", _("supprimer")
        CONFIRM = "confirm", _("confirmer")

    class PositionSource(models.TextChoices):
        """How the place was given."""

        GPS = "gps", _("position de l'appareil")
        MAP = "map", _("carte")
        ADDRESS = "address", _("adresse")
        COORDINATES = "coordinates", _("coordonnées")
        LIST = "list", _("lieu connu")

    class Channel(models.TextChoices):
        """Through which door it came."""

        WEB = "web", _("site")
        OFFLINE = "offline", _("hors connexion")
        EMBED = "embed", _("site de la commune")
        DESK = "desk", _("guichet de la mairie")
        API = "api", _("programme")
        IMPORT = "import", _("fichier")

    class Status(models.TextChoices):
        """Where it stands; transitions are the table in moderation/workflow.py."""

        SUBMITTED = "SUBMITTED", _("En attente")
        RETURNED = "RETURNED", _("À compléter")
        ACCEPTED = "ACCEPTED", _("Acceptée")
        PUBLISHED = "PUBLISHED", _("Publiée")
        REJECTED = "REJECTED", _("Refusée")
        MERGED = "MERGED", _("Fusionnée")
        WITHDRAWN = "WITHDRAWN", _("Retirée")

    id = models.UUIDField(primary_key=True)
    couche = models.ForeignKey(Couche, models.PROTECT, related_name="contributions")
    operation = models.CharField(max_length=8, choices=Operation.choices, default=Operation.CREATE)
    feature = models.ForeignKey(Feature, models.PROTECT, null=True, related_name="contributions")
    geom = models.PointField(_("lieu"), srid=4326)
    attributes = models.JSONField(_("réponses"), default=dict)
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="contributions")
    code_insee_at_capture = models.CharField(max_length=5)
    millesime = models.PositiveSmallIntegerField()
    near_border = models.BooleanField(default=False)
    observed_at = models.DateTimeField(_("constaté le"))
    received_at = models.DateTimeField(_("reçu le"))
    accuracy_m = models.FloatField(_("précision en mètres"), null=True)
    position_source = models.CharField(max_length=12, choices=PositionSource.choices)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("saisi par")
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SUBMITTED)
    version = models.PositiveIntegerField(default=1)
    payload_sha256 = models.CharField(max_length=64)
    secret_sha256 = models.CharField(max_length=64)
    schema_version = models.PositiveSmallIntegerField(default=1)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="merged", verbose_name=_("fusionnée dans")
    )
    # The feature it became (create) or changed; set by publication, with the version.
    published_feature = models.ForeignKey(Feature, models.PROTECT, null=True, related_name="sources")
    published_in = models.ForeignKey(CoucheVersion, models.PROTECT, null=True, related_name="contributions")

    objects = ContributionQuerySet.as_manager()

    class Meta:
        verbose_name = _("signalement")
        ordering = ["received_at", "id"]
        indexes = [
            models.Index(fields=["commune", "status", "received_at"], name="contribution_queue"),
            models.Index(fields=["couche", "status", "received_at"], name="contribution_couche"),
            models.Index(
                fields=["published_feature"], name="contribution_published", condition=Q(published_feature__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="contribution_status_known",
                condition=Q(
                    status__in=[
                        "SUBMITTED", "RETURNED", "ACCEPTED", "PUBLISHED", "REJECTED", "MERGED", "WITHDRAWN",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="contribution_feature_unless_create",
                condition=Q(operation="create", feature__isnull=True)
                | (~Q(operation="create") & Q(feature__isnull=False)),
            ),
            models.CheckConstraint(
                name="contribution_accuracy_positive",
                condition=Q(accuracy_m__isnull=True) | Q(accuracy_m__gte=0, accuracy_m__lte=100_000),
            ),
        ]


class Contact(models.Model):
    """The e-mail an author left, kept apart, until `delete_after`."""

    contribution = models.OneToOneField(Contribution, models.CASCADE, related_name="contact")
    email = models.EmailField()
    email_sha256 = models.CharField(max_length=64)
    delete_after = models.DateField()

    class Meta:
        verbose_name = _("contact")


class Photo(models.Model):
    """A photo re-encoded into fresh pixels, named by its own content, never public by itself.

    `sha256` is the hash of the stored file; `source_sha256` that of what was sent, so that
    a retry is recognised. The original is never written to disk.
    """

    contribution = models.ForeignKey(Contribution, models.CASCADE, related_name="photos")
    rank = models.PositiveSmallIntegerField(_("numéro"))
    sha256 = models.CharField(max_length=64)
    source_sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField(_("octets"))
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = _("photo")
        ordering = ["contribution", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["contribution", "rank"], name="photo_one_per_rank"),
            models.CheckConstraint(name="photo_rank_1_to_3", condition=Q(rank__gte=1, rank__lte=3)),
        ]
