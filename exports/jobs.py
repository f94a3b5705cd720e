"""Background work of exports: build a file somebody asked for, sweep what dead workers left."""

import logging

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from couches.models import CoucheVersion
from exports.build import Busy, build, sweep_leftovers
from exports.demands import read_demand
from exports.lots import TASK as LOT_TASK
from exports.lots import build_lot, read_lot
from exports.national.counts import TASK as COUNT_NATIONAL
from exports.national.counts import count
from exports.national.mappers import mappers_of
from exports.progress import telling
from exports.queue import QUEUE, TASK, file_key, note_done, note_failure, sweep_builds
from exports.rows import Selection

log = logging.getLogger(__name__)


@app.task(name=TASK, queue=QUEUE, retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def build_file(*, slug: str, number: int, format_name: str, crs: str, territory: str) -> None:
    """Build one file; a demand already met, or being met by another worker, costs nothing."""
    version = CoucheVersion.objects.select_related("couche").get(couche__slug=slug, number=number)
    demand = read_demand(version, {"format": format_name, "crs": crs, "territoire": territory})
    key = file_key(demand)
    try:
        with telling(key):
            row = build(demand)
    except Busy:
        log.info("export %s is being built by another worker", demand.key)
        return
    except Exception as failure:
        # Said to those who wait; the queue then tries again, five times at most.
        note_failure(key, failure)
        raise
    note_done(key, row.size)
    log.info("export %s: %s bytes, %s features", demand.key, row.size, row.feature_count)


@app.task(name=COUNT_NATIONAL, queue=QUEUE, retry=RetryStrategy(max_attempts=3, exponential_wait=4))
def count_national(*, slug: str, number: int, spec: str) -> None:
    """Count the rows of a version that conform to a national schema."""
    version = CoucheVersion.objects.select_related("couche").get(couche__slug=slug, number=number)
    mapper = next(one for one in mappers_of(version.couche) if one.spec == spec)
    found = count(mapper, Selection(version))
    log.info("%s of %s rows of %s conform to %s", found.conforming, found.total, version, spec)


@app.task(name=LOT_TASK, queue=QUEUE, retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def build_lot_file(*, slug: str, couches: str, format_name: str, territory: str) -> None:
    """Build one archive (`slug` is "lot", what the queue counts by) from versions named in `couches`."""
    lot = read_lot({"couches": couches, "format": format_name, "territoire": territory})
    try:
        with telling(lot.key):
            row = build_lot(lot)
    except Busy:
        # Another worker is at one of its files: the queue comes back to it.
        raise
    except Exception as failure:
        note_failure(lot.key, failure)
        raise
    note_done(lot.key, row.size)
    log.info("export %s: %s bytes, %s features", lot.filename(), row.size, row.feature_count)


@app.periodic(cron="41 * * * *")
@app.task(name="exports.sweep_leftovers", queue=QUEUE, queueing_lock="exports.sweep_leftovers")
def sweep(timestamp: int) -> None:
    """Remove, each hour, the workshops of builds that died more than six hours ago."""
    log.info("exports: %s leftovers and %s builds swept", sweep_leftovers(), sweep_builds())
