"""Scope querysets: the only way to ask who may do what, where."""

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet
from django.utils import timezone

from territoires.models import SANDBOX_CODE

if TYPE_CHECKING:
    from comptes.models import Membership, Notification
    from territoires.models import Commune


class MembershipQuerySet(QuerySet["Membership"]):
    """Memberships by time and by territory."""

    def live(self, at: dt.datetime | None = None) -> Self:
        """Those in force at the instant `at` (now when omitted), of active people."""
        moment = at or timezone.now()
        return self.filter(
            Q(ends__isnull=True) | Q(ends__gt=moment), starts__lte=moment, user__is_active=True
        )

    def covering(self, commune: "Commune") -> Self:
        """Those whose territory is `commune` or holds it; none covers the sandbox."""
        if commune.pk == SANDBOX_CODE:
            return self.none()
        return self.filter(
            Q(commune=commune)
            | Q(epci__isnull=False, epci=commune.epci_id)
            | Q(departement=commune.departement_id)
            | Q(region__departements=commune.departement_id)
            | Q(national=True)
        )


class NotificationQuerySet(QuerySet["Notification"]):
    """The outbox, in the words of the postman."""

    def waiting(self) -> Self:
        """Letters neither sent nor given up."""
        return self.filter(sent_at=None, given_up_at=None)

    def due(self, at: dt.datetime | None = None) -> Self:
        """Waiting letters whose hour has come, the one that waited longest first."""
        return self.waiting().filter(not_before__lte=at or timezone.now()).order_by("not_before", "pk")
