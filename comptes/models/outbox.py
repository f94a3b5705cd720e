"""The outbox of letters."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.querysets import NotificationQuerySet


class Notification(models.Model):
    """A letter to send: written in the transaction of the event, sent by a job, once.

    `recipient` and `context` are emptied when it leaves or is given up: the outbox is neither
    an address book nor a place where follow-up links lie about. `recipient_hash` remains, so
    that the same event never writes twice to the same address.
    `not_before` moves forward each time a job takes the letter, before it is sent: a job that
    dies, and a server that refuses, both lead to the next try at that hour.
    """

    event = models.CharField(_("événement"), max_length=120)
    template = models.CharField(_("modèle"), max_length=60)
    recipient = models.EmailField(_("destinataire"), blank=True)
    recipient_hash = models.CharField(_("empreinte du destinataire"), max_length=64)
    context = models.JSONField(_("contenu"), default=dict, blank=True)
    created_at = models.DateTimeField(_("écrite le"), default=timezone.now)
    not_before = models.DateTimeField(_("à envoyer à partir de"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    last_error = models.CharField(_("dernière erreur"), max_length=200, blank=True)
    sent_at = models.DateTimeField(_("partie le"), null=True, blank=True)
    given_up_at = models.DateTimeField(_("abandonnée le"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("courrier")
        constraints = [
            models.UniqueConstraint(fields=["event", "recipient_hash"], name="notification_once"),
            models.CheckConstraint(
                name="notification_emptied_once_settled",
                condition=Q(sent_at=None, given_up_at=None) & ~Q(recipient="")
                | Q(sent_at__isnull=False, given_up_at=None, recipient="", context={})
                | Q(sent_at=None, given_up_at__isnull=False, recipient="", context={}),
                violation_error_message=_(
                    "Un courrier parti ou abandonné ne garde ni adresse ni contenu : videz les deux."
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="notification_waiting",
                condition=Q(sent_at=None, given_up_at=None),
            ),
            models.Index(fields=["recipient_hash", "created_at"], name="notification_per_address"),
        ]

    def __str__(self) -> str:
        return self.event
