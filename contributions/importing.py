"""Points of a file, each through submit(): the same door, the same refusals, doubled by no re-run."""

import base64
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyproj
from django.contrib.gis.geos import GEOSException, GEOSGeometry, Point
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.crypto import salted_hmac

from contributions.models import Contribution
from contributions.submission import PayloadConflict, Submission, submit
from couches.models import Couche
from couches.schemas import properties
from territoires.sandbox import read_vector_file

MAX_ROWS = 100_000
NAMESPACE = uuid.UUID("6f6d1d0e-2f0a-5a0e-9b57-2c1f4f3f8a11")
DATE_COLUMNS = ("observed_at", "constate_le", "date_maj", "date")
# Spreadsheets have no list: several answers in one cell are written with a bar.
LIST_MARK = "|"


@dataclass(frozen=True, slots=True)
class Row:
    """What became of a row: `number` from 1; `errors` empty when it entered, now or before."""

    number: int
    created: bool
    errors: list[str]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the file answer the couche's questions, and which are left out."""

    used: list[str]
    ignored: list[str]


def columns_of(couche: Couche, fields: list[str]) -> Columns:
    """Sort the file's columns; those of the dates are neither."""
    known = properties(couche)
    used = [name for name in fields if name in known]
    return Columns(used, [name for name in fields if name not in known and name not in DATE_COLUMNS])


def import_file(couche: Couche, path: Path) -> Iterator[Columns | Row]:
    """Yield the columns, then each row once submitted. Transactions are the caller's.

    Ids come from the file's hash and the row's rank: the same file again finds its rows.
    Raises `territoires.refusals.FileRefused` when the file cannot be read.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    default_date = _default_date(path)
    with read_vector_file(path, max_features=MAX_ROWS) as source:
        columns = columns_of(couche, source.fields)
        yield columns
        to_wgs84 = pyproj.Transformer.from_crs(source.crs, "EPSG:4326", always_xy=True)
        for number, (wkb, values) in enumerate(source.features, start=1):
            identifier = uuid.uuid5(NAMESPACE, f"{couche.slug}:{digest}:{number}")
            yield _import_row(couche, identifier, number, wkb, values, columns, to_wgs84, default_date)


def _import_row(
    couche: Couche,
    identifier: uuid.UUID,
    number: int,
    wkb: bytes | None,
    values: dict[str, Any],
    columns: Columns,
    to_wgs84: pyproj.Transformer,
    default_date: str,
) -> Row:
    # Before anything else: a date taken from the file's own, or a setting, may have changed since.
    if Contribution.objects.filter(pk=identifier).exists():
        return Row(number, created=False, errors=[])
    known = properties(couche)
    submission = Submission(
        id=identifier,
        secret=_secret(identifier),
        couche=couche.slug,
        geometry=_geometry(wkb, to_wgs84),
        attributes={name: _answer(values.get(name), known[name]) for name in columns.used},
        observed_at=_date(values) or default_date,
        position_source=Contribution.PositionSource.LIST.value,
        channel=Contribution.Channel.IMPORT.value,
    )
    try:
        receipt = submit(submission)
    except ValidationError as error:
        told = [f"{field} : {' '.join(texts)}" for field, texts in error.message_dict.items()]
        return Row(number, created=False, errors=told)
    except PayloadConflict as error:
        return Row(number, created=False, errors=[str(error)])
    return Row(number, created=receipt.created, errors=[])


def _secret(identifier: uuid.UUID) -> str:
    """Return a secret that nobody can guess from the file, the same at each run."""
    digest = salted_hmac("contributions.importing", str(identifier), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _geometry(wkb: bytes | None, to_wgs84: pyproj.Transformer) -> dict[str, Any] | None:
    """Return the GeoJSON point, in longitude and latitude; what is no point is left for `submit()`."""
    if wkb is None:
        return None
    try:
        shape = GEOSGeometry(memoryview(wkb))
    except (GEOSException, ValueError):
        return None
    if not isinstance(shape, Point) or shape.empty:
        return {"type": shape.geom_type}
    lon, lat = to_wgs84.transform(shape.x, shape.y)
    return {"type": "Point", "coordinates": [lon, lat]}


def _answer(value: Any, definition: dict[str, Any]) -> Any:
    """Return a cell as the schema's type calls for; what has no meaning stays, to be refused."""
    kind = definition.get("type")
    if not isinstance(value, str):
        return value
    text = value.strip()
    if kind in {"array", "object"} and text[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    if kind == "array" and text:
        return [part.strip() for part in text.split(LIST_MARK)]
    if kind == "boolean":
        return {"oui": True, "true": True, "1": True, "non": False, "false": False, "0": False}.get(
            text.lower(), text
        )
    if kind in {"integer", "number"}:
        return _number(text)
    return value


def _number(text: str) -> Any:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


def _date(values: dict[str, Any]) -> str | None:
    """Return the instant of the row's first date column that has one."""
    for name in DATE_COLUMNS:
        value = values.get(name)
        if isinstance(value, dt.datetime):
            return value.replace(tzinfo=value.tzinfo or dt.UTC).isoformat()
        if isinstance(value, dt.date):
            return dt.datetime.combine(value, dt.time(12), dt.UTC).isoformat()
        if isinstance(value, str) and value.strip():
            text = value.strip()
            return f"{text}T12:00:00+00:00" if len(text) == len("2026-05-04") else text
    return None


def _default_date(path: Path) -> str:
    """Return the day the file was written, never to come."""
    written = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    return min(written, timezone.now()).replace(microsecond=0).isoformat()
