"""Reads the State's directory (DILA, "Annuaire de l'administration", JSON) for the town halls' addresses.

A file from outside: read piece by piece, one counter at a time, bounded in bytes, in counters
and in the size of each. Only `pivot[].type_service_local` = mairie (mairie_com overseas),
`pivot[].code_insee_commune[]` and `adresse_courriel[]` are looked at. Annexes and communes
déléguées share the code of the commune: its own town hall wins. Licence Ouverte 2.0.
"""

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from comptes.models import TownHallAddress
from comptes.town_halls import clean_address
from territoires.models import Commune
from territoires.refusals import FileRefused

MAX_BYTES = 2 << 30
MAX_SERVICES = 400_000
MAX_SERVICE = 1 << 20
PIECE = 1 << 16
TOWN_HALLS = {"mairie", "mairie_com"}
BRANCHES = ("annexe", "délégué", "deleguee", "associée", "quartier", "police")


@dataclass
class Difference:
    """What the file changes: (code INSEE, name, address before or "", address after) per commune."""

    changes: list[tuple[str, str, str, str]] = field(default_factory=list)
    same: int = 0
    kept: int = 0
    unknown: int = 0
    services: int = 0


def load(path: Path, *, wet_run: bool) -> Difference:
    """Compare the file with what is known; write it when `wet_run`. Raises FileRefused.

    What the operator wrote by hand is kept, and what the file no longer names too.
    """
    found: dict[str, tuple[int, str]] = {}
    told = Difference()
    for service in read_services(path):
        told.services += 1
        for code, rank, email in _addresses(service):
            if code not in found or rank < found[code][0]:
                found[code] = rank, email
    names = dict(Commune.objects.current().filter(pk__in=found).values_list("pk", "nom"))
    told.unknown = len(found) - len(names)
    with transaction.atomic():
        known = {row.commune_id: row for row in TownHallAddress.objects.select_for_update(of=("self",))}
        for code in sorted(names):
            _compare(told, code, names[code], found[code][1], known.get(code))
        if wet_run:
            _write(told)
    return told


def read_services(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of the array `service`, or of a bare array, plain or gzipped. Raises FileRefused."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]  # reads bytes
            with io.TextIOWrapper(stream, encoding="utf-8-sig") as text:
                yield from _Array(text).objects()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, RecursionError) as error:
        raise FileRefused(
            _("Ce fichier ne se lit pas : donnez le JSON de l'annuaire, en .json ou .json.gz.")
        ) from error


class _Array:
    """An array of objects read in pieces: what is kept in memory is one object and one piece."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream, self._text, self._read = stream, "", 0

    def objects(self) -> Iterator[dict[str, Any]]:
        self._open()
        decoder = json.JSONDecoder()
        for _count in range(MAX_SERVICES):
            self._skip(" \t\r\n,")
            if self._text.startswith("]"):
                return
            yield self._one(decoder)
        raise FileRefused(_("Ce fichier contient trop de guichets : ce n'est pas l'annuaire attendu."))

    def _open(self) -> None:
        self._skip(" \t\r\n")
        if self._text.startswith("["):
            self._text = self._text[1:]
            return
        while '"service"' not in self._text:
            if len(self._text) > MAX_SERVICE or not self._more():
                raise FileRefused(
                    _("Il manque la liste « service » : donnez le JSON de l'annuaire de la DILA.")
                )
        self._text = self._text.partition('"service"')[2]
        self._skip(" \t\r\n:")
        if not self._text.startswith("["):
            raise FileRefused(_("« service » n'est pas une liste : donnez le JSON de l'annuaire de la DILA."))
        self._text = self._text[1:]

    def _one(self, decoder: json.JSONDecoder) -> dict[str, Any]:
        while True:
            try:
                value, end = decoder.raw_decode(self._text)
            except ValueError:
                if len(self._text) > MAX_SERVICE or not self._more(len(self._text)):
                    raise FileRefused(
                        _("Ce fichier est coupé ou abîmé : téléchargez-le de nouveau.")
                    ) from None
                continue
            if not isinstance(value, dict):
                raise FileRefused(_("La liste « service » contient autre chose que des guichets."))
            self._text = self._text[end:]
            return value

    def _skip(self, letters: str) -> None:
        self._text = self._text.lstrip(letters)
        while not self._text and self._more():
            self._text = self._text.lstrip(letters)

    def _more(self, at_least: int = PIECE) -> bool:
        """Read on, twice as much for an object that is long: never twice the whole of it."""
        piece = self._stream.read(max(PIECE, at_least))
        self._read += len(piece)
        if self._read > MAX_BYTES:
            raise FileRefused(_("Ce fichier est trop gros : ce n'est pas l'annuaire attendu."))
        self._text += piece
        return bool(piece)


def _addresses(service: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """Yield (code INSEE, rank, address) for a town hall that has an address; the lowest rank wins."""
    email = next(filter(None, map(_email, _list(service.get("adresse_courriel")))), "")
    if not email:
        return
    for pivot in _list(service.get("pivot")):
        if isinstance(pivot, dict) and pivot.get("type_service_local") in TOWN_HALLS:
            for code in _list(pivot.get("code_insee_commune")):
                if isinstance(code, str):
                    yield code, _rank(service), email


def _rank(service: dict[str, Any]) -> int:
    name = str(service.get("nom") or "").lower()
    branch = any(word in name for word in BRANCHES)
    first = str(service.get("ancien_code_pivot") or "").endswith("-01")
    return 2 * branch + (not first)


def _email(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("valeur")
    try:
        return clean_address(value)
    except ValidationError:
        return ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _compare(told: Difference, code: str, name: str, email: str, known: TownHallAddress | None) -> None:
    if known is None:
        told.changes.append((code, name, "", email))
    elif known.source == TownHallAddress.Source.OPERATOR:
        told.kept += 1
    elif known.email == email:
        told.same += 1
    else:
        told.changes.append((code, name, known.email, email))


def _write(told: Difference) -> None:
    TownHallAddress.objects.bulk_create(
        [
            TownHallAddress(
                commune_id=code, email=email, source=TownHallAddress.Source.DIRECTORY,
                updated_on=timezone.localdate(),
            )
            for code, _name, _before, email in told.changes
        ],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["commune"],
        update_fields=["email", "source", "updated_on"],
    )  # fmt: skip
