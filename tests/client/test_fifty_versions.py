"""Fifty random versions with reverts, kills and restarts: never a row that differs."""

import random
import signal
import time
import uuid
from typing import Any

import psycopg
from django.contrib.gis.geos import Point

from couches.models import CoucheVersion
from couches.publication import Change, NothingToPublish, publish, revert
from territoires.models import Commune
from tests.client.conftest import Client, differences, held_version
from tests.exports.factories import DAY, zones

SEED = 20261126
VERSIONS = 50
KILLS = 10
# The one advisory lock of a step is held from its first statement to its commit.
_INSIDE = """
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND application_name = 'reperes-suivre' AND datname = current_database()
"""
TEXTS = ["L'Haÿ-les-Roses 🏔️", 'un "mot"\n et \\ deux', "", "é" * 300]


def answers(dice: random.Random) -> dict[str, Any]:
    """Return answers of any of three ages of the schema: known, unknown later, none."""
    found: dict[str, Any] = {
        "comment": dice.choice(TEXTS),
        "bars": dice.randrange(5),
        "volte": dice.random() < 0.5,
    }
    if dice.random() < 0.3:
        found[f"nouveau_{dice.randrange(3)}"] = dice.choice([1.5, 1e22, None, [1, {"a": "b"}]])
    return found


def next_changes(dice: random.Random, living: list[uuid.UUID]) -> list[Change]:
    """Draw a handful of changes; at most one for each object."""
    free = list(living)
    dice.shuffle(free)
    changes = []
    for _rank in range(dice.randint(1, 8)):
        kind = dice.choice(["create", "update", "observe", "delete"]) if free else "create"
        commune, lon = dice.choice([("15014", 2.44), ("15267", 2.34)])
        place = Point(lon + dice.random() / 100, 44.93 + dice.random() / 100, srid=4326)
        seen = {"observations": dice.randint(2, 9), "last_observed_on": DAY}
        if kind == "create":
            new = uuid.UUID(int=dice.getrandbits(128))
            accuracy = dice.choice([None, 12.5, 0.0, 99_999.9])
            changes.append(Change("create", new, place, answers(dice), commune, accuracy_m=accuracy, **seen))
        elif kind == "update":
            moves = dice.random() < 0.5
            changes.append(
                Change(
                    "update",
                    free.pop(),
                    place if moves else None,
                    answers(dice),
                    commune if moves else None,
                    **seen,
                )
            )
        else:
            changes.append(Change(kind, free.pop(), **({} if kind == "delete" else seen)))  # type: ignore[arg-type]
    return changes


def next_version(dice: random.Random, latest: int) -> int:
    """Publish, or revert to any earlier version; return the number now in force."""
    couche = zones()
    try:
        if latest > 2 and dice.random() < 0.2:
            return revert(couche=couche, number=dice.randint(1, latest - 2), by=None).number
        living = list(
            couche.features.filter(versions__to_version__isnull=True)
            .order_by("number")
            .values_list("pk", flat=True)
        )
        return publish(couche=couche, changes=next_changes(dice, living), by=None).number
    except NothingToPublish:
        return latest


def killed_at_work(client: Client, follower: psycopg.Connection[Any], dice: random.Random) -> bool:
    """Start a run and kill it without warning; return whether it was inside a step's transaction."""

    def inside() -> bool:
        return follower.execute(_INSIDE).fetchone() != (0,)

    process = client.start()
    if dice.random() < 0.7:
        while process.poll() is None and not inside():
            pass
        time.sleep(dice.random() * 0.01)
    else:
        time.sleep(0.2 + dice.random() * 0.3)
    process.send_signal(signal.SIGSTOP)
    caught = inside()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return caught


def test_fifty_versions_reverts_kills_and_restarts_never_diverge(
    client_program: Client, follower: psycopg.Connection[Any], aurillac: Commune, ytrac: Commune
) -> None:
    dice = random.Random(SEED)
    latest, inside, moments = 0, 0, set(dice.sample(range(1, VERSIONS), KILLS))
    while latest < VERSIONS:
        latest = next_version(dice, latest)
        if latest in moments:
            moments.discard(latest)
            before = held_version(follower)
            inside += killed_at_work(client_program, follower, dice)
            # Wherever it died: what it held before, or the whole of what was coming.
            found = held_version(follower)
            assert found in (before, latest)
            assert found is None or differences(follower, found) == []
        # Some versions are skipped: a delta may span several.
        if dice.random() < 0.4 or latest == VERSIONS:
            client_program.run()
            assert held_version(follower) == latest
            assert differences(follower, latest) == [], f"seed {SEED}, version {latest}"
    assert CoucheVersion.objects.filter(couche=zones(), reverts_to__isnull=False).count() >= 5
    assert inside >= 3, "too few kills landed inside a transaction to prove anything"
