"""Whom a pending report awaits: the mandate that should answer, not all those that may.

A higher territory may decide everywhere inside itself; it is written to only about what nobody
nearer can answer, and what was passed on to it. Otherwise the referent of twenty-five communes
would get the post of twenty-five mayors.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from comptes.mandates import LEVELS, level
from comptes.models import Membership, User
from comptes.permissions import roles_opening
from comptes.roles import Gesture, Role
from contributions.models import Contribution
from moderation.delays import with_waiting_since
from moderation.models import Decision, DigestPreference, Escalation
from territoires.models import Commune

# Contribution.Level, from the nearest: who is expected to decide.
_EXPECTED = ("", "epci", "departement")
# The mandates of each level that hold the outer commune.
_HOLDS: dict[str, dict[str, Any]] = {
    "commune": {"commune": OuterRef("pk")},
    "epci": {"epci": OuterRef("epci")},
    "departement": {"departement": OuterRef("departement")},
    "region": {"region": OuterRef("departement__region")},
    "france": {"national": True},
}


def deciders() -> QuerySet[Membership]:
    """Return the live mandates that decide, with their person and territory."""
    return _with_territory(Membership.objects.live().filter(role__in=roles_opening(Gesture.DECIDE)))


def mandates_with_digest(user: User | None = None) -> QuerySet[Any]:
    """Return the live mandates that a digest may be written for, of `user` or of everybody.

    Annotated with `rhythm`, chosen or by default.
    """
    mandates = Membership.objects.live().filter(role__in=roles_opening(Gesture.SEE_QUEUE))
    if user is not None:
        mandates = mandates.filter(user=user)
    by_default = Case(
        *(When(role=role, then=Value(DigestPreference.default_for(role))) for role in Role),
        output_field=CharField(),
    )
    return _with_territory(mandates.annotate(rhythm=Coalesce("digest_preference__rhythm", by_default)))


def awaited_by(mandate: Membership) -> QuerySet[Contribution]:
    """Return the pending reports that this mandate is expected to answer.

    Those addressed to its level or to a nearer one where nobody decides, and those passed on to it
    for want of an answer; not those held for later, nor the appeal against its own refusal.
    """
    here = Commune.objects.within(mandate.territory)
    rows = with_waiting_since(Contribution.objects.pending().filter(desk__in=here.order_by().values("pk")))
    height = LEVELS.index(level(mandate))
    wanted = Q(pk__in=[])
    for lowest, name in enumerate(_EXPECTED[: height + 1]):
        alone = here.exclude(_somebody_decides(LEVELS[lowest:height])) if lowest < height else here
        wanted |= Q(level=name, desk__in=alone.order_by().values("pk"))
    if height:
        wanted |= Q(Exists(Escalation.objects.filter(contribution=OuterRef("pk"), level=LEVELS[height])))
    refused = Decision.objects.filter(contribution=OuterRef("pk"), action="reject", by=mandate.user_id)
    return rows.filter(wanted, waiting_since__lte=timezone.now()).exclude(
        Q(appealed_at__isnull=False) & Exists(refused)
    )


def something_awaits(mandates: QuerySet[Membership], rows: QuerySet[Contribution]) -> set[int]:
    """Return the ids of the people with a mandate among `mandates` that one of the pending `rows` awaits.

    One query for all the communes, one for each mandate above: there are 35,000 of the first,
    hundreds of the others.
    """
    now = with_waiting_since(rows).filter(level="", waiting_since__lte=timezone.now())
    people = set(mandates.filter(commune__in=now.order_by().values("desk")).values_list("user", flat=True))
    for mandate in mandates.filter(commune=None):
        if mandate.user_id not in people and awaited_by(mandate).filter(pk__in=rows.values("pk")).exists():
            people.add(mandate.user_id)
    return people


def nearest_first(mandates: Iterable[Membership]) -> list[Membership]:
    """Return those that decide before those that prepare, the nearest territory first."""
    opening = set(roles_opening(Gesture.DECIDE))
    return sorted(
        mandates,
        key=lambda one: (one.role not in opening, LEVELS.index(level(one)), str(one.territory or "")),
    )


def decides(mandate: Membership) -> bool:
    """Say whether the mandate's role decides."""
    return mandate.role in roles_opening(Gesture.DECIDE)


def levels_of(communes: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield (code, levels where somebody decides, nearest first) for each commune code."""
    flags = {f"{name}_decides": _somebody_decides([name]) for name in LEVELS}
    found = Commune.objects.filter(pk__in=list(communes)).annotate(**flags).order_by()
    for code, *decided in found.values_list("pk", *flags):
        yield code, [name for name, somebody in zip(LEVELS, decided, strict=True) if somebody]


def _somebody_decides(levels: Iterable[str]) -> Q:
    """Return the condition, on a commune, that a live mandate of one of these levels decides there."""
    live = Membership.objects.live().filter(role__in=roles_opening(Gesture.DECIDE))
    found = Q(pk__in=[])
    for name in levels:
        found |= Q(Exists(live.filter(**_HOLDS[name])))
    return found


def _with_territory(mandates: QuerySet[Membership]) -> QuerySet[Membership]:
    return mandates.select_related("user", "commune", "epci", "departement", "region").defer("commune__geom")
