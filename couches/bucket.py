"""The bucket itself: loaded where there is one, for its client weighs on every process that has none."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

_ABSENT = {"404", "NoSuchKey", "NotFound"}


class ObjectsUnreachable(OSError):
    """The bucket does not answer: nothing was kept, and the same may be tried again."""


class Bucket:
    """Objects by their key. Every verb raises ObjectsUnreachable."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._storage = _storage(tuple(sorted(options.items())))

    def put(self, key: str, stream: IO[bytes]) -> None:
        """Write an object, whole."""
        with _told():
            self._storage.save(key, File(stream))

    def read(self, key: str) -> Iterator[bytes]:
        """Yield the blocks of an object. Raises FileNotFoundError where there is none."""
        with _told(), self._storage.open(key) as source:
            yield from source.chunks(1 << 20)

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no fault."""
        with _told():
            self._storage.delete(key)


@contextmanager
def _told() -> Iterator[None]:
    """Word what the client raises."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        response: dict[str, Any] = getattr(error, "response", {})
        if str(response.get("Error", {}).get("Code", "")) in _ABSENT:
            raise FileNotFoundError(str(error)) from error
        raise ObjectsUnreachable(str(error)) from error


@lru_cache(maxsize=4)
def _storage(options: tuple[tuple[str, Any], ...]) -> S3Storage:
    """Return the storage of these options: a client takes a tenth of a second to make."""
    return S3Storage(**dict(options))
