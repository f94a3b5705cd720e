"""What is measured of OGC API: a page through the whole view, and the very SQL behind it, in turn."""

import time
from typing import Any

from django.db import connection
from django.test import RequestFactory

from couches.models import CoucheVersion
from exports.ogc.collections import find_collection
from exports.ogc.items import page_statement
from exports.ogc.params import read_items
from exports.ogc.views import ItemsView
from exports.wfs.rows import published_rows
from exports.wfs.views import WfsView

SLUG = "zones-blanches"
AROUND = 2_000
# The box of the objects nearest to one of them: as many whatever the couche holds.
_BOX = """
SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (
    SELECT ST_Extent(geom) AS e FROM (
        SELECT geom FROM couches_featureversion
        WHERE couche_id = %(couche)s AND from_version <= %(number)s
          AND (to_version IS NULL OR to_version > %(number)s)
        ORDER BY geom <-> ST_SetSRID(ST_MakePoint(2.44, 44.93), 4326) LIMIT %(around)s
    ) near
) box
"""


def box_of(*, number: int) -> dict[str, Any]:
    """Return the parameter `bbox` of about AROUND objects of a version."""
    version = CoucheVersion.objects.get(couche__slug=SLUG, number=number)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_BOX, {"couche": version.couche_id, "number": number, "around": AROUND})
        return {"bbox": ",".join(f"{edge:.7f}" for edge in cursor.fetchone())}


def page(*, number: int, query: dict[str, str], rounds: int) -> dict[str, Any]:
    """Return the best seconds of the view and of its SQL, in turn, and what the page holds."""
    name = f"{SLUG}:v{number}"
    view, factory = ItemsView.as_view(), RequestFactory()
    statement = page_statement(read_items(find_collection(name), query))
    best = {"view": float("inf"), "sql": float("inf")}
    size = count = 0
    for _round in range(rounds):
        started = time.perf_counter()
        body = view(factory.get(f"/ogc/collections/{name}/items", query), collection=name).content
        best["view"] = min(best["view"], time.perf_counter() - started)
        started = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = cursor.fetchall()
        best["sql"] = min(best["sql"], time.perf_counter() - started)
        size, count = len(body), len(rows)
    return {**best, "bytes": size, "rows": count}


def wfs_page(*, number: int, start: int, rounds: int) -> dict[str, Any]:
    """Return the best seconds of a page of 1,000 objects in GML, `start` rows on, and of its rows alone."""
    version = CoucheVersion.objects.select_related("couche").get(couche__slug=SLUG, number=number)
    view, factory = WfsView.as_view(), RequestFactory()
    asked = {
        "service": "WFS",
        "version": "2.0.0",
        "request": "GetFeature",
        "typeNames": f"{SLUG}_v{number}",
        "count": "1000",
        "startIndex": str(start),
    }
    best = {"view": float("inf"), "sql": float("inf")}
    for _round in range(rounds):
        started = time.perf_counter()
        body = view(factory.get("/wfs/", asked)).content
        best["view"] = min(best["view"], time.perf_counter() - started)
        started = time.perf_counter()
        rows = list(published_rows(version)[start : start + 1000].values_list())
        best["sql"] = min(best["sql"], time.perf_counter() - started)
    return {**best, "bytes": len(body), "rows": len(rows)}
