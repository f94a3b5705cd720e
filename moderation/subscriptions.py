"""Decisions by e-mail to who asked for them, twice: on the page, then from the letter it sends.

The form answers the same to everybody: whoever types an address learns nothing of it.
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from comptes.links import hash_link, new_link
from comptes.notifications import notify
from contributions.contact import email_sha256
from couches.models import Couche
from moderation.atom import sentences_of
from moderation.letters import LETTER_DELAY
from moderation.models import Decision, Subscription
from moderation.register import decided_in, in_words, lines_of
from territoires.models import Commune

# How long a link waits to be confirmed.
CONFIRM_WITHIN = dt.timedelta(hours=48)
MAX_LINES = 40
_SALT = "moderation.subscription.end"

Frequency = Subscription.Frequency


class LinkDead(Exception):
    """A link that opens nothing: older than two days, cut, or not ours."""


@transaction.atomic
def subscribe(*, email: str, commune: Commune, couche: Couche | None, frequency: str) -> str:
    """Write to `email` to ask whether it wants the letters; return the sentence to answer, always the same.

    A known address gets the very same letter as another: only its owner can tell, and it changes
    what is sent only once confirmed. No row without its letter: an address has three a day at most.
    """
    token, digest = new_link()
    row = Subscription.objects.create(
        email=email,
        email_sha256=email_sha256(email),
        commune=commune,
        couche=couche,
        frequency=frequency,
        token_sha256=digest,
        created_at=timezone.now(),
    )
    written = notify(
        event=f"abonnement:{row.pk}",
        template="abonnement",
        recipient=email,
        context={
            "commune": commune.nom,
            "couche": couche.title if couche else "",
            "rythme": row.get_frequency_display(),
            "lien": f"{settings.PUBLIC_URL}/abonnements/{token}/",
        },
    )
    if not written:
        row.delete()
    return _(
        "Un courriel part à cette adresse : ouvrez le lien qu'il contient dans les 48 heures pour confirmer. "
        "Rien n'arrive ? Vérifiez l'adresse, puis les courriers indésirables."
    )


def find_asked(token: str) -> Subscription:
    """Return the subscription that the link of a letter opens; reading it changes nothing. Raises LinkDead."""
    asked_since = timezone.now() - CONFIRM_WITHIN
    rows = Subscription.objects.select_related("commune", "couche").defer("commune__geom")
    row = rows.filter(token_sha256=hash_link(token), created_at__gt=asked_since).first()
    if row is None:
        raise LinkDead
    return row


@transaction.atomic
def confirm(*, token: str) -> Subscription:
    """Begin to send; the same again changes nothing. Takes the place of an older one alike. Raises LinkDead."""
    row = find_asked(token)
    alike = Subscription.objects.filter(
        email_sha256=row.email_sha256, commune=row.commune_id, couche=row.couche_id
    )
    # Locked in one order: of two links opened at once, the second waits and takes the place.
    locked = {one.pk: one for one in alike.select_for_update(of=("self",)).order_by("pk")}
    if row.pk not in locked:
        raise LinkDead
    if locked[row.pk].confirmed_at is None:
        older = [one for one in locked.values() if one.told_until is not None]
        alike.filter(pk__in=[one.pk for one in older]).delete()
        row.confirmed_at = timezone.now()
        # What the older one had not told yet is told by this one.
        row.told_until = min([row.confirmed_at, *(one.told_until for one in older if one.told_until)])
        row.save(update_fields=["confirmed_at", "told_until"])
    return row


def end_token(row: Subscription) -> str:
    """Return what the link « ne plus recevoir » of each letter carries: signed, kept nowhere."""
    return _signer().sign(str(row.pk))


def find_confirmed(token: str) -> Subscription | None:
    """Return what such a link would end, None when it is over already. Raises LinkDead for another link."""
    rows = Subscription.objects.select_related("commune", "couche").defer("commune__geom")
    return rows.filter(pk=_read_end(token)).first()


def end(*, token: str) -> None:
    """Stop sending, at once: the row goes, address included. Twice is once. Raises LinkDead."""
    Subscription.objects.filter(pk=_read_end(token)).delete()


def tell_due(now: dt.datetime | None = None) -> int:
    """Write the letters whose hour has come, one transaction each; return how many.

    Each begins where the one before ended: a job killed half-way goes on where it was, and one that
    was late, or did not run, loses nothing.
    """
    moment = now or timezone.now()
    written = 0
    for frequency in Frequency:
        until = _until(frequency, moment)
        for pk in _due(frequency, until).values_list("pk", flat=True).iterator(chunk_size=1000):
            written += _tell(pk, until)
    return written


def delete_unconfirmed() -> int:
    """Delete the addresses that nobody confirmed in time; return how many."""
    late = Subscription.objects.filter(
        confirmed_at__isnull=True, created_at__lte=timezone.now() - CONFIRM_WITHIN
    )
    deleted, _by_model = late.delete()
    return deleted


def _until(frequency: str, now: dt.datetime) -> dt.datetime:
    """Return the instant up to which a letter tells: last midnight, or that of last Monday."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if frequency == Frequency.WEEKLY:
        # By the calendar, not by hours: a week with a change of time is not 168 hours long.
        monday = midnight.date() - dt.timedelta(days=midnight.weekday())
        midnight = timezone.make_aware(dt.datetime.combine(monday, dt.time()))
    return min(midnight, now - LETTER_DELAY)


def _due(frequency: str, until: dt.datetime) -> Any:
    """Return the confirmed subscriptions that something was decided for since their last letter."""
    news = Decision.objects.public(until).filter(
        commune=Coalesce(OuterRef("commune__successor"), OuterRef("commune")),
        at__gte=OuterRef("told_until"),
        contribution__couche=Coalesce(OuterRef("couche"), F("contribution__couche")),
    )
    rows = Subscription.objects.filter(
        Exists(news), frequency=frequency, confirmed_at__isnull=False, told_until__lt=until
    )
    return rows.order_by("pk")


@transaction.atomic
def _tell(pk: int, until: dt.datetime) -> bool:
    """Write one letter and note how far it goes; False when another job did, or it ended meanwhile."""
    row = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("couche", "commune__successor")
        .filter(pk=pk, told_until__lt=until)
        .first()
    )
    if row is None:
        return False
    here = row.commune.successor or row.commune
    news = decided_in(here, until).filter(at__gte=row.told_until)
    if row.couche is not None:
        news = news.filter(contribution__couche=row.couche)
    lines = lines_of(in_words(news).order_by("at", "pk")[: MAX_LINES + 1])
    row.told_until = until
    row.save(update_fields=["told_until"])
    if not lines:
        return False
    return notify(
        event=f"registre:{row.pk}:{until:%Y%m%d%H%M}",
        template="registre",
        recipient=row.email,
        context={
            "commune": here.nom,
            "couche": row.couche.title if row.couche else "",
            "lignes": [
                {"jour": date_format(timezone.localtime(line.at), "j F"), "texte": sentences_of(line)}
                for line in lines[:MAX_LINES]
            ],
            "suite": len(lines) > MAX_LINES,
            "registre": f"{settings.PUBLIC_URL}/communes/{here.pk}/decisions/",
            "unsubscribe_url": f"{settings.PUBLIC_URL}/abonnements/fin/{end_token(row)}/",
        },
    )


def _signer() -> signing.Signer:
    return signing.Signer(salt=_SALT, sep="~")


def _read_end(token: str) -> int:
    try:
        return int(_signer().unsign(token))
    except (signing.BadSignature, ValueError) as error:
        raise LinkDead from error
