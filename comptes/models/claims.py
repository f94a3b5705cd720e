"""How a commune gets its first person, and how the town hall says that it was not them."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.models.people import Membership, User
from comptes.querysets import ClaimQuerySet
from territoires.models import Commune


class TownHallAddress(models.Model):
    """The official e-mail address of a town hall: public, from the State's directory or the operator."""

    class Source(models.TextChoices):
        """Who says so; what the operator wrote is never overwritten by a file."""

        DIRECTORY = "directory", _("annuaire de l'administration")
        OPERATOR = "operator", _("l'exploitant du site")

    commune = models.OneToOneField(
        Commune, models.CASCADE, primary_key=True, related_name="town_hall_address"
    )
    email = models.EmailField(_("adresse officielle"))
    source = models.CharField(_("source"), max_length=9, choices=Source.choices)
    updated_on = models.DateField(_("mise à jour le"))

    class Meta:
        verbose_name = _("adresse de mairie")

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """As a stranger may see it: `m…@aurillac.fr`."""
        name, _at, host = self.email.partition("@")
        return f"{name[:1]}…@{host}"


class Claim(models.Model):
    """A code of eight characters mailed to a town hall, kept as a keyed digest: seven days, five tries.

    The id is known to whoever asked and to the letter: nobody else can use up the tries.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    commune = models.ForeignKey(Commune, models.CASCADE, related_name="claims")
    code_hash = models.CharField(_("empreinte du code"), max_length=64)
    asked_at = models.DateTimeField(_("demandé le"), default=timezone.now)
    expires_at = models.DateTimeField(_("valable jusqu'au"))
    tries = models.PositiveSmallIntegerField(_("essais"), default=0)
    used_at = models.DateTimeField(_("utilisé le"), null=True)
    used_by = models.ForeignKey(User, models.CASCADE, null=True, related_name="claims")

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("demande d'accès d'une mairie")
        constraints = [
            models.CheckConstraint(
                name="claim_use_is_whole",
                condition=Q(used_at=None, used_by=None) | Q(used_at__isnull=False, used_by__isnull=False),
            )
        ]
        indexes = [models.Index(fields=["commune", "asked_at"], name="claim_commune")]

    def __str__(self) -> str:
        return str(self.pk)


class ContestLink(models.Model):
    """The link by which a town hall says that `person` does not act for it: once, for sixty days."""

    token_hash = models.CharField(_("empreinte du lien"), max_length=64, unique=True)
    commune = models.ForeignKey(Commune, models.CASCADE, related_name="contest_links")
    person = models.ForeignKey(User, models.CASCADE, related_name="contest_links")
    created_at = models.DateTimeField(_("écrit le"), default=timezone.now)
    expires_at = models.DateTimeField(_("valable jusqu'au"))
    used_at = models.DateTimeField(_("utilisé le"), null=True)

    class Meta:
        verbose_name = _("lien de contestation")

    def __str__(self) -> str:
        return str(self.pk)


class AttestationRequest(models.Model):
    """A letter that asks whether an office is still held: one per mandate, due day and warning."""

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="attestation_requests")
    due_on = models.DateField(_("à confirmer avant le"))
    # Days before `due_on` at which it is written: 30, then 7.
    warning = models.PositiveSmallIntegerField(_("préavis (jours)"))
    token_hash = models.CharField(_("empreinte du lien"), max_length=64, unique=True)
    created_at = models.DateTimeField(_("écrite le"), default=timezone.now)
    used_at = models.DateTimeField(_("utilisée le"), null=True)

    class Meta:
        verbose_name = _("demande de confirmation")
        constraints = [
            models.UniqueConstraint(fields=["membership", "due_on", "warning"], name="attestation_asked_once")
        ]

    def __str__(self) -> str:
        return f"{self.due_on} − {self.warning}"
