"""`process()`: every row of a file, judged as any report is; tried only, or proposed."""

import datetime as dt
import hashlib
import hmac
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from comptes.models import User
from contributions.imports.answers import Reader, Row
from contributions.imports.bulk import Settled, Staged, enter, same_name_near
from contributions.imports.errors import ErrorFile
from contributions.imports.mapping import Mapping, name_field, transformer
from contributions.validation import Reading, read_accuracy, read_observed_on
from couches.coarse import middle_of_cell
from couches.columns import columns_of
from couches.models import Couche, FeatureVersion
from couches.schemas import clean_attributes
from territoires.points import coordinates_from_geojson
from territoires.sandbox import read_vector_file

MAX_ROWS = 2_000_000
MAX_BYTES = 1 << 30
BATCH = 10_000
# One batch waits for the disk while another is computed.
IN_FLIGHT = 2
NAMESPACE = uuid.UUID("6f6d1d0e-2f0a-5a0e-9b57-2c1f4f3f8a11")
# 1e-7 degree is the grid of what is published: nearer is the same place.
SAME_PLACE = 5e-8


@dataclass(frozen=True)
class Source:
    """A file with what is needed to read it; `sha256` is the file's, the root of its rows' ids."""

    path: Path
    sha256: str
    day: dt.datetime
    mapping: Mapping


@dataclass(frozen=True)
class Sender:
    """On whose behalf rows enter; `allowed` codes of communes, None for the whole country."""

    by: User | None
    allowed: list[str] | None


@dataclass(frozen=True)
class Outcome:
    """What a whole file gave.

    `counts`: rows, create, update, same (nothing new to propose), known (entered before), refused;
    `unknown` {field: {text: how many times}} of the choices that were not recognised.
    """

    counts: dict[str, int]
    unknown: dict[str, dict[str, int]]


def process(
    couche: Couche,
    source: Source,
    sender: Sender,
    *,
    wet: bool,
    errors: Path,
    progress: Callable[[int], None] = lambda rows: None,
) -> Outcome:
    """Read a whole file; return what it gave, and write what was left aside to `errors`.

    Memory is that of four batches. Raises `territoires.refusals.FileRefused`.
    """
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        file = stack.enter_context(
            read_vector_file(
                source.path, max_features=MAX_ROWS, max_bytes=MAX_BYTES, tables=True, batch_size=BATCH
            )
        )
        reader = Reader(
            couche,
            source.mapping,
            to_wgs84=transformer(file.crs or f"EPSG:{source.mapping.crs}"),
            default_date=source.day.isoformat(),
        )
        judge = _Judge(couche, source, counts)
        told = stack.enter_context(ErrorFile(errors))
        desk = stack.enter_context(_Desk(couche, sender, wet=wet))
        rows = (reader.read(number, wkb, cells) for number, (wkb, cells) in enumerate(file.features, start=1))
        for batch in _batches(rows, BATCH):
            counts["rows"] += len(batch)
            staged, refused = judge.judge(batch)
            for handed in desk.hand_over(staged, refused):
                _tell(told, counts, handed)
            progress(counts["rows"])
        for handed in desk.last():
            _tell(told, counts, handed)
    told_of = ("rows", "create", "update", "same", "known", "refused")
    return Outcome({name: counts[name] for name in told_of}, reader.unknown())


def _batches(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while batch := list(islice(rows, size)):
        yield batch


Told = list[tuple[int, list[tuple[str, str]]]]


@dataclass(frozen=True)
class _Handed:
    """A batch whose rows are with the database, and what was already refused of it."""

    staged: list[Staged]
    refused: Told
    settled: "Future[Settled] | Settled"

    def settle(self) -> "_Handed":
        """Return it once the database has answered. Raises what failed there."""
        settled = self.settled if isinstance(self.settled, Settled) else self.settled.result()
        return _Handed(self.staged, self.refused, settled)


class _Desk:
    """Hands batches to the database while the next ones are judged: IN_FLIGHT batches, each on its connection.

    Inside a transaction of the caller's there is one connection: then each waits its turn.
    """

    def __init__(self, couche: Couche, sender: Sender, *, wet: bool) -> None:
        self._couche, self._sender, self._wet = couche, sender, wet
        self._pool = None if connection.in_atomic_block else ThreadPoolExecutor(max_workers=IN_FLIGHT)
        self._handed: deque[_Handed] = deque()

    def __enter__(self) -> "_Desk":
        return self

    def __exit__(self, *_unused: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def hand_over(self, staged: list[Staged], refused: Told) -> Iterator[_Handed]:
        """Give a batch to the database; yield those that had to be waited for, settled, in order."""
        if self._pool is None:
            yield _Handed(staged, refused, self._enter(staged))
            return
        self._handed.append(_Handed(staged, refused, self._pool.submit(self._apart, staged)))
        while len(self._handed) > IN_FLIGHT:
            yield self._handed.popleft().settle()

    def last(self) -> Iterator[_Handed]:
        """Yield the batches that are still with the database, settled, in order."""
        while self._handed:
            yield self._handed.popleft().settle()

    def _apart(self, staged: list[Staged]) -> Settled:
        """Enter a batch on this thread's own connection, given back at once."""
        try:
            return self._enter(staged)
        finally:
            connection.close()

    def _enter(self, staged: list[Staged]) -> Settled:
        if not staged:
            return Settled([], 0)
        return enter(self._couche, staged, by=self._sender.by, allowed=self._sender.allowed, wet=self._wet)


def _tell(told: ErrorFile, counts: Counter[str], handed: _Handed) -> None:
    """Count a settled batch and write its refusals, in the order of the file."""
    assert isinstance(handed.settled, Settled)  # noqa: S101  # `last()` waited for it
    faults = dict(handed.settled.faults)
    lines = list(handed.refused)
    for one in handed.staged:
        fault = faults.get(one.number)
        if fault is None:
            counts["update" if one.target else "create"] += 1
        elif fault == "known":
            counts["known"] += 1
        else:
            lines.append((one.number, [_worded(fault)]))
    counts["refused"] += len(lines)
    for number, messages in sorted(lines):
        told.add(number, messages)


def _worded(fault: str) -> tuple[str, str]:
    return {
        "outside": (
            "geometry",
            _("Ce point est hors des communes ouvertes sur ce site, ou hors de France."),
        ),
        "territory": ("geometry", _("Ce point n'est dans aucune commune dont vous avez la charge.")),
        "moved": (
            "geometry",
            _("L'objet est dans une autre commune : proposez de le supprimer là-bas et de l'ajouter ici."),
        ),
    }[fault]


class _Judge:
    """Turns rows into sound ones, finding the objects they speak of, batch by batch."""

    def __init__(self, couche: Couche, source: Source, counts: Counter[str]) -> None:
        self._couche, self._source, self._counts = couche, source, counts
        self._touched: set[uuid.UUID] = set()
        name = name_field(couche)
        self._name = next((column.path[0] for column in columns_of(couche) if column.name == name), "")
        self._key = salted_hmac("contributions.imports", source.sha256, algorithm="sha256").digest()
        self._root = NAMESPACE.bytes + f"{couche.slug}:{source.sha256}:".encode()
        # Most rows of a file were seen the same day.
        self._moments = lru_cache(maxsize=4096)(read_observed_on)

    def judge(self, rows: list[Row]) -> tuple[list[Staged], Told]:
        """Return the sound rows, and (number, [(field, message)]) of the others."""
        targets, doubtful = self._targets(rows)
        staged: list[Staged] = []
        refused: Told = []
        for row in rows:
            if row.number in doubtful:
                refused.append((row.number, [("match", doubtful[row.number])]))
                continue
            try:
                one = self._judge(row, targets.get(row.number))
            except ValidationError as error:
                pairs = [
                    (field, text) for field, texts in error.message_dict.items() for text in map(str, texts)
                ]
                refused.append((row.number, pairs))
                continue
            if one is not None:
                staged.append(one)
        return staged, refused

    def _judge(self, row: Row, target: FeatureVersion | None) -> Staged | None:
        """Return a row judged as `submit()` would, None when it says nothing new of its object.

        The same readers as every door's; what never varies (channel, operation, ids of ours) is not read.
        """
        # A file that has a few columns says nothing of the other answers.
        given = {**target.attributes, **row.attributes} if target else row.attributes
        if target is not None and target.feature_id in self._touched:
            raise ValidationError({"match": [_("Une autre ligne du fichier parle du même objet.")]})
        try:
            moment = self._moments(row.observed_at)
            accuracy = read_accuracy(row.accuracy_m)
            place = self._read_place(row.geometry, target)
            attributes = clean_attributes(self._couche, given, completing=True)
        except ValidationError:
            raise self._all_refusals(row, target, given) from None
        if target is not None:
            self._touched.add(target.feature_id)
            if _in_no_order(attributes) == _in_no_order(target.attributes) and self._same_place(
                place, target.geom
            ):
                self._counts["same"] += 1
                return None
        said = orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS)
        identifier = self._identifier(row.number)
        whole = said + repr((place, row.observed_at, accuracy)).encode()
        return Staged(
            number=row.number,
            id=identifier,
            target=target,
            lon=place[0],
            lat=place[1],
            attributes=said,
            observed_at=moment,
            accuracy_m=accuracy,
            payload_sha256=hashlib.sha256(whole).hexdigest(),
            secret_sha256=hmac.digest(self._key, identifier.encode(), "sha256").hex(),
            at_home=target is not None and self._couche.sensitive and place == target.geom.coords,
        )

    def _all_refusals(
        self, row: Row, target: FeatureVersion | None, given: dict[str, Any]
    ) -> ValidationError:
        """Return what is wrong with a row, every field at once: most rows are sound, and pay nothing for it."""
        form = Reading()
        form.read("observed_at", read_observed_on, row.observed_at)
        form.read("accuracy_m", read_accuracy, row.accuracy_m)
        form.read("geometry", self._read_place, row.geometry, target)
        form.read("attributes", clean_as_official, self._couche, given)
        return ValidationError(dict(form.errors))

    def _identifier(self, number: int) -> str:
        """Return `uuid.uuid5(NAMESPACE, "<couche>:<file's sha256>:<number>")`, made a million times."""
        digest = bytearray(hashlib.sha1(self._root + b"%d" % number, usedforsecurity=False).digest()[:16])
        digest[6] = digest[6] & 0x0F | 0x50
        digest[8] = digest[8] & 0x3F | 0x80
        return digest.hex()

    def _read_place(self, geometry: object, target: FeatureVersion | None) -> tuple[float, float]:
        """Return (longitude, latitude): the row's, or those of the object it corrects."""
        if geometry is None and target is not None:
            return target.geom.x, target.geom.y
        return coordinates_from_geojson(geometry)

    def _same_place(self, place: tuple[float, float], published: Point) -> bool:
        """Say whether a place would be published where it is already."""
        lon, lat = middle_of_cell(Point(*place)).coords if self._couche.sensitive else place
        return abs(lon - published.x) <= SAME_PLACE and abs(lat - published.y) <= SAME_PLACE

    def _targets(self, rows: list[Row]) -> tuple[dict[int, FeatureVersion], dict[int, str]]:
        """Return {number: the row in force it speaks of} and {number: why that is not known}."""
        mapping = self._source.mapping
        wanted: dict[int, uuid.UUID] = {}
        doubtful: dict[int, str] = {}
        if mapping.match == "id":
            wanted = {row.number: found for row in rows if (found := _uuid(row.identifier)) is not None}
        elif mapping.match == "place":
            sought = [place for row in rows if (place := self._place(row)) is not None]
            near = same_name_near(self._couche, sought, key=self._name, metres=mapping.radius_m)
            for number, features in near.items():
                if len(features) > 1:
                    doubtful[number] = _("Plusieurs objets proches portent ce nom : donnez l'identifiant.")
                else:
                    wanted[number] = features[0]
        in_force = FeatureVersion.objects.current().filter(
            couche=self._couche, feature_id__in=set(wanted.values())
        )
        by_id = {row.feature_id: row for row in in_force} if wanted else {}
        return {number: by_id[key] for number, key in wanted.items() if key in by_id}, doubtful

    def _place(self, row: Row) -> tuple[int, float, float, str] | None:
        """Return what to look for, None where there is no sound point or no name: judged later."""
        name = row.attributes.get(self._name)
        coordinates = (row.geometry or {}).get("coordinates")
        if not isinstance(name, str) or "\0" in name or not isinstance(coordinates, list):
            return None
        lon, lat = coordinates
        if not isinstance(lon, float) or not isinstance(lat, float):
            return None
        return (row.number, lon, lat, name) if abs(lon) <= 180 and abs(lat) <= 90 else None


def clean_as_official(couche: Couche, raw: dict[str, Any]) -> dict[str, Any]:
    """Return the answers cleaned, with the fields that the town hall alone completes."""
    return clean_attributes(couche, raw, completing=True)


def _in_no_order(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the answers with lists sorted: a table does not keep the order of operators."""
    return {
        name: sorted(orjson.dumps(one, option=orjson.OPT_SORT_KEYS) for one in value)
        if isinstance(value, list)
        else value
        for name, value in attributes.items()
    }


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if len(text) == 36 else None
    except ValueError:
        return None
