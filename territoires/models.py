"""Régions, départements, EPCI, communes, their outlines, former codes and named places.

Codes are text, always: "01001" and "2A004" are not numbers. A place is keyed on
(code INSEE, COG year), never on its name: 1,441 names are shared by 3,675 communes.
"""

from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GinIndex
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from territoires.names import Folded
from territoires.querysets import CommuneManager, DepartementManager

# Pattern of the national schemas; accepts all 34,969 codes of COG 2026.
CODE_INSEE_PATTERN = r"^([013-9]\d|2[AB1-9])\d{3}$"
# The commune that does not exist, where officials practise: no département of INSEE is numbered 00.
SANDBOX_CODE = "00000"
SANDBOX_DEPARTEMENT = "00"


class Region(models.Model):
    """A région or the overseas equivalent (INSEE code, e.g. 84)."""

    code = models.CharField(_("code"), max_length=3, primary_key=True)
    nom = models.CharField(_("nom"), max_length=80)

    class Meta:
        verbose_name = _("région")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.nom


class Departement(models.Model):
    """A département or overseas collectivity (2 or 3 characters), with its legal projected CRS.

    `srid` is the EPSG code set by décret 2000-1276 as amended by 2019-165.
    """

    code = models.CharField(_("code"), max_length=3, primary_key=True)
    nom = models.CharField(_("nom"), max_length=80)
    region = models.ForeignKey(Region, models.PROTECT, null=True, related_name="departements")
    srid = models.PositiveIntegerField(_("projection légale (EPSG)"), default=2154)

    objects = DepartementManager()

    class Meta:
        verbose_name = _("département")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.nom


class Epci(models.Model):
    """An intercommunal body with own taxation, named by its SIREN (9 digits)."""

    siren = models.CharField(_("SIREN"), max_length=9, primary_key=True)
    nom = models.CharField(_("nom"), max_length=160)
    nature = models.CharField(_("nature"), max_length=10, blank=True)

    class Meta:
        verbose_name = _("intercommunalité")
        ordering = ["siren"]

    def __str__(self) -> str:
        return self.nom


class Commune(models.Model):
    """A commune of one COG vintage; a merged one stays, closed, naming its successor.

    `geom` is MultiPolygon 4326, null while no outline is loaded (some overseas
    collectivities); `chef_lieu` is the town hall's point. `outline_year` is the year of
    the file it came from, null when unknown. `to_confirm`: the outline still covers
    communes split from this one, so every point in it needs a person's eye. Validity is
    the half-open interval [`valid_from`, `valid_to`). `is_sandbox`: the one imaginary commune
    (`territoires/imaginary.py`), which `objects` never returns.
    """

    code_insee = models.CharField(_("code INSEE"), max_length=5, primary_key=True)
    nom = models.CharField(_("nom"), max_length=80)
    siren = models.CharField(_("SIREN"), max_length=9, blank=True)
    population = models.PositiveIntegerField(_("population"), null=True)
    codes_postaux = models.JSONField(_("codes postaux"), default=list)
    departement = models.ForeignKey(Departement, models.PROTECT, related_name="communes")
    epci = models.ForeignKey(Epci, models.PROTECT, null=True, related_name="communes")
    geom = models.MultiPolygonField(_("contour"), srid=4326, null=True)
    chef_lieu = models.PointField(_("mairie"), srid=4326, null=True)
    approximate = models.BooleanField(_("contour approximatif"), default=False)
    outline_year = models.PositiveSmallIntegerField(_("année du contour"), null=True)
    to_confirm = models.BooleanField(_("contour à confirmer"), default=False)
    millesime = models.PositiveSmallIntegerField(_("millésime du COG"))
    successor = models.ForeignKey("self", models.PROTECT, null=True, related_name="predecessors")
    valid_from = models.DateField(_("existe depuis"), null=True)
    valid_to = models.DateField(_("a existé jusqu'au"), null=True)
    accent = models.CharField(_("couleur"), max_length=7, blank=True)
    is_sandbox = models.BooleanField(_("commune imaginaire"), default=False, db_default=False)
    nom_folded = models.GeneratedField(
        expression=Folded("nom"), output_field=models.CharField(max_length=120), db_persist=True
    )

    objects = CommuneManager()

    class Meta:
        verbose_name = _("commune")
        ordering = ["code_insee"]
        indexes = [
            GinIndex(fields=["nom_folded"], opclasses=["gin_trgm_ops"], name="commune_nom_trgm"),
            GinIndex(fields=["codes_postaux"], opclasses=["jsonb_path_ops"], name="commune_codes_postaux"),
            models.Index(fields=["departement", "code_insee"], name="commune_departement"),
            models.Index(fields=["epci", "code_insee"], name="commune_epci"),
        ]
        constraints = [
            models.CheckConstraint(
                name="commune_code_insee_format", condition=Q(code_insee__regex=CODE_INSEE_PATTERN)
            ),
            models.CheckConstraint(
                name="commune_geom_valid", condition=Q(geom__isnull=True) | Q(geom__isvalid=True)
            ),
            models.CheckConstraint(
                name="commune_interval_forward",
                condition=Q(valid_to__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_to__gt=F("valid_from")),
            ),
            # Ended since ever: whatever looks for the communes of today passes it by.
            models.CheckConstraint(
                name="commune_sandbox_apart",
                condition=Q(is_sandbox=True, code_insee=SANDBOX_CODE, valid_to__isnull=False)
                | (Q(is_sandbox=False) & ~Q(code_insee=SANDBOX_CODE)),
            ),
        ]

    def __str__(self) -> str:
        return self.nom


class CommunePiece(models.Model):
    """A part of a commune's outline of at most 64 vertices (`ST_Subdivide`).

    Larger pieces pass PostgreSQL's 2 kB TOAST threshold and are decompressed for
    each point: 128 vertices make a bulk join 6 times slower than 64.
    """

    commune = models.ForeignKey(Commune, models.CASCADE, related_name="pieces")
    geom = models.PolygonField(srid=4326)

    class Meta:
        verbose_name = _("morceau de commune")
        # No point on Earth lies in the commune that does not exist.
        constraints = [
            models.CheckConstraint(name="piece_not_of_sandbox", condition=~Q(commune=SANDBOX_CODE))
        ]


class FormerCode(models.Model):
    """A code or a name that leads to today's commune: merged, delegated, associated.

    Keyed on (code, kind): 15027 is Puycapel, and also its déléguée Calvinet.
    """

    class Kind(models.TextChoices):
        """What the old name was; values of the COG's `type`."""

        DELEGUEE = "commune-deleguee", _("commune déléguée")
        ASSOCIEE = "commune-associee", _("commune associée")
        ANCIENNE = "ancien-code", _("ancien code")

    code = models.CharField(max_length=5)
    nom = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    commune = models.ForeignKey(Commune, models.CASCADE, related_name="former_codes")
    nom_folded = models.GeneratedField(
        expression=Folded("nom"), output_field=models.CharField(max_length=120), db_persist=True
    )

    class Meta:
        verbose_name = _("ancien code")
        constraints = [
            models.UniqueConstraint(fields=["code", "kind", "commune"], name="former_code_unique"),
        ]
        indexes = [
            GinIndex(fields=["nom_folded"], opclasses=["gin_trgm_ops"], name="former_code_nom_trgm"),
            models.Index(fields=["code"], name="former_code_code"),
        ]


class LieuDit(models.Model):
    """A hamlet or another named place of a commune, from the Base Adresse Nationale.

    `point` is EPSG:4326, on the grid of 6 decimals. Several may bear one name: each former
    commune has its "Bourg". Written by `load_lieux_dits` only.
    """

    commune = models.ForeignKey(Commune, models.CASCADE, related_name="lieux_dits", db_index=False)
    nom = models.CharField(_("nom"), max_length=120)
    point = models.PointField(_("position"), srid=4326, spatial_index=False)
    nom_folded = models.GeneratedField(
        expression=Folded("nom"), output_field=models.CharField(max_length=240), db_persist=True
    )

    class Meta:
        verbose_name = _("lieu-dit")
        verbose_name_plural = _("lieux-dits")
        constraints = [
            # Also the index by commune.
            models.UniqueConstraint(fields=["commune", "nom", "point"], name="lieu_dit_unique"),
            models.CheckConstraint(name="lieu_dit_named", condition=~Q(nom="")),
        ]

    def __str__(self) -> str:
        return self.nom


class BoundaryLoad(models.Model):
    """Journal of what `sync_territoires` wrote: vintage, file, counts. Never older than the last.

    `complete` says that every commune of métropole and DROM has an outline; else a point
    which no commune covers may well be French.
    """

    loaded_at = models.DateTimeField(auto_now_add=True)
    millesime = models.PositiveSmallIntegerField()
    boundaries_year = models.PositiveSmallIntegerField(null=True)
    source = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, blank=True)
    approximate = models.BooleanField(default=False)
    complete = models.BooleanField(default=True)
    report = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("chargement de contours")
        get_latest_by = "loaded_at"
