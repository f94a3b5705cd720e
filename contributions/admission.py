"""Who gets in without delay: what letting a sender in will cost, checked first, paid last.

Paid in the transaction of the contribution itself: a refusal, whatever its cause, costs nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from comptes.models import Membership
from contributions import challenge, limits, pauses, workshops
from contributions.challenge import Proof
from contributions.limits import Take, TooMany
from contributions.models import Pause, WorkshopCode
from territoires.models import Commune

if TYPE_CHECKING:
    from comptes.models import User


@dataclass(frozen=True)
class Sender:
    """Where a submission comes from: the client's address, and what it brings to be let in.

    `challenge` is altcha's payload (base64 text or object) and `workshop` a workshop code, both
    as received, or None.
    """

    address: str
    challenge: object = None
    workshop: object = None


@dataclass(frozen=True)
class Toll:
    """What letting one submission in takes: a token of each bucket, a proof or a use of a code.

    `paused`: the slow pauses of the place, each with its own smaller buckets.
    """

    takes: tuple[Take, ...]
    proof: Proof | None = None
    code: WorkshopCode | None = None
    paused: tuple[tuple[Pause, tuple[Take, ...]], ...] = ()


def weigh(sender: Sender, *, commune: Commune, person: "User | None", paused: Iterable[Pause] = ()) -> Toll:
    """Return what `sender` will pay to submit in `commune`; takes nothing yet.

    `paused` are the pauses `pauses.on` the place, which only strangers feel. Raises `limits.NotYet`
    (come back later) and ValidationError on "challenge" or "workshop".
    """
    toll = _toll(sender, commune, person, list(paused))
    limits.check(toll.takes)
    for pause, takes in toll.paused:
        with _said_by(pause):
            limits.check(takes)
    return toll


def pay(toll: Toll) -> None:
    """Pay, in the caller's transaction, which a refusal must roll back. Same errors as `weigh`.

    The buckets come last: their rows are locked until the commit.
    """
    if toll.proof:
        challenge.spend(toll.proof)
    if toll.code:
        workshops.use(toll.code)
    limits.take(toll.takes)
    # In the order of `_toll`, the same for all: still no deadlock.
    for pause, takes in toll.paused:
        with _said_by(pause):
            limits.take(takes)


def count_wrong_code(sender: Sender) -> None:
    """Count a wrong workshop code against its address, outside the transaction it made fail."""
    limits.take([limits.of_address("code", sender.address)])


def _toll(sender: Sender, commune: Commune, person: "User | None", paused: list[Pause]) -> Toll:
    if not settings.REPERES_LIMITS and not paused:
        return Toll(())
    site = limits.of_site()
    if person is not None and Membership.objects.live().filter(user=person).exists():
        # The town hall's own entry is not held up by a storm on its commune.
        return Toll((limits.of_official(person.pk), site))
    shared = (limits.of_commune(commune.pk), site)
    if sender.workshop not in (None, ""):
        limits.check([limits.of_address("code", sender.address)])
        return Toll(shared, code=workshops.find(sender.workshop, commune=commune))
    pauses.refuse(paused)
    slow = tuple(
        (one, limits.of_pause(one.pk, sender.address)) for one in sorted(paused, key=lambda one: one.pk)
    )
    if sender.challenge is not None:
        proof = challenge.read(sender.challenge, commune=commune.pk)
        return Toll((limits.of_address("address", sender.address), *shared), proof, paused=slow)
    return Toll((limits.of_address("bare", sender.address), *shared), paused=slow)


@contextmanager
def _said_by(pause: Pause) -> Iterator[None]:
    """Turn an empty bucket of a pause into the words of its author."""
    try:
        yield
    except TooMany as refusal:
        raise pauses.ZoneSlowed(pause, refusal.wait) from refusal
