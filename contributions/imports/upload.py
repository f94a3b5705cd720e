"""A bound on what a request may send as files, before anything reads it whole."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, StopUpload

# A million rows of a wide CSV; photos are bounded by their own door.
MAX_UPLOAD = 512 * 1024 * 1024


class BoundedUpload(FileUploadHandler):
    """Lets chunks through to the next handlers until their sum is too much, then stops reading."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self._received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Return the chunk for the next handler. Raises StopUpload beyond the bound."""
        self._received += len(raw_data)
        if self._received > MAX_UPLOAD:
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""
