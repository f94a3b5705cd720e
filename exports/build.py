"""Builds a file: in a folder of its own, flushed to the disk, moved into place, then said.

A worker killed at any moment leaves no row, hence nothing anybody can see; the next run
builds the file from the start.
"""

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from couches import objects
from exports.demands import Demand, recipe
from exports.models import ExportFile
from exports.projections import LEGAL, WGS84
from exports.rows import Selection, legal_srids
from exports.weights import row_count
from exports.writers import write_layer, zip_files

WORKSHOP = ".en-cours"
# Longer than any build may last: what is older was left by a process that died.
LEFTOVER_SECONDS = 6 * 3600


class Busy(Exception):
    """Un autre processus construit ce fichier."""


def find_built(demand: Demand) -> ExportFile | None:
    """Return the file of a demand if it is built and on the disk."""
    row = ExportFile.objects.filter(
        version=demand.version,
        format=demand.format.name,
        crs=demand.crs,
        territory=demand.territory_key,
        recipe=recipe(demand.version),
    ).first()
    return row if row is not None and is_here(row) else None


def is_here(row: ExportFile) -> bool:
    """Say whether the file of a row can be given, having taken a copy if another machine built it."""
    return objects.bring(absolute(row), Path(settings.EXPORTS_ROOT))


def absolute(row: ExportFile) -> Path:
    """Return where the file of a row lies."""
    return Path(settings.EXPORTS_ROOT) / row.path


def build(demand: Demand) -> ExportFile:
    """Build the file of a demand unless it is there, and return its row.

    Raises Busy when another process is at it: the lock belongs to its database
    connection, so it cannot outlive it.
    """
    with alone(demand.key):
        found = find_built(demand)
        if found is not None:
            return found
        workshop = Path(settings.EXPORTS_ROOT) / WORKSHOP / uuid.uuid4().hex
        workshop.mkdir(parents=True)
        try:
            return _publish(demand, _make(demand, workshop))
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


def sweep_leftovers(*, older_than: float = LEFTOVER_SECONDS) -> int:
    """Remove the workshops of processes that died; return how many."""
    swept = 0
    workshops = Path(settings.EXPORTS_ROOT) / WORKSHOP
    for folder in workshops.iterdir() if workshops.is_dir() else ():
        if time.time() - folder.stat().st_mtime > older_than:
            shutil.rmtree(folder)
            swept += 1
    return swept


def lock_key(demand: Demand) -> int:
    """Return the advisory lock of a demand."""
    return _lock_of(demand.key)


def _lock_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold the name's lock, which dies with this connection. Raises Busy when another process has it."""
    key = _lock_of(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            raise Busy
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _make(demand: Demand, workshop: Path) -> Path:
    """Write the demand's one file into the workshop."""
    crs = [int(demand.crs)] if demand.crs != LEGAL else _spanned(demand.selection)
    layers = workshop / "couches"
    layers.mkdir()
    parts = [
        (srid, Selection(demand.version, demand.territory, legal_srid=srid if demand.crs == LEGAL else None))
        for srid in crs
    ]
    files: list[Path] = []
    for srid, selection in parts:
        files += [path for path in write_layer(demand, selection, srid, layers) if path not in files]
    target = workshop / demand.filename()
    if target.suffix == ".zip":
        zip_files(target, files, demand.version.published_at)
    else:
        files[0].rename(target)
    return target


def _spanned(selection: Selection) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(legal_srids(selection))
        return [row[0] for row in cursor.fetchall()] or [WGS84]


def _publish(demand: Demand, made: Path) -> ExportFile:
    return publish_file(
        made,
        folder=Path(demand.version.couche.slug) / f"v{demand.version.number}",
        rows=row_count(demand.selection),
        version=demand.version,
        format=demand.format.name,
        crs=demand.crs,
        territory=demand.territory_key,
        recipe=recipe(demand.version),
    )


def publish_file(made: Path, *, folder: Path, rows: int, **identity: Any) -> ExportFile:
    """Flush, move, flush the folder, and only then write the row that `identity` names."""
    digest, size = _flush(made)
    folder = folder / digest[:16]
    target = Path(settings.EXPORTS_ROOT) / folder / made.name
    target.parent.mkdir(parents=True, exist_ok=True)
    made.replace(target)
    for parent in (target.parent, target.parent.parent):
        _flush_folder(parent)
    objects.keep(target, Path(settings.EXPORTS_ROOT))
    row, _created = ExportFile.objects.update_or_create(
        **identity,
        defaults={
            "path": str(folder / made.name),
            "size": size,
            "sha256": digest,
            "feature_count": rows,
            "built_at": timezone.now(),
        },
    )
    return row


def _flush(path: Path) -> tuple[str, int]:
    """Write a file's bytes through to the disk; return its SHA-256 and size."""
    digest = hashlib.sha256()
    with path.open("rb+") as file:
        while block := file.read(1024 * 1024):
            digest.update(block)
        os.fsync(file.fileno())
    return digest.hexdigest(), path.stat().st_size


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
