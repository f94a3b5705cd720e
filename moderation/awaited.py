"""Whom a pending report awaits: the mandate that should answer, not all those that may.

A higher territory may decide everywhere inside itself; it is written to only about what nobody
nearer can answer, and what was passed on to it. Otherwise the referent of twenty-five communes
would get the post of twenty-five mayors.
"""

from collections.abc import Iterable, Iterator

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from comptes.mandates import LEVELS, level
from comptes.models import Membership, User
from comptes.permissions import roles_opening
from comptes.roles import Gesture, Role
from contributions.models import Contribution
from moderation.models import DigestPreference, Escalation
from territoires.models import Commune

Rhythm = DigestPreference.Rhythm
# Where each level of mandate is found from a contribution.
_NEARER = {
    "commune": {"commune": OuterRef("commune")},
    "epci": {"epci": OuterRef("commune__epci")},
    "departement": {"departement": OuterRef("commune__departement")},
    "region": {"region": OuterRef("commune__departement__region")},
}


def deciders() -> QuerySet[Membership]:
    """Return the live mandates that decide, with their person and territory."""
    return _with_territory(Membership.objects.live().filter(role__in=roles_opening(Gesture.DECIDE)))


def mandates_with_digest(user: User | None = None) -> QuerySet[Membership]:
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
    """Return the pending reports that this mandate is expected to answer."""
    here = Commune.objects.within(mandate.territory)
    rows = Contribution.objects.pending().filter(commune__in=here.order_by().values("pk"))
    height = LEVELS.index(level(mandate))
    if height == 0:
        return rows
    nearer = Membership.objects.live().filter(role__in=roles_opening(Gesture.DECIDE))
    nobody = Q()
    for name in LEVELS[:height]:
        nobody &= ~Exists(nearer.filter(**_NEARER[name]))
    passed_on = Escalation.objects.filter(contribution=OuterRef("pk"), level=LEVELS[height])
    return rows.filter(nobody | Exists(passed_on))


def something_awaits(mandates: QuerySet[Membership], rows: QuerySet[Contribution]) -> set[int]:
    """Return the ids of the people with a mandate among `mandates` that one of the pending `rows` awaits.

    One query for all the communes, one for each mandate above: there are 35,000 of the first,
    hundreds of the others.
    """
    waiting = rows.order_by().values("commune")
    people = set(mandates.filter(commune__in=waiting).values_list("user", flat=True))
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
    """Yield (code, levels with a live mandate that decides, nearest first) for each commune code."""
    live = Membership.objects.live().filter(role__in=roles_opening(Gesture.DECIDE))
    found = Commune.objects.filter(pk__in=list(communes)).annotate(
        commune_decides=Exists(live.filter(commune=OuterRef("pk"))),
        epci_decides=Exists(live.filter(epci=OuterRef("epci"))),
        departement_decides=Exists(live.filter(departement=OuterRef("departement"))),
        region_decides=Exists(live.filter(region=OuterRef("departement__region"))),
        france_decides=Exists(live.filter(national=True)),
    )
    names = [f"{name}_decides" for name in LEVELS]
    for code, *flags in found.order_by().values_list("pk", *names):
        yield code, [name for name, decides_here in zip(LEVELS, flags, strict=True) if decides_here]


def _with_territory(mandates: QuerySet[Membership]) -> QuerySet[Membership]:
    return mandates.select_related("user", "commune", "epci", "departement", "region").defer("commune__geom")
