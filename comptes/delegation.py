"""Absence: who decides for a period in the place of an official, and never for longer than they could."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from comptes.invitations import send
from comptes.mandates import Action, Via, grant, on, record
from comptes.models import Invitation, Membership, User
from comptes.notifications import notify
from comptes.permissions import administrators_of, check_second_factor
from comptes.roles import Role
from comptes.town_halls import clean_address
from territoires.models import Commune

MAX_DAYS = 366
MAX_COLLEAGUES = 50
MAX_AT_ONCE = 10


def own_mandates(user: User) -> QuerySet[Membership]:
    """Return the mandates that `user` may lend: live, deciding, not lent themselves."""
    rows = Membership.objects.live().filter(user=user, role=Role.MODERATOR, delegated_by=None)
    return rows.with_places().order_by("pk")


def colleagues(user: User) -> QuerySet[User]:
    """Return those who hold a live mandate on the territory of one's own, or inside it."""
    found = User.objects.none()
    for mandate in own_mandates(user):
        inside = Membership.objects.live().inside(mandate.territory)
        found |= User.objects.filter(pk__in=inside.values("user"))
    return found.exclude(pk=user.pk).order_by("display_name", "pk")[:MAX_COLLEAGUES]


def delegations_of(user: User) -> QuerySet[Membership]:
    """Return the delegations that `user` gave and that are not over."""
    rows = Membership.objects.filter(delegated_by__user=user, ends__gt=timezone.now())
    return rows.with_places("user").order_by("starts")


def offers_of(user: User) -> QuerySet[Invitation]:
    """Return the delegations that `user` offered by e-mail and that nobody accepted yet."""
    rows = Invitation.objects.pending().filter(delegation_of__user=user)
    return rows.with_places().order_by("starts")


def delegate(
    *,
    by: User,
    mandate_id: int,
    first_day: dt.date,
    last_day: dt.date,
    colleague_id: int | None = None,
    email: str = "",
) -> Membership | Invitation:
    """Let somebody decide in one's place from `first_day` to `last_day`, both included.

    A colleague (see `colleagues`) decides at once; any other address receives an invitation, so
    that nobody learns whether it has an account. Raises ValidationError by field,
    Membership.DoesNotExist when the mandate is not one's own to lend, Forbidden without a second factor.
    """
    check_second_factor(by)
    with transaction.atomic():
        source = own_mandates(by).select_for_update(of=("self",)).get(pk=mandate_id)
        period = _period(source, first_day, last_day)
        if delegations_of(by).count() + offers_of(by).count() >= MAX_AT_ONCE:
            raise ValidationError({"first_day": [_("Dix délégations à la fois au plus : terminez-en une.")]})
        person = _colleague(by, colleague_id, email)
        if person is None:
            return _offer(by, source, period, email)
        mandate = grant(
            user=person, role=source.role, territory=source.territory, by=by, via=Via.PERSON,
            action=Action.DELEGATED, period=period, delegated_by=source,
        )  # fmt: skip
        _tell(source, mandate)
    return mandate


def on_behalf_of(*, user: User, commune: Commune, at: dt.datetime) -> str:
    """Return whom `user` replaced when they decided there at `at`; "" when the right was their own."""
    held = Membership.objects.covering(commune).filter(user=user, role=Role.MODERATOR, starts__lte=at)
    held = held.exclude(ends__lte=at).select_related("delegated_by__user")
    mandates = list(held.distinct())
    if not mandates or any(mandate.delegated_by_id is None for mandate in mandates):
        return ""
    return mandates[0].on_behalf_of


def _period(source: Membership, first_day: dt.date, last_day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    today = timezone.localdate()
    if last_day < first_day:
        raise ValidationError({"last_day": [_("Le dernier jour vient avant le premier : échangez-les.")]})
    if last_day < today:
        raise ValidationError({"last_day": [_("Cette période est passée : donnez un jour à venir.")]})
    if (last_day - max(first_day, today)).days >= MAX_DAYS or (first_day - today).days > MAX_DAYS:
        raise ValidationError(
            {"last_day": [_("Une délégation dure un an au plus : donnez une date plus proche.")]}
        )
    starts = max(_midnight(first_day), timezone.now())
    ends = _midnight(last_day + dt.timedelta(days=1))
    if source.ends is not None and ends > source.ends:
        until = date_format(timezone.localtime(source.ends), "j F Y")
        raise ValidationError(
            {"last_day": [_("Votre propre mandat finit le %(day)s : la délégation aussi.") % {"day": until}]}
        )
    return starts, ends


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def _colleague(by: User, colleague_id: int | None, email: str) -> User | None:
    if colleague_id is None:
        address = clean_address(email)
        if address == by.email:
            raise ValidationError(
                {"email": [_("C'est votre propre adresse : donnez celle de qui vous remplace.")]}
            )
        return next((one for one in colleagues(by) if one.email == address), None)
    for one in colleagues(by):
        if one.pk == colleague_id:
            return one
    raise ValidationError({"colleague": [_("Cette personne n'a plus de mandat : donnez son adresse.")]})


def _offer(by: User, source: Membership, period: tuple[dt.datetime, dt.datetime], email: str) -> Invitation:
    starts, ends = period
    invitation = Invitation.objects.create(
        email=clean_address(email), role=source.role, created_by=by, delegation_of=source,
        starts=starts, ends=ends, expires_at=timezone.now(), **on(source.territory),
    )  # fmt: skip
    record(Action.INVITED, by=by, via=Via.PERSON, invitation=invitation)
    send(invitation)
    return invitation


def _tell(source: Membership, mandate: Membership) -> None:
    """Write to who replaces, and to who grants roles there: a delegation is never a secret."""
    if mandate.ends is None:
        return
    last = timezone.localtime(mandate.ends) - dt.timedelta(seconds=1)
    context = {
        "auteur": str(source.user),
        "remplacant": str(mandate.user),
        "territoire": str(source.territory or _("toute la France")),
        "du": date_format(timezone.localtime(mandate.starts), "j F Y"),
        "au": date_format(last, "j F Y"),
    }
    administrators = administrators_of(source.territory).filter(national=False)
    emails = administrators.exclude(user=source.user_id).values_list("user__email", flat=True)
    for email in dict.fromkeys([mandate.user.email, *emails[:MAX_AT_ONCE]]):
        pour_vous = email == mandate.user.email
        notify(
            event=f"delegation:{mandate.pk}",
            template="delegation",
            recipient=email,
            context={**context, "pour_vous": pour_vous},
        )
