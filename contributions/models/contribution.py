"""Contributions, the contact their author left, the keys sent to it, their photos.

`status` is written by `contributions.submission` once (SUBMITTED), then only by
`moderation.workflow`. Nothing here is public.
"""

import pgtrigger
from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import IsEmpty
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from contributions.querysets import ContributionQuerySet, RealContributionManager
from couches.models import Couche, CoucheVersion, Feature
from territoires.models import SANDBOX_CODE, Commune


def _ordinate(name: str) -> Func:
    return Func(F("geom"), function=name, output_field=models.FloatField())


# The range refuses NaN and infinities, which compare as greater than any number, but lets
# the empty point through: its ordinates are NULL. Hence both halves.
POINT_IN_RANGE = (
    Q(GreaterThanOrEqual(_ordinate("ST_X"), Value(-180.0)))
    & Q(LessThanOrEqual(_ordinate("ST_X"), Value(180.0)))
    & Q(GreaterThanOrEqual(_ordinate("ST_Y"), Value(-90.0)))
    & Q(LessThanOrEqual(_ordinate("ST_Y"), Value(90.0)))
    & ~Q(IsEmpty("geom"))
)


class Contribution(models.Model):
    """One proposal by one person, keyed by the UUID its device made.

    `geom` Point EPSG:4326 inside France; `accuracy_m` metres; `version` grows at each
    change of status (ETag); `payload_sha256` tells a retry from another content;
    `secret_sha256` is all that is kept of the author's secret; `near_at_receipt` is what the
    receipt said lay near, kept so that a retry gets the same receipt (`duplicates.py`).
    `commune` is found from the point and never changes; `code_insee_at_capture` and
    `millesime` keep what it was called that day. `practice_of` names the one person for whom it
    was invented, in the sandbox: nobody else sees or decides it, and it is never published.
    """

    class Level(models.TextChoices):
        """Who is expected to decide: the commune, or the level it was handed or appealed to."""

        COMMUNE = "", _("la commune")
        EPCI = "epci", _("l'intercommunalité")
        DEPARTEMENT = "departement", _("le département")

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
    # No index of their own for the keys that lead a composite index below, and partial ones for
    # those mostly null: each index is paid at every submission.
    couche = models.ForeignKey(Couche, models.PROTECT, related_name="contributions", db_index=False)
    operation = models.CharField(max_length=8, choices=Operation.choices, default=Operation.CREATE)
    feature = models.ForeignKey(
        Feature, models.PROTECT, null=True, related_name="contributions", db_index=False
    )
    geom = models.PointField(_("lieu"), srid=4326)
    attributes = models.JSONField(_("réponses"), default=dict)
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="contributions", db_index=False)
    code_insee_at_capture = models.CharField(max_length=5)
    millesime = models.PositiveSmallIntegerField()
    near_border = models.BooleanField(default=False)
    observed_at = models.DateTimeField(_("constaté le"))
    received_at = models.DateTimeField(_("reçu le"))
    accuracy_m = models.FloatField(_("précision en mètres"), null=True)
    position_source = models.CharField(max_length=12, choices=PositionSource.choices)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("saisi par"),
        db_index=False,
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SUBMITTED)
    version = models.PositiveIntegerField(default=1)
    payload_sha256 = models.CharField(max_length=64)
    secret_sha256 = models.CharField(max_length=64)
    schema_version = models.PositiveSmallIntegerField(default=1)
    near_at_receipt = models.JSONField(_("proches à la réception"), default=list)
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="merged",
        verbose_name=_("fusionnée dans"),
        db_index=False,
    )
    # The feature it became (create) or changed; set by publication, with the version.
    published_feature = models.ForeignKey(
        Feature, models.PROTECT, null=True, related_name="sources", db_index=False
    )
    published_in = models.ForeignKey(
        CoucheVersion, models.PROTECT, null=True, related_name="contributions", db_index=False
    )

    practice_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("exercice de"),
        db_index=False,
    )

    # Whose turn it is. `handed_to` is the neighbour an official passed it to across the border:
    # its officials decide from then on; `desk` is the commune asked, found by one index.
    handed_to = models.ForeignKey(
        Commune, models.PROTECT, null=True, related_name="+", verbose_name=_("transmis à"), db_index=False
    )
    desk = models.GeneratedField(
        expression=Coalesce("handed_to", "commune"),
        output_field=models.CharField(max_length=5),
        db_persist=True,
    )
    level = models.CharField(
        _("niveau attendu"), max_length=11, choices=Level.choices, blank=True, default="", db_default=""
    )
    held_until = models.DateField(_("mis en attente jusqu'au"), null=True)
    # An appeal is decided above the commune, once; kept after that decision.
    appealed_at = models.DateTimeField(_("recours le"), null=True)

    objects = RealContributionManager()
    # Real ones and practice ones: only for who names the person, or already holds the row's id.
    with_practice = ContributionQuerySet.as_manager()

    class Meta:
        verbose_name = _("signalement")
        ordering = ["received_at", "id"]
        indexes = [
            # By state first within a desk: the queue is read oldest first, one page at a time.
            models.Index(fields=["desk", "status", "received_at", "id"], name="contribution_desk"),
            models.Index(fields=["commune", "status", "received_at"], name="contribution_queue"),
            models.Index(fields=["couche", "status", "received_at"], name="contribution_couche"),
            *(
                models.Index(
                    fields=[key], name=f"contribution_{name}", condition=Q(**{f"{key}__isnull": False})
                )
                for key, name in (
                    ("published_feature", "published"),
                    ("published_in", "published_in"),
                    ("feature", "feature"),
                    ("merged_into", "merged_into"),
                    ("entered_by", "entered_by"),
                    ("practice_of", "practice_of"),
                    ("handed_to", "handed_to"),
                )
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="contribution_status_known",
                condition=Q(
                    status__in=[
                        "SUBMITTED",
                        "RETURNED",
                        "ACCEPTED",
                        "PUBLISHED",
                        "REJECTED",
                        "MERGED",
                        "WITHDRAWN",
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
            models.CheckConstraint(
                name="contribution_practice_in_sandbox",
                condition=Q(practice_of__isnull=False, commune=SANDBOX_CODE)
                | (Q(practice_of__isnull=True) & ~Q(commune=SANDBOX_CODE)),
            ),
            models.CheckConstraint(
                name="contribution_practice_stays",
                condition=Q(practice_of__isnull=True)
                | (
                    ~Q(status="PUBLISHED")
                    & Q(published_in__isnull=True, published_feature__isnull=True)
                    & Q(entered_by__isnull=True, handed_to__isnull=True, appealed_at__isnull=True)
                ),
            ),
            models.CheckConstraint(
                name="contribution_level_known", condition=Q(level__in=["", "epci", "departement"])
            ),
            models.CheckConstraint(
                name="contribution_appeal_above",
                condition=Q(appealed_at__isnull=True) | Q(level__in=["epci", "departement"]),
            ),
            models.CheckConstraint(
                name="contribution_handed_elsewhere",
                condition=Q(handed_to__isnull=True) | ~Q(handed_to=F("commune")),
            ),
            models.CheckConstraint(name="contribution_geom_on_earth", condition=POINT_IN_RANGE),
            models.CheckConstraint(
                name="contribution_attributes_object",
                condition=Q(
                    Exact(
                        Func(F("attributes"), function="jsonb_typeof", output_field=models.TextField()),
                        Value("object"),
                    )
                ),
            ),
        ]
        triggers = [
            # What was received, where and by which commune it is decided is never rewritten.
            pgtrigger.ReadOnly(
                name="contribution_identity_fixed",
                fields=["id", "couche", "operation", "feature", "received_at", "entered_by", "practice_of"],
            ),
            # An invented report never counts as an observation of a real one, nor the reverse.
            pgtrigger.Trigger(
                name="contribution_practice_apart",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("merged_into_id"),
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__merged_into__isnull=False),
                func="""
                IF EXISTS (
                    SELECT FROM contributions_contribution AS target
                    WHERE target.id = NEW.merged_into_id
                      AND target.practice_of_id IS DISTINCT FROM NEW.practice_of_id
                ) THEN
                    RAISE EXCEPTION 'contribution % and its merge target are not of the same world', NEW.id
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_practice_apart';
                END IF;
                RETURN NEW;
                """,
            ),
            # An official who received it from the neighbour may move the point home (and undo that):
            # the desk asked stays the same. Nothing else changes the commune found from the point.
            pgtrigger.Trigger(
                name="contribution_commune_fixed",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Condition("OLD.commune_id IS DISTINCT FROM NEW.commune_id"),
                func="""
                IF coalesce(OLD.handed_to_id, OLD.commune_id) <> coalesce(NEW.handed_to_id, NEW.commune_id) THEN
                    RAISE EXCEPTION 'contribution %: the commune does not change', OLD.id
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_commune_fixed';
                END IF;
                RETURN NEW;
                """,
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
        indexes = [
            models.Index(fields=["delete_after"], name="contact_delete_after"),
            models.Index(fields=["email_sha256"], name="contact_email"),
        ]


class FollowUpKey(models.Model):
    """One more secret that opens a contribution: that of a link sent by e-mail on demand.

    The device's own secret is kept as a hash only, hence cannot be sent again. Opens nothing
    without the contact it was sent to, and goes with it at the latest.
    """

    contribution = models.ForeignKey(Contribution, models.CASCADE, related_name="follow_up_keys")
    secret_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    delete_after = models.DateField()

    class Meta:
        verbose_name = _("clé de suivi")
        indexes = [models.Index(fields=["delete_after"], name="follow_up_key_delete_after")]


class Photo(models.Model):
    """A photo re-encoded into fresh pixels, named by its own content, never public by itself.

    `sha256` is the hash of the stored file; `source_sha256` that of what was sent, so that
    a retry is recognised. The original is never written to disk.
    """

    contribution = models.ForeignKey(Contribution, models.CASCADE, related_name="photos", db_index=False)
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
        indexes = [models.Index(fields=["sha256"], name="photo_sha256")]
        constraints = [
            models.UniqueConstraint(fields=["contribution", "rank"], name="photo_one_per_rank"),
            models.CheckConstraint(name="photo_rank_1_to_3", condition=Q(rank__gte=1, rank__lte=3)),
        ]
