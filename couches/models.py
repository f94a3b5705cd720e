"""A couche, its versions, its features and their immutable versions.

Publishing is a commit. A feature keeps its identity for life (`Feature`); what it
says is a `FeatureVersion`, valid for the versions n of its couche with
`from_version <= n < coalesce(to_version, ∞)`. Nothing is ever edited: closing an
interval and opening the next one is the only change, so any old version and any
delta is one index-backed query.
"""

import uuid

import pgtrigger
from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GistIndex
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from couches.constraints import ALIVE, NextNumber, PointInRange, WholeSha256
from couches.querysets import CoucheQuerySet, FeatureVersionQuerySet
from territoires.models import SANDBOX_CODE, Commune


class Couche(models.Model):
    """A data set: what it holds, how it is drawn, when it is published.

    `attribute_schema` is JSON Schema 2020-12 with form hints under `x-…` keys (see
    `couches/schemas.py`); creating a couche is inserting this row.
    """

    class Policy(models.TextChoices):
        """When accepted contributions become a version."""

        HOURLY = "hourly", _("toutes les heures")
        DAILY = "daily", _("chaque nuit")
        WEEKLY = "weekly", _("chaque lundi")
        MANUAL = "manual", _("à la main")

    slug = models.SlugField(_("identifiant"), max_length=40, unique=True)
    title = models.CharField(_("titre"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    theme = models.CharField(_("thème"), max_length=60, blank=True)
    attribute_schema = models.JSONField(_("schéma des attributs"))
    schema_version = models.PositiveSmallIntegerField(_("version du schéma"), default=1)
    geometry_type = models.CharField(_("géométrie"), max_length=12, default="Point", editable=False)
    style = models.JSONField(_("style"), default=dict)
    licence = models.CharField(_("licence"), max_length=40, default="etalab-2.0")
    national_schema = models.URLField(_("schéma national"), blank=True)
    publication_policy = models.CharField(
        _("publication"), max_length=10, choices=Policy.choices, default=Policy.DAILY
    )
    sensitive = models.BooleanField(_("sensible"), default=False)
    order = models.PositiveSmallIntegerField(_("rang"), default=0)

    objects = CoucheQuerySet.as_manager()
    # Filled by with_latest(): the version in force, or nothing before the first one.
    latest_versions: "list[CoucheVersion]"

    class Meta:
        verbose_name = _("couche")
        ordering = ["order", "slug"]
        triggers = [
            pgtrigger.Trigger(
                name="couche_told_stays_told",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__sensitive=True, old__sensitive=False),
                # Versions are for good: what they tell exactly cannot be taken back.
                func="""
                IF EXISTS (SELECT FROM couches_coucheversion v WHERE v.couche_id = NEW.id) THEN
                    RAISE EXCEPTION 'couche % has told exact places', NEW.slug
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def latest(self) -> "CoucheVersion | None":
        """The version in force, or None before the first publication."""
        if "latest_versions" in self.__dict__:
            return next(iter(self.latest_versions), None)
        return self.versions.order_by("-number").first()


class CoucheVersion(models.Model):
    """A numbered, immutable publication of a couche: who, when, what, and its hash.

    `sha256` is the hash of the feature versions it holds, in feature order (see
    `couches/publication.py`); `changes` counts `{"added", "changed", "withdrawn"}`.
    """

    couche = models.ForeignKey(Couche, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField(_("numéro"))
    published_at = models.DateTimeField(_("publiée le"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.CharField(_("note"), max_length=500, blank=True)
    reverts_to = models.PositiveIntegerField(_("rétablit la version"), null=True)
    feature_count = models.PositiveIntegerField(_("nombre d'objets"))
    sha256 = models.CharField(_("empreinte"), max_length=64)
    changes = models.JSONField(_("changements"), default=dict)
    schema_version = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name = _("version")
        ordering = ["couche", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["couche", "number"], name="couche_version_number"),
            models.CheckConstraint(name="couche_version_from_one", condition=Q(number__gte=1)),
        ]
        triggers = [
            pgtrigger.Protect(name="couche_version_immutable", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="couche_version_no_gap",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="""
                IF NEW.number <> 1 + COALESCE(
                    (SELECT MAX(number) FROM couches_coucheversion WHERE couche_id = NEW.couche_id), 0
                ) THEN
                    RAISE EXCEPTION 'version % leaves a gap in couche %', NEW.number, NEW.couche_id
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.couche.slug} v{self.number}"


class Feature(models.Model):
    """The identity of a published object: stable for life, never reused.

    `number` comes from a sequence, in the order of publication: a short name for tiles,
    files and conversations. No index on `couche`: features are reached by id or number.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField(_("numéro"), unique=True, editable=False, db_default=NextNumber())
    couche = models.ForeignKey(Couche, models.PROTECT, related_name="features", db_index=False)

    class Meta:
        verbose_name = _("objet")
        triggers = [
            pgtrigger.Protect(name="feature_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class FeatureVersion(models.Model):
    """What a feature says from one version of its couche until another.

    `geom` Point EPSG:4326, on the grid of 7 decimals (see `couches/staging.py`);
    `row_sha256` hashes the row's public content (see `couches/hashing.py`). The triggers
    let `to_version` be set once, and nothing else happen, and refuse two intervals of a
    feature that overlap. The indexes that lead with a foreign key stand in for its own.
    """

    class Origin(models.TextChoices):
        """Where the content comes from."""

        CONTRIBUTION = "contribution", _("signalement")
        IMPORT = "import", _("import")
        SEED = "seed", _("donnée fabriquée")

    feature = models.ForeignKey(Feature, models.PROTECT, related_name="versions", db_index=False)
    # The feature's own, which the trigger below compares: a second key checked for each of a
    # million rows would say nothing more.
    couche = models.ForeignKey(Couche, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    # The feature's own too: every file, page and tile says it, and a look-up a row was half of a tile's time.
    number = models.BigIntegerField(editable=False)
    geom = models.PointField(srid=4326, spatial_index=False)  # `fv_geom_alive` below
    attributes = models.JSONField(default=dict)
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="+", db_index=False)
    from_version = models.PositiveIntegerField()
    to_version = models.PositiveIntegerField(null=True)
    observations = models.PositiveIntegerField(default=1)
    distinct_observers = models.PositiveIntegerField(default=1)
    last_observed_on = models.DateField()
    accuracy_m = models.FloatField(null=True)
    near_border = models.BooleanField(default=False)
    self_accepted = models.BooleanField(default=False)
    origin = models.CharField(max_length=12, choices=Origin.choices, default=Origin.CONTRIBUTION)
    row_sha256 = models.BinaryField(max_length=32)

    objects = FeatureVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("état d'un objet")
        indexes = [
            models.Index(fields=["couche", "from_version"], name="fv_couche_from"),
            models.Index(
                fields=["couche", "to_version"], name="fv_couche_to", condition=Q(to_version__isnull=False)
            ),
            models.Index(fields=["commune", "couche"], name="fv_commune_couche"),
            # Pages and streams follow the key inside a couche: the first row costs one step.
            models.Index(fields=["couche", "id"], name="fv_couche_id"),
            # What is around a place at a version, without looking at what each object said before and
            # after: a rural couche that lives ten years has ten states at each place.
            GistIndex(F("geom"), ALIVE, name="fv_geom_alive"),
            # A filter by number, through OGC API or WFS.
            models.Index(fields=["number"], name="fv_number"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["feature", "from_version"], name="fv_one_per_version"),
            models.UniqueConstraint(
                fields=["feature"], condition=Q(to_version__isnull=True), name="fv_one_open"
            ),
            models.CheckConstraint(
                name="fv_interval_forward",
                condition=Q(to_version__isnull=True) | Q(to_version__gt=F("from_version")),
            ),
            models.CheckConstraint(name="fv_from_one", condition=Q(from_version__gte=1)),
            models.CheckConstraint(name="fv_observed", condition=Q(observations__gte=1)),
            models.CheckConstraint(
                name="fv_observers_within_observations",
                condition=Q(distinct_observers__lte=F("observations")),
            ),
            models.CheckConstraint(
                name="fv_accuracy_finite",
                condition=Q(accuracy_m__isnull=True) | Q(accuracy_m__range=(0, 100_000)),
            ),
            models.CheckConstraint(name="fv_geom_in_range", condition=PointInRange("geom")),
            # What is invented is never published, whatever the door.
            models.CheckConstraint(name="fv_not_of_sandbox", condition=~Q(commune=SANDBOX_CODE)),
            models.CheckConstraint(name="fv_sha256_whole", condition=WholeSha256("row_sha256")),
        ]
        triggers = [
            pgtrigger.Protect(name="fv_no_delete", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="fv_no_overlap",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(new="new_rows"),
                # Closing an interval cannot make two overlap; only inserting can. One
                # set-based look per statement costs a quarter of an exclusion constraint.
                # By EXECUTE: a session keeps the plan of its first row, made for a table then
                # empty, and a hundred thousand rows would be compared each with each.
                declare=[("wrong", "boolean")],
                func="""
                EXECUTE 'SELECT EXISTS (
                    SELECT FROM new_rows n
                    JOIN couches_featureversion o ON o.feature_id = n.feature_id AND o.id <> n.id
                    WHERE int8range(o.from_version, o.to_version) && int8range(n.from_version, n.to_version)
                )' INTO wrong;
                IF wrong THEN
                    RAISE EXCEPTION 'two versions of a feature overlap' USING ERRCODE = 'exclusion_violation';
                END IF;
                EXECUTE 'SELECT EXISTS (
                    SELECT FROM new_rows n JOIN couches_feature f ON f.id = n.feature_id
                    WHERE f.couche_id <> n.couche_id OR f.number <> n.number
                )' INTO wrong;
                IF wrong THEN
                    RAISE EXCEPTION 'a feature version is in another couche than its feature'
                        USING ERRCODE = 'check_violation';
                END IF;
                IF EXISTS (
                    SELECT FROM new_rows n JOIN couches_couche l ON l.id = n.couche_id AND l.sensitive
                    WHERE n.near_border OR n.accuracy_m IS DISTINCT FROM 8000
                      OR ST_X(n.geom) <> round(ST_X(n.geom)::numeric, 1)
                      OR ST_Y(n.geom) <> round(ST_Y(n.geom)::numeric, 1)
                ) THEN
                    RAISE EXCEPTION 'a feature version of a sensitive couche tells its place'
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="fv_only_closes",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="""
                IF OLD.to_version IS NOT NULL OR NEW.to_version IS NULL THEN
                    RAISE EXCEPTION 'feature version % is closed for good, or stays open', OLD.id
                        USING ERRCODE = 'check_violation';
                END IF;
                -- Same bytes but for to_version: a column added later is covered too.
                OLD.to_version := NEW.to_version;
                IF OLD *<> NEW THEN
                    RAISE EXCEPTION 'feature version % is immutable', OLD.id
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]


class DensityTile(models.Model):
    """How many objects a version has in each cell of a web tile (see `couches/density.py`).

    Four lists of the same length: the cell's rank in the tile's 8 by 8 grid, the middle of
    its objects in the tile's units (0 to 4095, from the north-west), their number. Made
    from the rows, at any time: losing them loses nothing.
    """

    pk = models.CompositePrimaryKey("version_id", "z", "x", "y")
    version = models.ForeignKey(CoucheVersion, models.PROTECT, related_name="+", db_index=False)
    z = models.PositiveSmallIntegerField()
    x = models.PositiveIntegerField()
    y = models.PositiveIntegerField()
    cells = ArrayField(models.PositiveSmallIntegerField())
    px = ArrayField(models.PositiveSmallIntegerField())
    py = ArrayField(models.PositiveSmallIntegerField())
    counts = ArrayField(models.PositiveIntegerField())

    class Meta:
        verbose_name = _("densité")
