"""Decisions: append-only, each with who, when and why."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from comptes.delegation import on_behalf_of
from contributions.models import Contribution
from moderation.querysets import DecisionQuerySet
from territoires.models import Commune


class Decision(models.Model):
    """One change of a contribution's status or content, never edited, never deleted.

    Except a decision on an invented report of the sandbox: it goes when its person starts again.

    `actor` says in which capacity: an official (then `by` is set and must hold a live
    membership covering the commune, which the trigger below checks whatever the door),
    the author (known by the secret alone), or the publication job.
    """

    class Actor(models.TextChoices):
        """In which capacity the decision is taken."""

        OFFICIAL = "official", _("la mairie")
        AUTHOR = "author", _("l'auteur")
        PUBLICATION = "publication", _("la publication")

    class Action(models.TextChoices):
        """Labels of the transition table."""

        ACCEPT = "accept", _("accepter")
        COMPLETE = "complete", _("compléter et accepter")
        REJECT = "reject", _("refuser")
        RETURN = "return", _("demander une précision")
        MERGE = "merge", _("fusionner")
        REOPEN = "reopen", _("rouvrir")
        HOLD = "hold", _("mettre en attente")
        TRANSFER = "transfer", _("transmettre")
        UNDO = "undo", _("annuler")
        APPEAL = "appeal", _("faire appel")
        WITHDRAW = "withdraw", _("retirer")
        ANSWER = "answer", _("répondre")
        CORRECT = "correct", _("corriger")
        PUBLISH = "publish", _("publier")

    contribution = models.ForeignKey(Contribution, models.PROTECT, related_name="decisions")
    actor = models.CharField(max_length=12, choices=Actor.choices)
    action = models.CharField(max_length=10, choices=Action.choices)
    from_status = models.CharField(max_length=10)
    to_status = models.CharField(max_length=10)
    # The contribution's version this decision produced: one decision per version, no gap.
    version = models.PositiveIntegerField(_("version du signalement"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="decisions")
    at = models.DateTimeField(_("le"))
    # Where the report was when this was decided: it may be handed over later.
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="+", db_index=False)
    # One click, made by the device, may decide on many reports: what is undone, or sent again, together.
    gesture = models.UUIDField(_("geste"), null=True)
    # What an official changed: {"attributes": {name: [before, after]}, "geometry": [[lon, lat], [lon, lat]]}.
    changes = models.JSONField(_("ce qui a changé"), default=dict, db_default=Value({}, models.JSONField()))
    reason_code = models.SlugField(_("motif"), max_length=40, blank=True)
    reason = models.CharField(_("note interne"), max_length=1000, blank=True)
    public_reason = models.CharField(_("motif public"), max_length=1000, blank=True)
    self_accepted = models.BooleanField(_("acceptée par qui l'a saisie"), default=False)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("décision")
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["contribution", "at"], name="decision_contribution"),
            models.Index(fields=["commune", "-at", "-id"], name="decision_register"),
            models.Index(fields=["gesture"], name="decision_gesture", condition=Q(gesture__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["contribution", "version"], name="decision_one_per_version"),
            models.CheckConstraint(
                name="decision_official_is_named",
                condition=Q(actor="official", by__isnull=False)
                | Q(actor="author", by__isnull=True)
                | Q(actor="publication"),
            ),
            models.CheckConstraint(
                name="decision_reason_given",
                condition=~Q(action__in=["reject", "return", "reopen", "hold", "transfer"])
                | ~Q(public_reason=""),
            ),
            models.UniqueConstraint(
                fields=["gesture", "contribution"],
                name="decision_once_per_gesture",
                condition=Q(gesture__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="decision_append_only", operation=pgtrigger.Update),
            # What was decided on an invented report goes when the sandbox is emptied; nothing else does.
            pgtrigger.Trigger(
                name="decision_kept",
                operation=pgtrigger.Delete,
                when=pgtrigger.Before,
                func="""
                IF NOT EXISTS (
                    SELECT FROM contributions_contribution
                    WHERE id = OLD.contribution_id AND practice_of_id IS NOT NULL
                ) THEN
                    RAISE EXCEPTION 'pgtrigger: Cannot delete rows from moderation_decision table';
                END IF;
                RETURN OLD;
                """,
            ),
            pgtrigger.Trigger(
                name="decision_within_territory",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="""
                IF NEW.actor = 'official' AND NOT EXISTS (
                    -- An invented report is decided by who practises on it, and by nobody else.
                    SELECT 1
                    FROM contributions_contribution AS practice
                    JOIN comptes_user AS person ON person.id = practice.practice_of_id AND person.is_active
                    WHERE practice.id = NEW.contribution_id AND practice.practice_of_id = NEW.by_id
                ) AND NOT EXISTS (
                    SELECT 1
                    FROM contributions_contribution AS contribution
                    -- The desk asked; whoever passed it on by mistake may still take that back.
                    JOIN territoires_commune AS commune ON commune.code_insee = contribution.desk
                      OR (NEW.action = 'undo' AND commune.code_insee = contribution.commune_id)
                    JOIN territoires_departement AS departement ON departement.code = commune.departement_id
                    JOIN comptes_membership AS membership ON membership.user_id = NEW.by_id
                    JOIN comptes_user AS person ON person.id = membership.user_id AND person.is_active
                    WHERE contribution.id = NEW.contribution_id
                      AND contribution.practice_of_id IS NULL
                      -- An appeal is decided above the commune.
                      AND (contribution.appealed_at IS NULL OR membership.commune_id IS NULL)
                      AND membership.role = 'moderator'
                      AND membership.starts <= NEW.at
                      AND (membership.ends IS NULL OR membership.ends > NEW.at)
                      AND (membership.commune_id = commune.code_insee
                           OR membership.epci_id = commune.epci_id
                           OR membership.departement_id = commune.departement_id
                           OR membership.region_id = departement.region_id
                           OR membership.national)
                ) THEN
                    RAISE EXCEPTION 'no live mandate covers contribution %', NEW.contribution_id
                        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'decision_within_territory';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    @property
    def author_name(self) -> str:
        """Who decided, without ever showing an address: what colleagues read."""
        if self.actor == self.Actor.AUTHOR:
            return str(_("L'auteur"))
        if self.by is not None:
            return self.by.display_name or str(_("Une autre personne"))
        return str(_("La publication"))

    @property
    def on_behalf_of(self) -> str:
        """Whom the official replaced that day, by name; "" when the right was their own. One query."""
        if self.actor != self.Actor.OFFICIAL or self.by is None:
            return ""
        places = filter(None, [self.contribution.commune, self.contribution.handed_to])
        replaced = (on_behalf_of(user=self.by, commune=place, at=self.at) for place in places)
        return next(filter(None, replaced), "")

    @property
    def step_label(self) -> str:
        """What to say instead of the state it led to, when that alone would mislead; else ""."""
        return str(STEPS.get(self.Action(self.action), ""))

    @property
    def outcome_label(self) -> str:
        """The state it led to, in the words of the interface."""
        return str(Contribution.Status(self.to_status).label)


# What happened, where the state it led to (« En attente ») does not tell.
STEPS = {
    Decision.Action.CORRECT: _("Corrigé"),
    Decision.Action.COMPLETE: _("Complétée et acceptée"),
    Decision.Action.HOLD: _("Mis en attente"),
    Decision.Action.TRANSFER: _("Transmis"),
    Decision.Action.UNDO: _("Décision annulée"),
    Decision.Action.APPEAL: _("Recours de l'auteur"),
}
