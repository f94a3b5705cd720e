"""What a tile costs in this process, beside a view that does nothing; a URLconf of its own for that view."""

import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from couches.models import CoucheVersion

EMPTY = "/vide/"
# As many objects as a tile of zoom 10 held when the targets were set.
LIKE = 250
_BUSY = """
SELECT z, floor(u * (1 << z))::int AS x, floor(v * (1 << z))::int AS y, count(*) AS n
FROM (
    SELECT (ST_X(geom) + 180) / 360 AS u, (1 - asinh(tan(radians(ST_Y(geom)))) / pi()) / 2 AS v
    FROM couches_featureversion
    WHERE couche_id = %(couche)s AND from_version <= %(number)s AND (to_version IS NULL OR to_version > %(number)s)
) place CROSS JOIN generate_series(10, 16) AS z
GROUP BY 1, 2, 3 ORDER BY abs(count(*) - %(like)s), z, x, y LIMIT 1
"""


def _nothing(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"")


urlpatterns = [path("vide/", _nothing), path("", include("config.urls"))]


def tiles(*, slug: str, numbers: list[int], count: int, rounds: int) -> dict[str, Any]:
    """Return seconds per request of each contender, the best of the rounds, and what the tiles hold."""
    found: dict[str, Any] = {}
    addresses = {}
    for number in numbers:
        z, x, y, objects = _busy(slug, number)
        addresses[number] = f"/tuiles/{slug}/{number}/{z}/{x}/{y}.mvt"
        found[f"objects{number}"], found[f"zoom{number}"] = objects, z
        addresses[-number] = f"/tuiles/{slug}/{number}/8/{x >> (z - 8)}/{y >> (z - 8)}.mvt"
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"]):
        client = Client()
        first = numbers[0]
        tag = client.get(addresses[first])["ETag"]
        contenders: dict[str, Callable[[], Any]] = {
            "empty": lambda: client.get(EMPTY),
            "cached": lambda: client.get(addresses[first], headers={"If-None-Match": tag}),
            **{f"tile{number}": _getter(client, addresses[number]) for number in numbers},
            **{f"counts{number}": _getter(client, addresses[-number]) for number in numbers},
        }
        found |= _best(contenders, count, rounds)
    return found


def _busy(slug: str, number: int) -> tuple[int, int, int, int]:
    version = CoucheVersion.objects.get(couche__slug=slug, number=number)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_BUSY, {"couche": version.couche_id, "number": number, "like": LIKE})
        z, x, y, objects = cursor.fetchone()
    return z, x, y, objects


def _getter(client: Client, address: str) -> Callable[[], Any]:
    return lambda: client.get(address)


def _best(contenders: dict[str, Callable[[], Any]], count: int, rounds: int) -> dict[str, float]:
    for run in contenders.values():
        run()
    best = dict.fromkeys(contenders, float("inf"))
    for _round in range(rounds):
        for name, run in contenders.items():
            started = time.perf_counter()
            for _time in range(count):
                run()
            best[name] = min(best[name], (time.perf_counter() - started) / count)
    return best
