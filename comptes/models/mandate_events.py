"""The journal of mandates: who gave or ended which, when, through which door."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from comptes.models.invitations import Invitation
from comptes.models.people import Membership, User


class MandateEvent(models.Model):
    """One thing that happened to a mandate or an invitation; append-only by trigger.

    `by` is null when nobody signed in did it: the holder of a letter, the operator's command
    line, or a job, as `via` says.
    """

    class Action(models.TextChoices):
        """What happened."""

        INVITED = "invited", _("invitation écrite")
        APPROVED = "approved", _("invitation approuvée")
        CANCELLED = "cancelled", _("invitation annulée")
        GRANTED = "granted", _("mandat donné")
        CLAIMED = "claimed", _("commune revendiquée")
        DELEGATED = "delegated", _("délégation donnée")
        ATTESTED = "attested", _("mandat confirmé")
        ENDED = "ended", _("mandat terminé")
        SUSPENDED = "suspended", _("mandat suspendu, faute de confirmation")
        CONTESTED = "contested", _("mandat contesté par la mairie")

    class Via(models.TextChoices):
        """Through which door."""

        PERSON = "person", _("une personne connectée")
        LETTER = "letter", _("un lien reçu par courriel")
        OPERATOR = "operator", _("l'exploitant du site")
        JOB = "job", _("une tâche du site")

    action = models.CharField(_("événement"), max_length=10, choices=Action.choices)
    membership = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="events")
    invitation = models.ForeignKey(Invitation, models.PROTECT, null=True, related_name="events")
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="mandate_events")
    via = models.CharField(_("par"), max_length=8, choices=Via.choices)
    at = models.DateTimeField(_("le"))

    class Meta:
        verbose_name = _("événement de mandat")
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="mandate_event_about_something",
                condition=Q(membership__isnull=False) | Q(invitation__isnull=False),
            ),
            models.CheckConstraint(
                name="mandate_event_person_is_named",
                condition=Q(via="person", by__isnull=False) | ~Q(via="person") & Q(by=None),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="mandate_event_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} · {self.at:%Y-%m-%d %H:%M}"
