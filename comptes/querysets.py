"""Scope querysets: the only way to ask who may do what, where."""

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet
from django.utils import timezone

from territoires.models import SANDBOX_CODE, Commune, Departement, Epci, Region

if TYPE_CHECKING:
    from comptes.models import Claim, Invitation, Membership, Notification

Territory = Commune | Epci | Departement | Region


def on_or_inside(territory: Territory | None) -> Q:
    """Return the condition that a mandate or an invitation is on `territory` or inside it."""
    if territory is None:
        return Q()
    communes = Commune.objects.within(territory).order_by().values("pk")
    if isinstance(territory, Commune):
        return Q(commune=territory)
    if isinstance(territory, Epci):
        return Q(epci=territory) | Q(commune__in=communes)
    # An intercommunality across a border belongs to none of its départements.
    whole = Epci.objects.filter(communes__in=communes).exclude(
        pk__in=Epci.objects.filter(communes__in=Commune.objects.current().exclude(pk__in=communes)).values(
            "pk"
        )
    )
    held = Q(commune__in=communes) | Q(epci__in=whole.values("pk"))
    if isinstance(territory, Departement):
        return held | Q(departement=territory)
    return held | Q(region=territory) | Q(departement__region=territory)


class Placed:
    """Rows that name a territory by one of four keys."""

    def with_places(self, *others: str) -> Self:
        """Join the territories, without the outlines: a name is enough to say where."""
        related = ("commune", "epci", "departement", "region", *others)
        return self.select_related(*related).defer("commune__geom")  # type: ignore[attr-defined]  # a queryset


class MembershipQuerySet(Placed, QuerySet["Membership"]):
    """Memberships by time and by territory."""

    def live(self, at: dt.datetime | None = None) -> Self:
        """Those in force at the instant `at` (now when omitted), of active people."""
        moment = at or timezone.now()
        return self.filter(
            Q(ends__isnull=True) | Q(ends__gt=moment), starts__lte=moment, user__is_active=True
        )

    def covering(self, commune: Commune) -> Self:
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

    def over(self, territory: Territory | None) -> Self:
        """Those whose territory is `territory` or holds it whole; None is the whole country.

        An intercommunality is in a département, or a région, when all its communes are.
        """
        if territory is None:
            return self.filter(national=True)
        if isinstance(territory, Commune):
            return self.covering(territory)
        if isinstance(territory, Epci):
            communes = Commune.objects.current().filter(epci=territory)
            places = list(
                communes.order_by().values_list("departement_id", "departement__region_id").distinct()
            )
            departements, regions = ({place[rank] for place in places} for rank in (0, 1))
            held = Q(epci=territory) | Q(national=True)
            if len(departements) == 1:
                held |= Q(departement__isnull=False, departement__in=departements)
            if len(regions) == 1:
                held |= Q(region__isnull=False, region__in=regions)
            return self.filter(held)
        if isinstance(territory, Departement):
            return self.filter(
                Q(departement=territory)
                | Q(region__isnull=False, region=territory.region_id)
                | Q(national=True)
            )
        return self.filter(Q(region=territory) | Q(national=True))

    def inside(self, territory: Territory | None) -> Self:
        """Those on `territory` itself or on a smaller one that it holds; None is the whole country."""
        return self.filter(on_or_inside(territory))


class InvitationQuerySet(Placed, QuerySet["Invitation"]):
    """Invitations by state and by territory."""

    def pending(self) -> Self:
        """Neither accepted, cancelled nor expired."""
        return self.filter(accepted_at=None, cancelled_at=None, expires_at__gt=timezone.now())

    def inside(self, territory: Territory | None) -> Self:
        """Those for `territory` itself or for a smaller one that it holds; None is the whole country."""
        return self.filter(on_or_inside(territory))


class ClaimQuerySet(QuerySet["Claim"]):
    """Codes by state."""

    def live(self) -> Self:
        """Neither used nor expired."""
        return self.filter(used_at=None, expires_at__gt=timezone.now())


class NotificationQuerySet(QuerySet["Notification"]):
    """The outbox, in the words of the postman."""

    def waiting(self) -> Self:
        """Letters neither sent nor given up."""
        return self.filter(sent_at=None, given_up_at=None)

    def due(self, at: dt.datetime | None = None) -> Self:
        """Waiting letters whose hour has come, the one that waited longest first."""
        return self.waiting().filter(not_before__lte=at or timezone.now()).order_by("not_before", "pk")
