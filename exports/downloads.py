"""Answers that carry bytes: streamed rows, and built files with ranges and validators."""

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_BLOCK = 256 * 1024


def streamed(
    request: HttpRequest, rows: Callable[[], Iterator[bytes]], *, etag: str, filename: str, media_type: str
) -> HttpResponseBase:
    """Answer with rows as they come, or 304 when the client has these very bytes."""
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None and request.method == "HEAD":
        response = HttpResponse()
    elif response is None:
        response = StreamingHttpResponse(rows())
    return _named(response, etag=etag, filename=filename, media_type=media_type)


def whole(
    request: HttpRequest, body: bytes, *, media_type: str, cache: str = "", etag: str = ""
) -> HttpResponseBase:
    """Answer with a document, or 304 when the client has it; the validator is that of its bytes unless given."""
    etag = etag or etag_of(body)
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(b"" if request.method == "HEAD" else body)
    response["ETag"] = etag
    if cache:
        response["Cache-Control"] = cache
    if response.status_code == 200:
        response["Content-Type"] = media_type
        response["Content-Length"] = str(len(body))
    return response


def etag_of(facts: bytes) -> str:
    """Return the strong validator of what is made from these facts."""
    return f'"{hashlib.sha256(facts).hexdigest()[:32]}"'


def file(
    request: HttpRequest, path: Path, *, sha256: str, filename: str, media_type: str
) -> HttpResponseBase:
    """Answer with a file, or the one range of it that is asked for."""
    etag = f'"{sha256}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None:
        response = _whole_or_part(request, path, etag)
        response["Accept-Ranges"] = "bytes"
    return _named(response, etag=etag, filename=filename, media_type=media_type)


def _named(response: HttpResponseBase, *, etag: str, filename: str, media_type: str) -> HttpResponseBase:
    response["ETag"] = etag
    if response.status_code in (200, 206):
        response["Content-Type"] = media_type
        response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    return response


def _whole_or_part(request: HttpRequest, path: Path, etag: str) -> HttpResponseBase:
    size = path.stat().st_size
    wanted = _wanted(request, size, etag)
    if wanted is None:
        whole: HttpResponseBase = (
            HttpResponse() if request.method == "HEAD" else FileResponse(path.open("rb"))
        )
        whole["Content-Length"] = str(size)
        return whole
    first, last = wanted
    if first >= size or first > last:
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    part: HttpResponseBase = (
        HttpResponse(status=206)
        if request.method == "HEAD"
        else StreamingHttpResponse(_slice(path, first, last), status=206)
    )
    part["Content-Range"] = f"bytes {first}-{last}/{size}"
    part["Content-Length"] = str(last - first + 1)
    return part


def _wanted(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | None:
    """Return the first and last byte asked for; None is the whole file.

    RFC 9110: several ranges, or one we cannot read, may be answered by the whole.
    """
    if request.headers.get("If-Range", etag) != etag:
        return None
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        # The last bytes; the last zero bytes cannot be given.
        return (max(0, size - int(last)), size - 1) if int(last) else (size, size)
    return int(first), min(int(last), size - 1) if last else size - 1


def _slice(path: Path, first: int, last: int) -> Iterator[bytes]:
    with path.open("rb") as source:
        source.seek(first)
        left = last - first + 1
        while left > 0 and (block := source.read(min(_BLOCK, left))):
            left -= len(block)
            yield block
