"""Reads the queue as its officials do, through the whole of Django, on reports sown for the occasion."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from comptes.models import Membership, User
from comptes.roles import Role
from contributions.models import Contribution
from moderation.filters import MINE, Filters
from moderation.queue import read_cards
from territoires.models import Commune

# Copies of the reports that wait in the base, moved into one commune, a minute apart.
SOW = """
INSERT INTO contributions_contribution (id, geom, commune_id, received_at, payload_sha256, {names})
SELECT gen_random_uuid(),
       ST_SetSRID(ST_MakePoint(%(x)s + mod(n, 997) * 0.00007, %(y)s + mod(n, 991) * 0.00005), 4326),
       %(commune)s, %(now)s - n * interval '1 minute', %(mark)s, {names}
FROM generate_series(1, %(count)s) AS n
JOIN (SELECT *, row_number() OVER () - 1 AS rank FROM contributions_contribution
      WHERE status = 'SUBMITTED' LIMIT 2000) AS model ON model.rank = mod(n, %(models)s)
"""
SOWN_BY = "bench-file"


def queue(*, pending: int, requests: int, rounds: int) -> dict[str, float]:
    """Return the p95 in seconds of the queue's page: empty, a mayor's, an EPCI's, a page further."""
    full, other = Commune.objects.current().filter(epci__isnull=False, chef_lieu__isnull=False)[:2]
    nowhere = Commune.objects.current().exclude(pk__in=Contribution.objects.values("desk"))
    empty = nowhere.exclude(pk__in=[full.pk, other.pk]).first() or other
    # Pages name their files by what `collectstatic` made of them.
    call_command("collectstatic", interactive=False, verbosity=0)
    _clear()
    try:
        _sow(full, pending)
        readers = {
            "empty": _reader("vide", commune=empty),
            "mayor": _reader("maire", commune=full),
            "epci": _reader("epci", epci=full.epci),
        }
        beyond = read_cards(_person("maire"), Filters(status=MINE), _couches()).next
        further = f"?after={beyond[0]}&depuis={beyond[1] or ''}" if beyond else ""
        views: dict[str, Callable[[], Any]] = {
            name: partial(_get, client, "/moderation/") for name, client in readers.items()
        }
        views["further"] = lambda: _get(readers["mayor"], f"/moderation/{further}")
        return _p95(rounds, requests, views)
    finally:
        _clear()


def _p95(rounds: int, requests: int, views: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Return the best 95th centile of each view, one request of each after the other."""
    for view in views.values():
        view()
    best = dict.fromkeys(views, float("inf"))
    for _round in range(rounds):
        times: dict[str, list[float]] = {name: [] for name in views}
        for _request in range(requests):
            for name, view in views.items():
                started = time.perf_counter()
                view()
                times[name].append(time.perf_counter() - started)
        for name, measured in times.items():
            best[name] = min(best[name], statistics.quantiles(measured, n=20)[-1])
    return best


def _get(client: Client, path: str) -> None:
    answer = client.get(path, headers={"host": "localhost"})
    assert answer.status_code == 200, answer.status_code  # a bench


def _sow(commune: Commune, count: int) -> None:
    assert commune.chef_lieu is not None  # filtered
    generated = {"id", "geom", "commune", "received_at", "payload_sha256", "desk"}
    names = ", ".join(
        str(f.column) for f in Contribution._meta.concrete_fields if f.column and f.name not in generated
    )
    models = min(2000, Contribution.objects.filter(status="SUBMITTED").count())
    with connection.cursor() as cursor:
        # Pages keep their limit; sowing has none.
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            SOW.format(names=names),
            {
                "x": commune.chef_lieu.x, "y": commune.chef_lieu.y, "commune": commune.pk,
                "now": timezone.now(), "count": count, "models": models, "mark": SOWN_BY,
            },
        )  # fmt: skip
        cursor.execute("VACUUM ANALYZE contributions_contribution")
        cursor.execute("RESET statement_timeout")


def _clear() -> None:
    """Take away what the bench sowed: the other measures count on the base as it was."""
    Membership.objects.filter(user__email__endswith="@bench.demo").delete()
    User.objects.filter(email__endswith="@bench.demo").delete()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("DELETE FROM contributions_contribution WHERE payload_sha256 = %s", [SOWN_BY])
        cursor.execute("VACUUM ANALYZE contributions_contribution")


def _person(name: str) -> User:
    return User.objects.get(email=f"{name}@bench.demo")


def _reader(name: str, **territory: Any) -> Client:
    user = User.objects.create(email=f"{name}@bench.demo", display_name=name)
    Membership.objects.create(user=user, role=Role.MODERATOR, starts=timezone.now(), **territory)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _couches() -> dict[int, Any]:
    from couches.models import Couche

    return {one.pk: one for one in Couche.objects.all()}
