"""Pauses: where and until when reports that nobody signs are slowed or refused, in public."""

import datetime as dt

import pgtrigger
from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import IsEmpty, IsValid
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from contributions.querysets import PauseQuerySet
from couches.models import Couche

PAUSE_DAYS = 90
PAUSE_MESSAGE = 300
PAUSE_VERTICES = 200


def _cardinality() -> Func:
    return Func(F("codes_insee"), function="cardinality", output_field=models.IntegerField())


def _of_zone(function: str) -> Func:
    return Func(F("zone"), function=function, output_field=models.FloatField())


class Pause(models.Model):
    """A stretch of land and time where anonymous reports are slowed or refused, with a message.

    It acts in the communes of `codes_insee` only, those where its author decided the day it was
    opened: all of them when `zone` is null, else what `zone` (MultiPolygon EPSG:4326, its edge
    included) covers of them. `couche` null is every couche. From `starts` included to `ends`
    excluded, or to `ended_at` when somebody ended it early: nothing else of it ever changes.
    """

    class Mode(models.TextChoices):
        """What becomes of an anonymous report."""

        SLOW = "slow", _("ralentis")
        REFUSE = "refuse", _("suspendus")

    class Reason(models.TextChoices):
        """Why, in words that a register can show."""

        FLOOD = "flot-anormal", _("afflux inhabituel de signalements")
        ABUSE = "propos-repetes", _("propos répétés contraires aux règles")
        EVENT = "travaux-evenement", _("travaux ou événement en cours")
        OTHER = "autre", _("autre motif")

    zone = models.MultiPolygonField(_("zone"), srid=4326, null=True)
    codes_insee = ArrayField(models.CharField(max_length=5), verbose_name=_("communes"))
    couche = models.ForeignKey(Couche, models.PROTECT, null=True, related_name="+", db_index=False)
    mode = models.CharField(max_length=6, choices=Mode.choices)
    reason_code = models.SlugField(_("motif"), max_length=20)
    message = models.CharField(_("message"), max_length=PAUSE_MESSAGE)
    starts = models.DateTimeField(_("depuis"))
    ends = models.DateTimeField(_("jusqu'à"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("ouverte le"))
    ended_at = models.DateTimeField(_("terminée le"), null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = PauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause")
        ordering = ["-created_at", "-id"]
        indexes = [
            GinIndex(fields=["codes_insee"], name="pause_communes"),
            # Asked at every submission: "is any left?" must not read those of last year.
            models.Index(fields=["ends"], name="pause_not_ended", condition=Q(ended_at__isnull=True)),
        ]
        constraints = [
            models.CheckConstraint(name="pause_mode_known", condition=Q(mode__in=["slow", "refuse"])),
            models.CheckConstraint(
                name="pause_reason_known",
                condition=Q(reason_code__in=["flot-anormal", "propos-repetes", "travaux-evenement", "autre"]),
            ),
            models.CheckConstraint(name="pause_says_why", condition=~Q(message="")),
            models.CheckConstraint(
                name="pause_lasts_90_days_at_most",
                condition=Q(ends__gt=F("starts")) & Q(ends__lte=F("starts") + dt.timedelta(days=PAUSE_DAYS)),
            ),
            models.CheckConstraint(
                name="pause_end_is_signed",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
            models.CheckConstraint(
                name="pause_names_communes",
                condition=Q(GreaterThan(_cardinality(), Value(0))),
            ),
            models.CheckConstraint(
                name="pause_zone_sound",
                condition=Q(zone__isnull=True)
                | (
                    Q(IsValid("zone"))
                    & ~Q(IsEmpty("zone"))
                    & Q(LessThanOrEqual(_of_zone("ST_NPoints"), Value(float(PAUSE_VERTICES))))
                    & Q(GreaterThanOrEqual(_of_zone("ST_XMin"), Value(-180.0)))
                    & Q(LessThanOrEqual(_of_zone("ST_XMax"), Value(180.0)))
                    & Q(GreaterThanOrEqual(_of_zone("ST_YMin"), Value(-90.0)))
                    & Q(LessThanOrEqual(_of_zone("ST_YMax"), Value(90.0)))
                ),
            ),
        ]
        triggers = [
            # Outlines are compared as bytes, apart: a dump that compares geometries is not restored, since
            # it is read without the path where PostGIS has its operators.
            pgtrigger.ReadOnly(name="pause_only_ends", exclude=["ended_at", "ended_by", "zone"]),
            pgtrigger.Protect(
                name="pause_zone_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("ST_AsEWKB(OLD.zone) IS DISTINCT FROM ST_AsEWKB(NEW.zone)"),
            ),
            pgtrigger.Protect(
                name="pause_ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            ),
            pgtrigger.Protect(name="pause_append_only", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="pause_within_territory",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="""
                IF EXISTS (
                    SELECT FROM unnest(NEW.codes_insee) AS wanted(code)
                    WHERE NOT EXISTS (
                        SELECT FROM territoires_commune AS commune
                        JOIN territoires_departement AS departement ON departement.code = commune.departement_id
                        JOIN comptes_membership AS membership ON membership.user_id = NEW.created_by_id
                        JOIN comptes_user AS person ON person.id = membership.user_id AND person.is_active
                        WHERE commune.code_insee = wanted.code AND commune.valid_to IS NULL
                          AND membership.role = 'moderator'
                          AND membership.starts <= NEW.created_at
                          AND (membership.ends IS NULL OR membership.ends > NEW.created_at)
                          AND (membership.commune_id = commune.code_insee
                               OR membership.epci_id = commune.epci_id
                               OR membership.departement_id = commune.departement_id
                               OR membership.region_id = departement.region_id
                               OR membership.national))
                ) THEN
                    RAISE EXCEPTION 'no live mandate covers the communes of the pause'
                        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'pause_within_territory';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    @property
    def until(self) -> dt.datetime:
        """The instant from which it acts no more."""
        return min(self.ends, self.ended_at) if self.ended_at else self.ends
