"""Whose reports a person sees and decides: those of their territory, or those of their sandbox.

The two never mix. A page says which one it shows (`practice`); a verb looks at the row itself.
"""

from typing import TYPE_CHECKING

from django.contrib.gis.geos import Point
from django.db.models import QuerySet

from comptes import permissions
from comptes.models import User
from comptes.roles import Gesture
from contributions.models import Contribution
from territoires.imaginary import locate_in_sandbox
from territoires.location import Location, locate
from territoires.models import SANDBOX_CODE, Commune

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


def visible_to(user: "User | AnonymousUser", *, practice: bool = False) -> QuerySet[Contribution]:
    """Return the contributions that `user` may see now: the only way in.

    Those of the desks whose queue is theirs (a report handed to the neighbour is at the
    neighbour's, and no longer at ours); with `practice`, those invented for them.
    """
    if practice:
        return of_sandbox(user)
    return Contribution.objects.filter(desk__in=desks_of(user).values("pk"))


def desks_of(user: "User | AnonymousUser", *, practice: bool = False) -> QuerySet[Commune]:
    """Return the communes whose queue `user` sees now; with `practice`, the imaginary one."""
    if practice:
        return Commune._base_manager.filter(pk=SANDBOX_CODE)
    return permissions.communes_for(user, Gesture.SEE_QUEUE)


def reports_of(user: "User | AnonymousUser", *, practice: bool = False) -> QuerySet[Contribution]:
    """Return what may stand at a desk: real reports, wherever they are, or those invented for `user`."""
    return of_sandbox(user) if practice else Contribution.objects.all()


def of_sandbox(user: "User | AnonymousUser") -> QuerySet[Contribution]:
    """Return the reports invented for `user`; none for a stranger."""
    if user.pk is None:
        return Contribution.with_practice.none()
    return Contribution.with_practice.filter(practice_of=user.pk)


def same_world(contribution: Contribution) -> QuerySet[Contribution]:
    """Return what a report may be compared or merged with: real with real, mine with mine."""
    return Contribution.with_practice.filter(practice_of=contribution.practice_of_id)


def check_decides(by: User, contribution: Contribution) -> None:
    """Raise `comptes.permissions.Forbidden` unless `by` may decide on the contribution now.

    On an invented report: the person it was invented for, and nobody else, whatever their mandates.
    The trigger `decision_within_territory` says the same.
    """
    if contribution.practice_of_id is None:
        permissions.check(by, Gesture.DECIDE, contribution.handed_to or contribution.commune)
    elif contribution.practice_of_id != by.pk:
        raise permissions.OutsideTerritory


def locate_for(contribution: Contribution, point: Point) -> Location:
    """Return where an official may move the point of a report (EPSG:4326) to.

    Raises OutsideFrance; for an invented report, outside the imaginary commune.
    """
    if contribution.practice_of_id is None:
        return locate(point)
    return locate_in_sandbox(point)


def decides(by: User | None, contribution: Contribution) -> bool:
    """Say whether `check_decides` would let it pass."""
    try:
        if by is not None:
            check_decides(by, contribution)
    except permissions.Forbidden:
        return False
    return by is not None
