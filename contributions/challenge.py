"""Proof of work: half a second of a phone's time, nothing to read, nobody to ask.

altcha, version 2 of its protocol. The challenge is signed and expires; it says for which
commune it was made, and a row of the database lets it serve once.
"""

import base64
import binascii
import datetime as dt
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from altcha import v2
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from contributions.limits import NotYet
from contributions.models import SpentChallenge

ACTION = "contribution"
ALGORITHM = "PBKDF2/SHA-256"
LIFETIME = dt.timedelta(minutes=20)
# Of the counter, when the buckets are empty: the longest that a phone may be asked to work.
STEEPEST = 2.5
# A clock of ours may be late: what has expired is forgotten well after.
FORGOTTEN_AFTER = dt.timedelta(days=1)
SPEND_ONCE = """
INSERT INTO contributions_spentchallenge (nonce, expires_at) VALUES (%(nonce)s, %(expires_at)s)
ON CONFLICT (nonce) DO NOTHING
"""


class StaleChallenge(NotYet):
    """The challenge expired, has served, or was made for another commune: another one will do."""

    code = "defi-perime"

    def __init__(self) -> None:
        super().__init__(
            _("Ce défi est périmé ou a déjà servi. Rien n'est perdu : demandez-en un autre et renvoyez."),
            wait=1,
        )


@dataclass(frozen=True)
class Proof:
    """A sound solution, not spent yet."""

    nonce: str
    expires_at: dt.datetime


def issue(*, commune: str, fill: float = 1.0, now: dt.datetime | None = None) -> dict[str, Any]:
    """Return a challenge `{"parameters": …, "signature": …}` for a place.

    `commune` is the place's INSEE code, "" outside all; `fill` how full the emptiest bucket
    concerned is, from 0 to 1: under one half, the work grows up to STEEPEST times.
    """
    signing, proving = next(_keys())
    challenge = v2.create_challenge(
        ALGORITHM,
        settings.CHALLENGE_COST,
        counter=_counter(fill),
        expires_at=(now or timezone.now()) + LIFETIME,
        data={"action": ACTION, "commune": commune},
        hmac_secret=signing,
        hmac_key_secret=proving,
    )
    return challenge.to_dict()


def _counter(fill: float) -> int:
    """Return the secret number to find: between half and the whole of what the bucket's state asks."""
    steepness = 1 + (STEEPEST - 1) * max(0.0, 1 - 2 * fill)
    most = max(1, round(settings.CHALLENGE_COUNTER * steepness))
    return most // 2 + secrets.randbelow(most - most // 2 + 1)


def read(raw: object, *, commune: str) -> Proof:
    """Return the proof that `raw` holds for a submission in `commune`; spends nothing.

    `raw` is altcha's payload, an object or its base64 text. Raises ValidationError on
    "challenge" when it is no answer to a challenge of ours, StaleChallenge when it is one that
    may not serve here, or no longer.
    """
    payload = _payload(raw)
    for signing, proving in _keys():
        result = v2.verify_solution(payload, signing, hmac_key_secret=proving)
        if result.expired:
            raise StaleChallenge
        if not result.invalid_signature:
            break
    if not result.verified:
        raise _refused()
    # From here on the parameters are our own words: the signature holds.
    parameters = payload.challenge.parameters
    if parameters.data != {"action": ACTION, "commune": commune}:
        raise StaleChallenge
    return Proof(parameters.nonce, dt.datetime.fromtimestamp(parameters.expires_at or 0, dt.UTC))


def spend(proof: Proof) -> None:
    """Note that the proof has served, in the caller's transaction. Raises StaleChallenge if it had."""
    with connection.cursor() as cursor:
        cursor.execute(SPEND_ONCE, {"nonce": proof.nonce, "expires_at": proof.expires_at})
        if cursor.rowcount != 1:
            raise StaleChallenge


def forget_expired() -> int:
    """Delete the rows of challenges that expired a day ago; return how many."""
    limit = timezone.now() - FORGOTTEN_AFTER
    deleted, _by_model = SpentChallenge.objects.filter(expires_at__lt=limit).delete()
    return deleted


def _keys() -> Iterator[tuple[bytes, bytes]]:
    """Yield (signing key, proving key) of today's secret, then of those it replaced."""
    for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        yield _derived("signature", secret), _derived("proof", secret)


def _derived(use: str, secret: str) -> bytes:
    return salted_hmac("contributions.challenge", use, secret=secret, algorithm="sha256").digest()


def _payload(raw: object) -> v2.Payload:
    document = raw
    try:
        if isinstance(raw, str):
            document = json.loads(base64.b64decode(raw, validate=True))
        if not isinstance(document, dict):
            raise _refused()
        return v2.Payload.from_dict(document)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError, binascii.Error) as error:
        raise _refused() from error


def _refused() -> ValidationError:
    return ValidationError(
        {
            "challenge": [
                _(
                    "Cette réponse au défi n'est pas juste : demandez un défi à « defi/ », ou envoyez null. "
                    "Votre signalement, lui, est gardé sur l'appareil."
                )
            ]
        }
    )
