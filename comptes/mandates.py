"""Mandates: who answers in a commune, how one is given, and how leaving office ends all it opened."""

import datetime as dt

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from comptes.models import ApiToken, Invitation, MandateEvent, Membership, User
from comptes.notifications import notify
from comptes.permissions import NotAdministrator, check_grant, may_grant
from comptes.querysets import Territory
from comptes.roles import Role
from comptes.town_halls import announce
from territoires.models import Commune, Departement, Epci, Region

Action, Via = MandateEvent.Action, MandateEvent.Via
WITH_TERRITORY = ("commune", "epci", "departement", "region")

LEVELS = ("commune", "epci", "departement", "region", "france")


def answering(here: Commune) -> tuple[str, bool]:
    """Return the nearest level with a live moderator, as `who_answers`, and whether one is delegated. One query."""
    mandates = list(Membership.objects.live().covering(here).filter(role=Role.MODERATOR).distinct())
    levels = {level(mandate) for mandate in mandates}
    delegated = any(mandate.delegated_by_id for mandate in mandates)
    return next((name for name in LEVELS if name in levels), ""), delegated


def who_answers(here: Commune) -> str:
    """Return the nearest level with a live moderator: commune, epci, departement, region, france or ""."""
    return answering(here)[0]


def level(mandate: Membership) -> str:
    """Return the kind of territory of a mandate."""
    for name in LEVELS[:-1]:
        if getattr(mandate, f"{name}_id") is not None:
            return name
    return "france"


def on(territory: Territory | None) -> dict[str, object]:
    """Return the columns that name `territory` on a mandate or an invitation; None is the whole country."""
    columns: dict[str, object] = {**dict.fromkeys(WITH_TERRITORY), "national": territory is None}
    kinds = {Commune: "commune", Epci: "epci", Departement: "departement", Region: "region"}
    if territory is not None:
        columns[kinds[type(territory)]] = territory
    return columns


def record(
    action: MandateEvent.Action,
    *,
    by: User | None,
    via: MandateEvent.Via,
    membership: Membership | None = None,
    invitation: Invitation | None = None,
) -> None:
    """Write one line of the journal; `by` is kept when a signed-in person acts, whoever holds a link else."""
    MandateEvent.objects.create(
        action=action,
        membership=membership,
        invitation=invitation,
        by=by if via == Via.PERSON else None,
        via=via,
        at=timezone.now(),
    )


def grant(
    *,
    user: User,
    role: str,
    territory: Territory | None,
    by: User | None,
    via: MandateEvent.Via,
    action: MandateEvent.Action = Action.GRANTED,
    period: tuple[dt.datetime, dt.datetime] | None = None,
    delegated_by: Membership | None = None,
    invitation: Invitation | None = None,
) -> Membership:
    """Give a mandate, journal it, and announce it to the town hall; the caller has checked the right to.

    A live mandate that says the same is confirmed rather than doubled.
    """
    columns = {"user": user, "role": role, "delegated_by": delegated_by, **on(territory)}
    with transaction.atomic():
        known = {
            name: value for name, value in columns.items() if value is not None or name == "delegated_by"
        }
        held = None if period else Membership.objects.live().filter(**known).first()
        if held is not None:
            Membership.objects.filter(pk=held.pk).update(attested_on=timezone.localdate())
            return held
        starts, ends = period or (timezone.now(), None)
        mandate = Membership.objects.create(**columns, starts=starts, ends=ends)
        record(action, by=by, via=via, membership=mandate, invitation=invitation)
        announce(mandate)
    return mandate


def check_end(user: User, mandate: Membership) -> None:
    """Raise Forbidden unless `user` may end `mandate`.

    One's own; one given by delegation of one's own; or any, for who grants roles on that territory.
    """
    source = mandate.delegated_by
    if user.pk == mandate.user_id or (source is not None and source.user_id == user.pk):
        return
    check_grant(user, mandate.territory)


def end(
    *,
    mandate_id: int,
    by: User | None,
    via: MandateEvent.Via,
    action: MandateEvent.Action = Action.ENDED,
) -> bool:
    """End a mandate now, with all it opened; False when it had ended already.

    Its delegations end by the database's own trigger; the invitations its holder wrote and may no longer
    write are called off; their sessions are closed, and their tokens deleted when no mandate
    remains. Raises Forbidden for who may not, Membership.DoesNotExist.
    """
    with transaction.atomic():
        rows = Membership.objects.select_for_update(of=("self",)).with_places("user")
        mandate = rows.get(pk=mandate_id)
        if via == Via.PERSON:
            if by is None:
                raise NotAdministrator
            check_end(by, mandate)
        if mandate.is_over:
            return False
        now = timezone.now()
        delegations = list(mandate.delegations.filter(ends__gt=now).with_places("user"))
        Membership.objects.filter(pk=mandate.pk).update(starts=min(mandate.starts, now), ends=now)
        record(action, by=by, via=via, membership=mandate)
        _close_doors(mandate.user, every_session=by is None or by.pk != mandate.user_id)
        Invitation.objects.pending().filter(delegation_of=mandate).update(cancelled_at=now)
        for delegation in delegations:
            record(Action.ENDED, by=by, via=via, membership=delegation)
            _close_doors(delegation.user, every_session=False)
        for one in [mandate, *delegations]:
            _say_it_is_over(one, suspended=action == Action.SUSPENDED)
    return True


def _close_doors(person: User, *, every_session: bool) -> None:
    """Call off what `person` may no longer offer; close sessions; delete tokens when nothing is left."""
    written = Invitation.objects.pending().filter(created_by=person).with_places()
    for invitation in written.filter(delegation_of=None):
        if not may_grant(person, invitation.territory):
            Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(cancelled_at=timezone.now())
            record(Action.CANCELLED, by=None, via=Via.JOB, invitation=invitation)
    nothing_left = not Membership.objects.live().filter(user=person).exists()
    if nothing_left:
        ApiToken.objects.filter(user=person).delete()
    if nothing_left or every_session:
        User.objects.filter(pk=person.pk).update(sessions_epoch=F("sessions_epoch") + 1)


def _say_it_is_over(mandate: Membership, *, suspended: bool) -> None:
    notify(
        event=f"mandat-fini:{mandate.pk}",
        template="mandat-fini",
        recipient=mandate.user.email,
        context={
            "role": mandate.get_role_display(),
            "territoire": str(mandate.territory or ""),
            "suspendu": suspended,
        },
    )
