"""What is measured of deltas: a version of a few changes, its delta, and the very SQL behind it."""

import os
import random
import time
from pathlib import Path
from typing import Any

from django.db import connection

from couches.models import Couche, CoucheVersion, FeatureVersion
from couches.publication import Change, publish
from exports import deltas, streams
from exports.rows import Selection

SLUG = "zones-blanches"
NOTE = "bench : quelques changements"


def changes(*, count: int) -> dict[str, Any]:
    """Publish `count` changes drawn over the whole couche, once; return the version's number."""
    couche = Couche.objects.get(slug=SLUG)
    done = couche.versions.filter(note=NOTE).order_by("-number").first()
    if done is None:
        identities = list(
            FeatureVersion.objects.filter(couche=couche)
            .current()
            .order_by("feature_id")
            .values_list("feature_id", flat=True)
        )
        drawn = random.Random(count).sample(identities, count)
        touched = (Change("observe", one, observations=40, distinct_observers=20) for one in drawn)
        done = publish(couche=couche, changes=touched, by=None, note=NOTE)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE couches_featureversion")
    return {"number": done.number}


def _delta(number: int) -> deltas.Delta:
    version = CoucheVersion.objects.select_related("couche").get(couche__slug=SLUG, number=number)
    return deltas.Delta(Selection(version), number - 1)


def delta_statement(*, number: int) -> dict[str, Any]:
    """Return the SQL of the GeoJSON delta, as COPY."""
    connection.ensure_connection()
    native = connection.connection
    text = deltas.geojson_query(_delta(number)).as_string(native)
    return {"sql": f"COPY ({text}) TO STDOUT {streams.RAW_ROWS.as_string(native)}"}


def delta(*, number: int) -> dict[str, Any]:
    """Stream the delta from the version before to nowhere."""
    asked = _delta(number)
    started, size = time.perf_counter(), 0
    with Path(os.devnull).open("wb") as nowhere:
        for chunk in deltas.geojson_delta(asked, {}):
            size += nowhere.write(chunk)
    return {"seconds": time.perf_counter() - started, "bytes": size}
