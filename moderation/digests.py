"""The digest: one letter a day or a week to whoever has something to decide, and how to stop it.

It leaves only when something awaits, one letter a person whatever their territories. Stopping it
stops nothing else.
"""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from comptes.deferral import defer
from comptes.models import Membership, Notification, User
from comptes.notifications import hash_recipient, notify
from contributions.models import Contribution
from moderation.awaited import awaited_by, mandates_with_digest, nearest_first, something_awaits
from moderation.letter_items import letter_context, list_for
from moderation.models import DigestPreference

WRITE_DIGEST = "moderation.write_digest"
MONDAY = 0
Rhythm = DigestPreference.Rhythm
_signer = signing.Signer(salt="moderation.digest.stop")


class UnknownStop(Exception):
    """A link to stop the digest that is not one of ours."""


def plan_digests(day: dt.date) -> int:
    """Defer one job for each person due a digest on that local day; return how many.

    One job each: a person whose letter fails holds back nobody's.
    """
    due = mandates_with_digest().filter(rhythm__in=_rhythms(day))
    people = something_awaits(due, Contribution.objects.pending())
    for user_id in sorted(people):
        defer(
            WRITE_DIGEST,
            once=f"{WRITE_DIGEST}:{user_id}:{day:%Y-%m-%d}",
            user_id=user_id,
            day=day.isoformat(),
        )
    return len(people)


@transaction.atomic
def write_digest(*, user_id: int, day: dt.date) -> int:
    """Write one person's digest of that day; return how many reports it tells of, 0 for no letter.

    Their rhythms, mandates and queue are read again: time has passed since it was planned. Once a
    day and person, whatever is run again.
    """
    user = User.objects.select_for_update(of=("self",), no_key=True).filter(pk=user_id).first()
    if user is None or already_written(event := f"recapitulatif:{user.pk}:{day:%Y-%m-%d}", user):
        return 0
    mandates = nearest_first(mandates_with_digest(user).filter(rhythm__in=_rhythms(day)))
    listing = list_for((mandate, awaited_by(mandate)) for mandate in mandates)
    if not listing.total:
        return 0
    context = letter_context(user, listing, day=day)
    context |= {
        "unsubscribe_url": stop_url(user),
        "preferences": f"{settings.PUBLIC_URL}{reverse('moderation-mail')}",
        "lieu": context["groupes"][0]["territoire"] if len(mandates) == 1 else "",
    }
    notify(event=event, template="recapitulatif", recipient=user.email, context=context)
    return listing.total


def already_written(event: str, user: User) -> bool:
    """Say whether this letter is in the outbox, sent or not: its links are made once."""
    return Notification.objects.filter(event=event, recipient_hash=hash_recipient(user.email)).exists()


def stop_url(user: User) -> str:
    """Return the address that stops the digests of `user`, without signing in: it does nothing else."""
    return f"{settings.PUBLIC_URL}{reverse('moderation-mail-stop', args=[_signer.sign(str(user.pk))])}"


def user_of_stop(token: str) -> User:
    """Return whose digests the address stops. Raises UnknownStop."""
    try:
        return User.objects.get(pk=int(_signer.unsign(token)))
    except (signing.BadSignature, ValueError, User.DoesNotExist) as error:
        raise UnknownStop from error


@transaction.atomic
def stop_digests(*, by: User) -> None:
    """Write no digest any more for any of the person's mandates; reminders and service letters go on."""
    choose_rhythms(by=by, rhythms={mandate.pk: Rhythm.NEVER for mandate in mandates_with_digest(by)})


@transaction.atomic
def choose_rhythms(*, by: User, rhythms: dict[int, str]) -> None:
    """Keep the rhythm chosen for each of the person's own live mandates, by id; ignores any other."""
    own: Iterable[Membership] = mandates_with_digest(by).filter(pk__in=rhythms)
    DigestPreference.objects.bulk_create(
        [DigestPreference(membership=mandate, rhythm=rhythms[mandate.pk]) for mandate in own],
        update_conflicts=True,
        unique_fields=["membership"],
        update_fields=["rhythm"],
    )


def is_digest_day(day: dt.date) -> bool:
    """Say whether the weekly digests leave that day."""
    return day.weekday() == MONDAY


def next_digest_day(day: dt.date | None = None) -> dt.date:
    """Return the next Monday after `day`, today when omitted."""
    start = day or timezone.localdate()
    return start + dt.timedelta(days=7 - start.weekday())


def _rhythms(day: dt.date) -> list[str]:
    return [Rhythm.DAILY, Rhythm.WEEKLY] if is_digest_day(day) else [Rhythm.DAILY]
