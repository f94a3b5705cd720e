"""Files that several machines share: in a bucket when there is one, on this disk always.

The disk is where files are made, flushed and served from, ranges included; the bucket is what
another machine takes a copy from. A file's name never changes content, so a copy is never stale.
Without a bucket every verb here is a look at the disk. Each raises `bucket.ObjectsUnreachable`.
"""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from couches.bucket import Bucket


def keep(path: Path, root: Path) -> None:
    """Copy a whole file of this disk to the bucket; its row may be written after."""
    bucket = _bucket()
    if bucket is not None:
        with path.open("rb") as stream:
            bucket.put(_key(path, root), stream)


def bring(path: Path, root: Path) -> bool:
    """Say whether the file is here, having taken a copy of it if another machine made it."""
    if path.is_file():
        return True
    bucket = _bucket()
    return bucket is not None and _copy(bucket, _key(path, root), path)


def forget(path: Path, root: Path) -> None:
    """Delete a file, in the bucket then here."""
    bucket = _bucket()
    if bucket is not None:
        bucket.delete(_key(path, root))
    path.unlink(missing_ok=True)


def _copy(bucket: "Bucket", key: str, path: Path) -> bool:
    """Write the object beside `path`, flush it, and put it there whole; False where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as sink:
        temporary = Path(sink.name)
        try:
            for block in bucket.read(key):
                sink.write(block)
            sink.flush()
            os.fsync(sink.fileno())
            temporary.replace(path)
        except BaseException as error:
            temporary.unlink(missing_ok=True)
            if isinstance(error, FileNotFoundError):
                return False
            raise
    return True


def _key(path: Path, root: Path) -> str:
    """Return "photos/ab/cd.webp": the folder of the root, then the path below it."""
    return f"{root.name}/{path.relative_to(root).as_posix()}"


def _bucket() -> "Bucket | None":
    if not settings.SHARED_OBJECTS:
        return None
    from couches.bucket import Bucket  # its client is loaded where there is a bucket

    return Bucket(settings.SHARED_OBJECTS)
