"""Who may do what, where: the one place that answers.

Every answer is one query, on the memberships as they are at that instant: nothing is kept
on the user, the session or the token. Being superuser opens no gesture. A page asks for more than
a mandate where something is decided: see `comptes.second_factor`.
"""

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, QuerySet
from django.utils.translation import gettext_lazy as _

from comptes import second_factor
from comptes.models import Membership, User
from comptes.querysets import Territory
from comptes.roles import ROLE_GESTURES, STRONG_GESTURES, Gesture, Role
from territoires.models import Commune

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class Forbidden(PermissionDenied):
    """A gesture that is not open to this person; `message` is what they read."""

    message = _("Votre rôle ne permet pas ce geste.")

    def __init__(self) -> None:
        super().__init__(str(self.message))


class SignInFirst(Forbidden):
    """Nobody is signed in."""

    message = _("Connectez-vous pour faire ce geste.")


class OutsideTerritory(Forbidden):
    """No live membership covers the commune."""

    message = _("Aucun de vos mandats en cours ne couvre cette commune.")


class WrongRole(Forbidden):
    """A live membership covers the commune, and its role does not open the gesture."""

    message = _("Votre rôle dans cette commune ne permet pas ce geste : demandez à qui décide.")


class NotPublisher(Forbidden):
    """No live national membership publishes."""

    message = _("Publier demande un mandat national de publication en cours.")


class NotAdministrator(Forbidden):
    """No live membership grants roles on the territory."""

    message = _("Attribuer ou retirer un rôle demande un mandat d'administration en cours sur ce territoire.")


class SecondFactorRequired(Forbidden):
    """The mandate would do; the session was opened with a password alone."""

    message = _(
        "Il manque la double vérification. Ajoutez-la à votre compte, page « Mon compte », puis refaites "
        "ce geste : rien n'est perdu."
    )
    code = "second-facteur-requis"


def roles_opening(gesture: Gesture) -> list[Role]:
    """Return the roles that open `gesture`, read from the table."""
    return [role for role, gestures in ROLE_GESTURES.items() if gesture in gestures]


def check(user: "User | AnonymousUser", gesture: Gesture, commune: Commune | None) -> None:
    """Raise Forbidden unless `user` may do `gesture` on `commune` now.

    `None` is the whole country: only a national mandate covers it. To know whether somebody
    may do a gesture anywhere at all, ask `communes_for(user, gesture).exists()`.
    """
    if user.pk is None:
        raise SignInFirst
    mandates = Membership.objects.live().filter(user=user.pk)
    held = mandates.covering(commune) if commune is not None else mandates.filter(national=True)
    roles = set(held.values_list("role", flat=True))
    if not roles:
        raise OutsideTerritory
    if roles.isdisjoint(roles_opening(gesture)):
        raise WrongRole
    if gesture in STRONG_GESTURES:
        check_second_factor(user)


def check_second_factor(user: "User | AnonymousUser") -> None:
    """Raise SecondFactorRequired when `user` came by a page and has shown a password only.

    For gestures that `check` does not know; those of STRONG_GESTURES pass by here already.
    """
    if second_factor.is_missing(user):
        raise SecondFactorRequired


def decides_somewhere(user: "User | AnonymousUser") -> bool:
    """Say whether `user` holds a live mandate whose gestures ask for a second factor."""
    roles = [role for role, gestures in ROLE_GESTURES.items() if gestures & STRONG_GESTURES]
    return user.pk is not None and Membership.objects.live().filter(user=user.pk, role__in=roles).exists()


def can(user: "User | AnonymousUser", gesture: Gesture, commune: Commune | None) -> bool:
    """Say whether `check` would let it pass."""
    try:
        check(user, gesture, commune)
    except Forbidden:
        return False
    return True


def communes_for(user: "User | AnonymousUser", gesture: Gesture) -> QuerySet[Commune]:
    """Return the communes where `user` may do `gesture` now; empty for a stranger.

    One lazy query, meant to be a subquery (`commune__in=…`). A union of index look-ups, one
    per level of territory, rather than one condition joined by OR: a mayor's list must cost
    one commune, not a reading of all 35,000.
    """
    return communes_under(mandates_for(user, gesture))


def mandates_for(user: "User | AnonymousUser", gesture: Gesture) -> QuerySet[Membership]:
    """Return the live mandates of `user` that open `gesture`; none for a stranger."""
    if user.pk is None:
        return Membership.objects.none()
    return Membership.objects.live().filter(user=user.pk, role__in=roles_opening(gesture))


def communes_under(mandates: QuerySet[Membership]) -> QuerySet[Commune]:
    """Return the communes that `mandates` cover, as one lazy query."""
    # `Commune.objects` leaves the sandbox out, even of what a national mandate covers.
    everywhere = Exists(mandates.filter(national=True))
    codes = (
        mandates.filter(commune__isnull=False)
        .values("commune")
        .union(
            Commune.objects.filter(epci__in=mandates.values("epci")).order_by().values("pk"),
            Commune.objects.filter(departement__in=mandates.values("departement")).order_by().values("pk"),
            Commune.objects.filter(departement__region__in=mandates.values("region")).order_by().values("pk"),
            Commune.objects.filter(everywhere).order_by().values("pk"),
        )
    )
    return Commune.objects.filter(pk__in=codes)


def check_publish(user: "User | AnonymousUser") -> None:
    """Raise Forbidden unless `user` may publish now: a mandate, and more than a password from a page."""
    check_publisher(user)
    check_second_factor(user)


def check_publisher(user: "User | AnonymousUser") -> None:
    """Raise Forbidden unless `user` holds a live national mandate that publishes: enough to see.

    A couche covers the country: a steward of one territory may not publish it.
    """
    if user.pk is None:
        raise SignInFirst
    roles = roles_opening(Gesture.PUBLISH)
    if not Membership.objects.live().filter(user=user.pk, national=True, role__in=roles).exists():
        raise NotPublisher


def may_publish(user: "User | AnonymousUser") -> bool:
    """Say whether `check_publisher` would let it pass: whom to show the way."""
    try:
        check_publisher(user)
    except Forbidden:
        return False
    return True


def administrators_of(territory: Territory | None) -> QuerySet[Membership]:
    """Return the live memberships that grant roles on the whole of `territory` (None: the country)."""
    return Membership.objects.live().filter(role__in=roles_opening(Gesture.GRANT_ROLES)).over(territory)


def check_grant(user: "User | AnonymousUser", territory: Territory | None) -> None:
    """Raise Forbidden unless `user` may grant and end roles on `territory` now: see `check_second_factor`."""
    check_granter(user, territory)
    check_second_factor(user)


def check_granter(user: "User | AnonymousUser", territory: Territory | None) -> None:
    """Raise Forbidden unless `user` holds a mandate to grant roles on `territory`: enough to see.

    Never above it, never beside.
    """
    if user.pk is None:
        raise SignInFirst
    if not administrators_of(territory).filter(user=user.pk).exists():
        raise NotAdministrator


def may_grant(user: "User | AnonymousUser", territory: Territory | None) -> bool:
    """Say whether `check_granter` would let it pass: whom to show the way."""
    try:
        check_granter(user, territory)
    except Forbidden:
        return False
    return True


def grants_roles(user: "User | AnonymousUser") -> bool:
    """Say whether `user` grants roles on some territory now."""
    roles = roles_opening(Gesture.GRANT_ROLES)
    return user.pk is not None and Membership.objects.live().filter(user=user.pk, role__in=roles).exists()
