"""Token buckets in PostgreSQL: they slow those who send much, and lose nothing of what they sent.

One statement takes a token from each bucket concerned, or from none: processes share no memory
and need no other server.
"""

import datetime as dt
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

HOUR_S = 3600
# The whole site's bucket is as many rows, so that submissions do not queue behind one.
SITE_SHARDS = 16
# An address of IPv6 changes at will within the network that a house is given.
IPV6_HOME = 64
IDLE = dt.timedelta(days=1)

ASKED = """
unnest(%(keys)s::text[], %(bursts)s::float8[], %(per_seconds)s::float8[])
    WITH ORDINALITY AS asked(key, burst, per_second, rank)
"""
# What `bucket` holds at the instant `excluded.filled_at`, read before any wait for the row: a wait
# can only make somebody poorer.
_NOW_HOLDS = """
least(excluded.burst, bucket.tokens
      + excluded.per_second * greatest(0, extract(epoch FROM excluded.filled_at - bucket.filled_at)))
"""
# Rows are locked in the order asked, the same for all: address, commune, site. No deadlock.
TAKE = f"""
INSERT INTO contributions_tokenbucket AS bucket (key, tokens, burst, per_second, filled_at)
SELECT key, burst - 1, burst, per_second, clock_timestamp() FROM {ASKED} ORDER BY rank
ON CONFLICT (key) DO UPDATE SET
    tokens = {_NOW_HOLDS} - 1,
    burst = excluded.burst,
    per_second = excluded.per_second,
    filled_at = greatest(excluded.filled_at, bucket.filled_at)
WHERE {_NOW_HOLDS} >= 1
RETURNING key
"""  # noqa: S608  # joined from constants of this module
HOLDS = f"""
SELECT asked.burst, asked.per_second, least(asked.burst, coalesce(
    bucket.tokens
        + asked.per_second * greatest(0, extract(epoch FROM clock_timestamp() - bucket.filled_at)),
    asked.burst))
FROM {ASKED} LEFT JOIN contributions_tokenbucket AS bucket ON bucket.key = asked.key
"""  # noqa: S608  # joined from constants of this module
FORGET = """
DELETE FROM contributions_tokenbucket
WHERE filled_at < %(idle_since)s
   OR tokens + per_second * extract(epoch FROM clock_timestamp() - filled_at) >= burst
"""


class NotYet(Exception):
    """Nothing is wrong with what was sent: the same, `wait` seconds later, may pass.

    `code` names the problem for programs, `status` is that of the answer; the text is French, for people.
    """

    code = ""
    status = 429

    def __init__(self, message: str, *, wait: int) -> None:
        super().__init__(message)
        self.wait = wait


class TooMany(NotYet):
    """A bucket is empty."""

    code = "trop-d-envois"

    def __init__(self, wait: int) -> None:
        super().__init__(
            _(
                "Beaucoup d'envois viennent de cette connexion ou vont à cette commune en ce moment. "
                "Rien n'est perdu : renvoyez dans %(delay)s."
            )
            % {"delay": delay(wait)},
            wait=wait,
        )


@dataclass(frozen=True)
class Take:
    """One token asked of the bucket `key`, of which `per_second` come back, `burst` at most."""

    key: str
    burst: int
    per_second: float


def take(takes: Sequence[Take]) -> None:
    """Take a token from every bucket, or none and raise TooMany. Locks them until the commit."""
    if not (takes and settings.REPERES_LIMITS):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TAKE, _arrays(takes))
        taken = {key for (key,) in cursor.fetchall()}
        refused = [one for one in takes if one.key not in taken]
        if refused:
            raise TooMany(max(1, _wait(refused)))


def check(takes: Sequence[Take]) -> None:
    """Raise TooMany when one of the buckets is empty; takes and locks nothing.

    Spares the work of a submission that `take` will refuse; only `take` decides.
    """
    if takes and settings.REPERES_LIMITS and (wait := _wait(takes)):
        raise TooMany(wait)


def fill(takes: Sequence[Take]) -> float:
    """Return how full the emptiest of the buckets is, from 0 to 1."""
    return min((held / burst for burst, _rate, held in _holds(takes)), default=1.0)


def forget_idle() -> int:
    """Delete the buckets that are full again, or idle since a day; return how many.

    Deleting a full one changes nothing; no trace of an address outlives a day by more.
    """
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"idle_since": timezone.now() - IDLE})
        return cursor.rowcount


# --- whose bucket ----------------------------------------------------------------------------------


def of_address(kind: str, address: str) -> Take:
    """Return the bucket of a client's address for a `kind` of settings.LIMITS."""
    return _take(kind, f"{kind}:{_hidden(address)}")


def of_commune(code_insee: str) -> Take:
    """Return the bucket of all that residents send to one commune."""
    return _take("commune", f"commune:{code_insee}")


def of_pause(pause_id: int, address: str) -> tuple[Take, Take]:
    """Return the buckets of a slow pause: that of an address in its zone, that of all who report there."""
    return (
        _take("paused_address", f"pause:{pause_id}:{_hidden(address)}"),
        _take("paused_zone", f"pause:{pause_id}"),
    )


def of_site() -> Take:
    """Return one of the rows of the whole site's bucket."""
    return _take("site", f"site:{secrets.randbelow(SITE_SHARDS)}", shards=SITE_SHARDS)


def of_official(user_id: int) -> Take:
    """Return the bucket of an official, wherever they sit."""
    return _take("official", f"official:{user_id}")


def _take(kind: str, key: str, *, shards: int = 1) -> Take:
    per_hour, burst = settings.LIMITS[kind]
    return Take(key=key, burst=max(1, burst // shards), per_second=per_hour / HOUR_S / shards)


def _hidden(address: str) -> str:
    """Return a keyed hash of an address, of its /64 network in IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return _keyed(address)
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ipaddress.ip_network((ip, IPV6_HOME), strict=False).network_address
    return _keyed(str(ip))


def _keyed(text: str) -> str:
    return salted_hmac("contributions.limits", text, algorithm="sha256").hexdigest()


def _arrays(takes: Sequence[Take]) -> dict[str, Any]:
    return {
        "keys": [one.key for one in takes],
        "bursts": [one.burst for one in takes],
        "per_seconds": [one.per_second for one in takes],
    }


def _holds(takes: Sequence[Take]) -> list[tuple[float, float, float]]:
    with connection.cursor() as cursor:
        cursor.execute(HOLDS, _arrays(takes))
        return cursor.fetchall()


def _wait(takes: Sequence[Take]) -> int:
    """Return the whole seconds until all the buckets hold a token; 0 when they do."""
    missing = [(1 - held) / rate for _burst, rate, held in _holds(takes) if held < 1]
    return int(max(missing)) + 1 if missing else 0


def delay(seconds: int) -> str:
    """Say a wait in words: seconds up to a minute and a half, minutes beyond."""
    if seconds <= 90:
        return ngettext("%(n)d seconde", "%(n)d secondes", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
