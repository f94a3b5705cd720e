"""Files that several machines share: in a bucket when there is one, on this disk always.

The disk is where files are made, flushed and served from, ranges included; the bucket is what
another machine takes a copy from. A file's name never changes content, so a copy is never stale.
Without a bucket every verb here is a look at the disk.
"""

import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files import File
from storages.backends.s3 import S3Storage

_BLOCK = 1 << 20
_ABSENT = {"404", "NoSuchKey", "NotFound"}


class ObjectsUnreachable(OSError):
    """The bucket does not answer: nothing was kept, and the same may be tried again."""


def keep(path: Path, root: Path) -> None:
    """Copy a whole file of this disk to the bucket; its row may be written after. Raises ObjectsUnreachable."""
    bucket = _bucket()
    if bucket is None:
        return
    try:
        with path.open("rb") as stream:
            bucket.save(_key(path, root), File(stream))
    except (BotoCoreError, ClientError) as error:
        raise ObjectsUnreachable(str(error)) from error


def bring(path: Path, root: Path) -> bool:
    """Say whether the file is here, having taken a copy of it if another machine made it.

    Raises ObjectsUnreachable: whether it exists is not known then.
    """
    if path.is_file():
        return True
    bucket = _bucket()
    if bucket is None:
        return False
    try:
        return _copy(bucket, _key(path, root), path)
    except (BotoCoreError, ClientError) as error:
        if _is_absent(error):
            return False
        raise ObjectsUnreachable(str(error)) from error


def forget(path: Path, root: Path) -> None:
    """Delete a file, here and in the bucket. Raises ObjectsUnreachable, the file here being left."""
    bucket = _bucket()
    if bucket is not None:
        try:
            bucket.delete(_key(path, root))
        except (BotoCoreError, ClientError) as error:
            raise ObjectsUnreachable(str(error)) from error
    path.unlink(missing_ok=True)


def _copy(bucket: S3Storage, key: str, path: Path) -> bool:
    """Write the object beside `path`, flush it, and put it there whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as sink:
        temporary = Path(sink.name)
        try:
            with bucket.open(key) as source:
                while block := source.read(_BLOCK):
                    sink.write(block)
            sink.flush()
            os.fsync(sink.fileno())
            temporary.replace(path)
        except FileNotFoundError:
            # django-storages says so of an object that is not there.
            temporary.unlink(missing_ok=True)
            return False
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    return True


def _key(path: Path, root: Path) -> str:
    """Return "photos/ab/cd.webp": the folder of the root, then the path below it."""
    return f"{root.name}/{path.relative_to(root).as_posix()}"


def _is_absent(error: Exception) -> bool:
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", "")) in _ABSENT


def _bucket() -> S3Storage | None:
    options = settings.SHARED_OBJECTS
    return _made(tuple(sorted(options.items()))) if options else None


@lru_cache(maxsize=4)
def _made(options: tuple[tuple[str, Any], ...]) -> S3Storage:
    """Return the storage of these options: a client takes a tenth of a second to make."""
    return S3Storage(**dict(options))
