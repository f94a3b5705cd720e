"""Invitations: a mandate proposed to an e-mail address, which exists once it is accepted."""

import datetime as dt
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.models.people import Membership, User, exactly_one_territory
from comptes.querysets import InvitationQuerySet
from comptes.roles import Role
from territoires.models import Commune, Departement, Epci, Region

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Invitation(models.Model):
    """A role on a territory for whoever holds the mailbox `email`; no account exists before.

    The token of the letter is kept as a digest, works once, for seven days. `created_by` is
    null when the operator wrote it from the command line. `needs_approval`: no letter leaves
    before a second administrator approves. With `delegation_of` the mandate will be a
    delegation, from `starts` to `ends`. `email` is emptied a month after the end when it was not accepted.
    """

    email = models.EmailField(_("adresse électronique"), blank=True)
    role = models.CharField(_("rôle"), max_length=20, choices=Role.choices)
    commune = models.ForeignKey(Commune, models.PROTECT, null=True, blank=True, related_name="invitations")
    epci = models.ForeignKey(Epci, models.PROTECT, null=True, blank=True, related_name="invitations")
    departement = models.ForeignKey(
        Departement, models.PROTECT, null=True, blank=True, related_name="invitations"
    )
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="invitations")
    national = models.BooleanField(_("toute la France"), default=False)
    delegation_of = models.ForeignKey(Membership, models.CASCADE, null=True, related_name="invitations")
    starts = models.DateTimeField(_("début"), null=True)
    ends = models.DateTimeField(_("fin"), null=True)
    token_hash = models.CharField(_("empreinte du lien"), max_length=64, unique=True, null=True)  # noqa: DJ001  # unique unless absent
    created_at = models.DateTimeField(_("écrite le"), default=timezone.now)
    created_by = models.ForeignKey(User, models.CASCADE, null=True, related_name="invitations_written")
    needs_approval = models.BooleanField(_("à approuver"), default=False)
    approved_by = models.ForeignKey(User, models.CASCADE, null=True, related_name="invitations_approved")
    approved_at = models.DateTimeField(_("approuvée le"), null=True)
    expires_at = models.DateTimeField(_("valable jusqu'au"))
    accepted_at = models.DateTimeField(_("acceptée le"), null=True)
    membership = models.ForeignKey(Membership, models.CASCADE, null=True, related_name="invitations_accepted")
    cancelled_at = models.DateTimeField(_("annulée le"), null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        constraints = [
            models.CheckConstraint(
                name="invitation_exactly_one_territory", condition=exactly_one_territory()
            ),
            models.CheckConstraint(name="invitation_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="invitation_one_end",
                condition=Q(accepted_at=None, membership=None)
                | Q(accepted_at__isnull=False, membership__isnull=False, cancelled_at=None),
            ),
            models.CheckConstraint(
                name="invitation_approved_by_another",
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False)
                & ~Q(approved_by=models.F("created_by")),
            ),
            models.CheckConstraint(
                name="invitation_sent_once_approved",
                condition=Q(needs_approval=False) | Q(approved_at__isnull=False) | Q(token_hash=None),
            ),
            models.CheckConstraint(
                name="invitation_delegation_dated",
                condition=Q(delegation_of=None, starts=None, ends=None)
                | Q(delegation_of__isnull=False, starts__isnull=False, ends__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["created_by"], name="invitation_author"),
            models.Index(
                fields=["expires_at"],
                name="invitation_pending",
                condition=Q(accepted_at=None, cancelled_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} · {self.place}"

    @property
    def territory(self) -> Commune | Epci | Departement | Region | None:
        """The territory, or None for the whole country."""
        return self.commune or self.epci or self.departement or self.region

    @property
    def place(self) -> "StrOrPromise":
        """The territory in words."""
        territory = self.territory
        return str(territory) if territory else _("toute la France")

    @property
    def last_day(self) -> dt.date | None:
        """The last whole day of a delegation; None for a mandate."""
        return timezone.localdate(self.ends - dt.timedelta(seconds=1)) if self.ends else None

    @property
    def awaits_approval(self) -> bool:
        """A second administrator has not answered yet."""
        return self.needs_approval and self.approved_at is None
