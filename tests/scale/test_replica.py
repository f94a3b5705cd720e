"""A second real cluster that follows: read while it does, left aside when it lags or dies."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.scale.clusters import (
    ROOT,
    Cluster,
    Site,
    copy_of_the_schema,
    environment,
    python,
    run,
    serving,
    until,
    workplace,
)

LAG_S = 3
PUBLISH = """
from tests.exports.factories import change, release
from tests.moderation.factories import town
from territoires.models import Commune
Commune.objects.filter(pk="15014").exists() or town()
# Of a file, whose objects need no decision here.
print(release(change(origin="import"), change(origin="import")).number)
"""
MANIFEST = "/exports/zones-blanches/derniere/manifeste.json"
SIGNED_IN = {"Cookie": "sessionid=anybody"}


class Pair:
    """A primary, the replica that follows it, and a site on both."""

    def __init__(
        self, primary: Cluster, replica: Cluster, site: Site, env: dict[str, str], folder: Path
    ) -> None:
        self.primary, self.replica, self.site, self.env, self.folder = primary, replica, site, env, folder

    def publish(self) -> int:
        """Publish one more version on the primary."""
        return int(python(PUBLISH, self.env).split()[-1])

    def latest(self, headers: dict[str, str] | None = None) -> int:
        """Return the version the site says is in force, whatever happens to a cluster."""
        return int(manifest(self.site, headers)["number"])

    def caught_up(self) -> None:
        """Wait until the replica has all that the primary has."""
        wanted = self.primary.sql("SELECT pg_current_wal_lsn()")
        until(
            lambda: self.replica.sql(f"SELECT pg_last_wal_replay_lsn() >= '{wanted}'"),  # a position
            "the replica caught up",
        )

    def read_by_it(self) -> None:
        """Check that the site's reading reaches the replica: it is the last thing asked there."""
        self.latest()
        asked = self.replica.sql(
            "SELECT string_agg(query, ' ; ') FROM pg_stat_activity "
            "WHERE datname = 'reperes' AND pid <> pg_backend_pid()"
        )
        assert "couches_" in asked or "territoires_" in asked, asked

    def standing(self) -> str:
        """Return what the site says of the replica."""
        return str(json.loads(self.site.get("/readyz")[1])["replica"])


def manifest(site: Site, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Return what a site says of the version in force."""
    status, body = site.get(MANIFEST, headers)
    assert status == 200, body[-500:]
    return dict(json.loads(body))


@pytest.fixture
def pair(db: None) -> Iterator[Pair]:
    with workplace() as folder:
        primary, replica = Cluster(folder, 5001), Cluster(folder, 5002)
        try:
            primary.create()
            copy_of_the_schema(primary, connection.settings_dict)
            env = environment(primary.url(), folder / "local")
            python(PUBLISH, env)
            replica.follow(primary)
            both = {**env, "REPERES_REPLICA_URL": replica.url(), "REPERES_REPLICA_MAX_LAG": str(LAG_S)}
            with serving(both, folder) as site:
                yield Pair(primary, replica, site, env, folder)
        finally:
            replica.stop()
            primary.stop()


def test_a_replica_is_read_while_it_follows_and_nobody_sees_it_fail(pair: Pair) -> None:
    pair.caught_up()
    until(lambda: pair.standing() == "suit", "the replica is read")
    pair.read_by_it()
    _a_version_on_its_way(pair)
    _a_replica_that_dies_and_comes_back(pair)
    _a_replica_that_takes_over(pair)


def _a_version_on_its_way(pair: Pair) -> None:
    pair.replica.sql("SELECT pg_wal_replay_pause()")
    assert pair.publish() == 2
    # Anybody may read what the replica has; who has a session sees what was just done.
    assert pair.latest(SIGNED_IN) == 2
    assert pair.latest({"Authorization": "Token nobody"}) in (1, 2)
    seen = {pair.latest()}
    # A version asked by its number is never missing: the other database is asked.
    status, body = pair.site.get("/exports/zones-blanches/2/?format=geojson")
    assert status == 200 and len(json.loads(body)["features"]) == 4
    for path in ("/ogc/collections/zones-blanches:v2/items", "/tuiles/zones-blanches/2/tilejson.json"):
        assert pair.site.get(path)[0] == 200
    until(lambda: pair.latest() == 2, "a replica that lags is left aside")
    assert pair.standing() == "ecarte" and seen <= {1, 2}
    pair.replica.sql("SELECT pg_wal_replay_resume()")
    pair.caught_up()
    until(lambda: pair.standing() == "suit", "the replica is read again")


def _a_replica_that_dies_and_comes_back(pair: Pair) -> None:
    pair.replica.kill()
    for path in (
        MANIFEST,
        "/exports/zones-blanches/derniere/?format=geojson",
        "/ogc/collections/zones-blanches/items",
        "/wfs/?service=WFS&version=2.0.0&request=GetFeature&typeNames=zones-blanches",
        "/tuiles/zones-blanches/derniere/tilejson.json",
        "/catalogue.ttl",
    ):
        status, body = pair.site.get(path)
        assert status == 200, (path, body[-300:])
    assert pair.standing() == "ecarte"
    pair.replica.start()
    until(lambda: pair.standing() == "suit", "the replica that came back is read")
    pair.read_by_it()


def _a_replica_that_takes_over(pair: Pair) -> None:
    """The promotion of docs/exploitation-plusieurs-machines.md, gesture after gesture."""
    pair.caught_up()
    before = manifest(pair.site)
    pair.replica.sql("SELECT pg_promote()")
    # It follows nobody any more: while the other decides, what it says is not what was decided.
    until(lambda: pair.standing() == "ecarte", "a promoted replica is left aside")
    assert pair.latest() == 2
    pair.primary.kill()
    assert pair.site.get("/readyz")[0] == 503 and pair.site.get("/healthz")[0] == 200
    alone = {**pair.env, "DATABASE_URL": pair.replica.url()}
    with serving(alone, pair.folder) as site:
        assert site.get("/readyz")[0] == 200
        assert manifest(site) == before
        # It decides: a version follows the last one without a gap, and every invariant holds.
        assert int(python(PUBLISH, alone).split()[-1]) == 3
        assert manifest(site)["number"] == 3
        run(sys.executable, str(ROOT / "manage.py"), "fsck", env={**alone, "REPERES_PROCESS": "manage"})
        assert pair.replica.sql("SELECT count(*) FROM couches_coucheversion") == 3
