"""Once a year, and after elections, who decides says that they still hold their office; else it stops.

A warning 30 days before, another 7 days before; a month after the day, the mandate is suspended.
Nobody is suspended who was not asked at least a month earlier, whatever the workers missed.
"""

import datetime as dt
from collections import defaultdict

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from comptes.links import absolute, hash_link, new_link
from comptes.mandates import WITH_TERRITORY, Action, Via, end, record
from comptes.models import AttestationRequest, MandateEvent, Membership, User
from comptes.notifications import notify
from comptes.permissions import administrators_of, check_grant
from comptes.querysets import MembershipQuerySet, Territory
from comptes.roles import ATTESTED_ROLES

YEAR = dt.timedelta(days=365)
WARNINGS = (7, 30)
GRACE = dt.timedelta(days=30)
KEPT = dt.timedelta(days=400)
MAX_TOLD = 5


class DeadRequest(Exception):
    """The link was used, or the mandate is over, or was confirmed meanwhile."""


def due_on(mandate: Membership) -> dt.date:
    """Return the day before which the mandate must be confirmed again."""
    due = mandate.attested_on + YEAR
    elections = settings.ATTESTATION_DATE
    return min(due, elections) if elections and mandate.attested_on < elections else due


def to_confirm(user: User) -> list[Membership]:
    """Return the mandates of `user` that are due within 30 days, or overdue."""
    rows = _attested().filter(user=user).with_places()
    return [mandate for mandate in rows if _is_near(mandate)]


def remind() -> int:
    """Write the warnings of the day, once each; return how many. One transaction per mandate."""
    told: dict[str, list[str]] = defaultdict(list)
    written = 0
    for mandate in _near().with_places("user"):
        with transaction.atomic():
            if _ask(mandate):
                written += 1
                for email in _administrators(mandate):
                    told[email].append(f"{mandate.user} : {mandate}")
    for email, names in told.items():
        notify(
            event=f"attestation-equipe:{timezone.localdate()}",
            template="attestation-equipe",
            recipient=email,
            context={"mandats": sorted(names), "lien": absolute(reverse("equipe"))},
        )
    return written


def suspend_overdue() -> int:
    """End the mandates not confirmed a month after their day; return how many."""
    today, now = timezone.localdate(), timezone.now()
    asked = AttestationRequest.objects.filter(membership=OuterRef("pk"), created_at__lte=now - GRACE)
    suspended = 0
    for mandate in _near().filter(Exists(asked)):
        due = due_on(mandate)
        warned = mandate.attestation_requests.filter(due_on=due, created_at__lte=now - GRACE).exists()
        if warned and today > due + GRACE:
            suspended += end(mandate_id=mandate.pk, by=None, via=Via.JOB, action=Action.SUSPENDED)
    return suspended


def attest(*, mandate: Membership, by: User | None, via: MandateEvent.Via) -> None:
    """Say that the office is still held: by its holder, or by who grants roles there. Raises Forbidden."""
    if via == Via.PERSON and (by is None or by.pk != mandate.user_id):
        check_grant(by or mandate.user, mandate.territory)
    with transaction.atomic():
        live = _attested().filter(pk=mandate.pk)
        if live.update(attested_on=timezone.localdate()):
            record(Action.ATTESTED, by=by, via=via, membership=mandate)
            AttestationRequest.objects.filter(membership=mandate, used_at=None).update(used_at=timezone.now())


def attest_own(*, by: User) -> int:
    """Confirm what is due among one's own mandates; return how many."""
    mandates = to_confirm(by)
    for mandate in mandates:
        attest(mandate=mandate, by=by, via=Via.PERSON)
    return len(mandates)


def attest_team(*, by: User, territory: Territory | None) -> int:
    """Confirm what is due in a whole territory in one click; return how many. Raises Forbidden."""
    check_grant(by, territory)
    rows = _near().inside(territory).with_places("user")
    with transaction.atomic():
        for mandate in rows:
            attest(mandate=mandate, by=by, via=Via.PERSON)
    return len(rows)


def due_in(territory: Territory | None) -> int:
    """Return how many mandates of a territory are due within 30 days, or overdue."""
    return _near().inside(territory).count()


def find_request(token: str) -> AttestationRequest:
    """Return the request of a letter, still to answer. Raises DeadRequest."""
    digest = hash_link(token)
    rows = AttestationRequest.objects.select_related("membership__user", *(
        f"membership__{name}" for name in WITH_TERRITORY
    )).filter(used_at=None)  # fmt: skip
    request = rows.filter(token_hash=digest).first() if digest else None
    if request is None or not _attested().filter(pk=request.membership_id).exists():
        raise DeadRequest
    return request


def answer(*, token: str, still: bool) -> AttestationRequest:
    """Confirm the mandate by the letter's link, or end it. Raises DeadRequest."""
    with transaction.atomic():
        request = find_request(token)
        if not AttestationRequest.objects.filter(pk=request.pk, used_at=None).update(used_at=timezone.now()):
            raise DeadRequest
        if still:
            attest(mandate=request.membership, by=None, via=Via.LETTER)
        else:
            end(mandate_id=request.membership_id, by=None, via=Via.LETTER)
    return request


def forget_old() -> int:
    """Delete the requests of more than a year ago; return how many."""
    deleted, _by_model = AttestationRequest.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted


def _attested() -> MembershipQuerySet:
    """Live mandates that must be confirmed: a delegation has its own end, and ends with its source."""
    return Membership.objects.live().filter(role__in=ATTESTED_ROLES, delegated_by=None)


def _near() -> MembershipQuerySet:
    """Those due within 30 days, or overdue."""
    soon = timezone.localdate() + dt.timedelta(days=max(WARNINGS))
    near = Q(attested_on__lte=soon - YEAR)
    elections = settings.ATTESTATION_DATE
    if elections and elections <= soon:
        near |= Q(attested_on__lt=elections)
    return _attested().filter(near).order_by("pk")


def _is_near(mandate: Membership) -> bool:
    return due_on(mandate) <= timezone.localdate() + dt.timedelta(days=max(WARNINGS))


def _ask(mandate: Membership) -> bool:
    due = due_on(mandate)
    warning = next(days for days in WARNINGS if due <= timezone.localdate() + dt.timedelta(days=days))
    token, digest = new_link()
    _request, created = AttestationRequest.objects.get_or_create(
        membership=mandate, due_on=due, warning=warning, defaults={"token_hash": digest}
    )
    if created:
        notify(
            event=f"attestation:{mandate.pk}:{due}:{warning}",
            template="attestation",
            recipient=mandate.user.email,
            context={
                "role": mandate.get_role_display(),
                "territoire": str(mandate.territory or _("toute la France")),
                "avant": date_format(due, "j F Y"),
                "suspendu": date_format(max(due, timezone.localdate()) + GRACE, "j F Y"),
                "lien": absolute(reverse("attestation", args=[token])),
            },
        )
    return created


def _administrators(mandate: Membership) -> list[str]:
    others = administrators_of(mandate.territory).exclude(user=mandate.user_id).order_by("national", "pk")
    return list(dict.fromkeys(others.values_list("user__email", flat=True)))[:MAX_TOLD]
