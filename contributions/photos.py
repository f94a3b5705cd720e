"""Photos: re-encoded elsewhere, stored under their own hash, shown to officials only.

Whole or absent: temporary file, fsync, rename, then the row. The original never touches
the disk. Served by `moderation` to whoever sees the queue of the commune.
"""

import datetime as dt
import hashlib
import io
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image

from contributions import limits, photo_worker
from contributions.models import Contribution, Photo
from contributions.photo_worker import MAX_BYTES
from couches import objects

MAX_RANK = 3
# A card shows photos at a third of its width: about 10 kB each instead of 270.
SMALL_SIDE = 320
CONTENT_TYPE = "image/webp"
WORKER = Path(photo_worker.__file__)
WORKER_SECONDS = 20
ORPHAN_AGE = dt.timedelta(days=2)
# A decoder may take a gigabyte: one at a time in each web process, the others wait their turn.
_decoders = threading.BoundedSemaphore(1)
# Once decided, a photo would reach the public without having been seen.
STILL_OPEN = {Contribution.Status.SUBMITTED, Contribution.Status.RETURNED}


class PhotoConflict(Exception):
    """Une autre photo porte déjà ce numéro : choisissez-en un autre, de 1 à 3."""

    def __str__(self) -> str:
        """Return the French message."""
        return (self.__doc__ or "").strip()


class AlreadyDecided(PhotoConflict):
    """La mairie a déjà décidé : une photo ne peut plus être ajoutée."""


class DecodersBusy(Exception):
    """Trop de photos arrivent en ce moment : réessayez dans quelques secondes."""

    def __str__(self) -> str:
        """Return the French message."""
        return (self.__doc__ or "").strip()


@dataclass(frozen=True, slots=True)
class Pixels:
    """A re-encoded photo: WebP bytes, at most 2048 px, without any metadata."""

    webp: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """Name of the file, and its integrity."""
        return hashlib.sha256(self.webp).hexdigest()


def add_photo(
    contribution: Contribution, *, rank: int, raw: bytes, address: str | None = None
) -> tuple[Photo, bool]:
    """Attach a photo as number `rank` (1 to 3); return it and whether it is new.

    The same bytes again return the same photo, at no cost to `address`, the client's, which is
    slowed when it sends many (None for a caller we trust). Raises ValidationError on "photo"
    (not a sound JPEG, PNG or WebP), PhotoConflict (the number is taken), AlreadyDecided,
    DecodersBusy, `limits.TooMany`. Refused: no row, no file.
    """
    if not 1 <= rank <= MAX_RANK:
        raise ValidationError({"photo": [_("Une photo porte le numéro 1, 2 ou 3.")]})
    source = source_sha256(raw)
    known = _known(contribution, rank, source)
    if known:
        return known, False
    if contribution.status not in STILL_OPEN:
        raise AlreadyDecided
    if address is not None:
        # Before the decoding, which is what costs: a bad image is counted too.
        limits.take([limits.of_address("photo", address)])
    pixels = reencode(raw)
    store(pixels)
    with transaction.atomic():
        # Held until the commit: a decision taken meanwhile would not have seen this photo.
        current = Contribution.objects.select_for_update(of=("self",)).get(pk=contribution.pk)
        known = _known(contribution, rank, source)
        if known:
            return known, False
        if current.status not in STILL_OPEN:
            raise AlreadyDecided
        photo = Photo.objects.create(
            contribution=contribution,
            rank=rank,
            sha256=pixels.sha256,
            source_sha256=source,
            width=pixels.width,
            height=pixels.height,
            size=len(pixels.webp),
            received_at=timezone.now(),
        )
    return photo, True


def store(pixels: Pixels) -> None:
    """Keep the file of a photo, whole; its row is the caller's."""
    path = photo_path(pixels.sha256)
    _write(path, pixels.webp)
    objects.keep(path, Path(settings.MEDIA_ROOT))


def source_sha256(raw: bytes) -> str:
    """Return what recognises a photo sent again; the bytes themselves are not kept."""
    return hashlib.sha256(raw).hexdigest()


def _known(contribution: Contribution, rank: int, source: str) -> Photo | None:
    photo = Photo.objects.filter(contribution=contribution, rank=rank).first()
    if photo and not secrets.compare_digest(photo.source_sha256, source):
        raise PhotoConflict
    return photo


def open_photo(photo: Photo) -> BinaryIO:
    """Open the stored WebP for reading. The caller has checked who asks."""
    path = photo_path(photo.sha256)
    objects.bring(path, Path(settings.MEDIA_ROOT))
    return path.open("rb")


def open_small(photo: Photo) -> BinaryIO:
    """Return the stored photo made small, as WebP: at most SMALL_SIDE pixels wide and high.

    Ours already, fresh pixels of bounded size: it is decoded here. Raises FileNotFoundError, and
    OSError for a file damaged since.
    """
    small = io.BytesIO()
    with open_photo(photo) as stream, Image.open(stream, formats=["WEBP"]) as picture:
        picture.thumbnail((SMALL_SIDE, SMALL_SIDE))
        picture.save(small, "WEBP", quality=60, method=4)
    small.seek(0)
    return small


def photo_path(sha256: str) -> Path:
    """Return where the photo with this hash lies, present or not."""
    return Path(settings.MEDIA_ROOT) / "photos" / sha256[:2] / f"{sha256[2:]}.webp"


def reencode(raw: bytes) -> Pixels:
    """Return fresh pixels, decoded in another process with bounded memory and time."""
    if len(raw) > MAX_BYTES:
        raise refused(_("La photo dépasse 12 Mo : réduisez-la."))
    if not _decoders.acquire(timeout=WORKER_SECONDS):
        raise DecodersBusy
    try:
        # No environment: neither the database's address nor the secret key go near a decoder.
        done = subprocess.run(
            [sys.executable, "-I", str(WORKER)],
            input=raw,
            capture_output=True,
            timeout=WORKER_SECONDS,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise refused() from error
    finally:
        _decoders.release()
    header, separator, webp = done.stdout.partition(b"\n")
    if done.returncode != 0 or not separator or not webp:
        raise refused()
    size = json.loads(header)
    return Pixels(webp=webp, width=size["width"], height=size["height"])


def refused(message: str = "") -> ValidationError:
    """Return the refusal of a photo, on the field "photo"."""
    return ValidationError(
        {
            "photo": [
                message
                or _(
                    "Cette photo n'a pas pu être lue : envoyez une image JPEG, PNG ou WebP "
                    "d'au plus 12 Mo et 50 millions de pixels. Votre signalement, lui, est gardé."
                )
            ]
        }
    )


def _write(path: Path, content: bytes) -> None:
    """Make `path` hold `content`, whole, even if power is cut; same name, same content."""
    if path.is_file() and path.stat().st_size == len(content):
        # Young again: the row about to be written must not find its file swept as an orphan.
        os.utime(path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as stream:
        temporary = Path(stream.name)
        try:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def delete_orphans() -> int:
    """Delete the files that no row names, two days old at least; return how many.

    A crash between the file and its row leaves one, and a photo is somebody's. Two days: an
    upload under way is not an orphan, and a backup of the database finds the files it names.
    """
    deleted = 0
    oldest_kept = time.time() - ORPHAN_AGE.total_seconds()
    for path in (Path(settings.MEDIA_ROOT) / "photos").glob("*/*"):
        sha256 = path.parent.name + path.stem
        if path.stat().st_mtime < oldest_kept and not Photo.objects.filter(sha256=sha256).exists():
            objects.forget(path, Path(settings.MEDIA_ROOT))
            deleted += 1
    return deleted
