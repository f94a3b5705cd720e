"""Brings the hamlets and named places of communes up to date with a file of the Base Adresse Nationale.

The file is text from outside: it is read line by line, bounded in lines, bytes and length,
by the names of its columns. Each commune of the file gets exactly the places the file
gives; communes it does not name keep theirs.
"""

import csv
import gzip
import re
import sys
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from territoires.models import Commune, Departement, FormerCode
from territoires.points import point_from_text
from territoires.refusals import FileRefused
from territoires.sync import PATIENCE, Progress

COLUMNS = ("nom_lieu_dit", "code_insee", "lon", "lat")
# The whole country is 2 million lines and 250 MB.
MAX_BYTES = 1 << 30
MAX_LINES = 5_000_000
MAX_LINE = 20_000
MAX_NAME = 120
DECIMALS = 6
# Beyond it from the commune's box, in degrees, a position is another commune's.
STRAY = 0.02
LOCK_KEY = 7_265_702
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
# Controls, and the invisible marks that make two equal names differ.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")

CREATE_READ = """
DROP TABLE IF EXISTS pg_temp.lieux_dits_read;
CREATE TEMPORARY TABLE lieux_dits_read (commune_id text, nom text, point geometry(Point, 4326)) ON COMMIT DROP
"""
DROP_STRAYS = """
DELETE FROM lieux_dits_read AS place USING territoires_commune AS commune
WHERE commune.code_insee = place.commune_id AND commune.geom IS NOT NULL
  AND NOT commune.geom && ST_Expand(place.point, %s)
"""
# What the file says of a commune replaces what was known of it, and of the communes it absorbed.
REMOVE = """
WITH opened AS (SELECT DISTINCT commune_id FROM lieux_dits_read), removed AS (
    DELETE FROM territoires_lieudit AS old USING territoires_commune AS commune
    WHERE commune.code_insee = old.commune_id
      AND (commune.code_insee IN (SELECT commune_id FROM opened)
           OR (commune.valid_to IS NOT NULL AND commune.successor_id IN (SELECT commune_id FROM opened)))
      AND NOT EXISTS (
        SELECT FROM lieux_dits_read AS place
        WHERE place.commune_id = old.commune_id AND place.nom = old.nom AND place.point = old.point
      )
    RETURNING commune.departement_id
)
SELECT departement_id, count(*) FROM removed GROUP BY departement_id
"""
ADD = """
WITH added AS (
    INSERT INTO territoires_lieudit (commune_id, nom, point)
    SELECT DISTINCT commune_id, nom, point FROM lieux_dits_read ORDER BY commune_id, nom
    ON CONFLICT (commune_id, nom, point) DO NOTHING
    RETURNING commune_id
)
SELECT commune.departement_id, count(*) FROM added
JOIN territoires_commune AS commune ON commune.code_insee = added.commune_id
GROUP BY commune.departement_id
"""
COUNT = """
SELECT commune.departement_id, count(*) FROM territoires_lieudit AS place
JOIN territoires_commune AS commune ON commune.code_insee = place.commune_id
WHERE commune.departement_id IN (
    SELECT departement_id FROM territoires_commune
    WHERE code_insee IN (SELECT commune_id FROM lieux_dits_read)
)
GROUP BY commune.departement_id
"""

_Binary = BinaryIO | gzip.GzipFile


class _DryRun(Exception):
    """Rolls the transaction back once the diff is known."""


@dataclass(slots=True)
class PlacesReport:
    """What a file changes: (added, removed, total) by département, and the lines set aside."""

    departements: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    unplaced: int = 0
    unnamed: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    strays: int = 0
    written: bool = False

    @property
    def changed(self) -> bool:
        """Say whether the tables and the file differ."""
        return any(added or removed for added, removed, _total in self.departements.values())

    def lines(self) -> list[str]:
        """Return the report in French, a line for each département."""
        lines = [
            _("%(name)s (%(code)s) : %(total)d lieux-dits, %(added)d ajoutés, %(removed)d retirés")
            % {"name": self.names[code], "code": code, "total": total, "added": added, "removed": removed}
            for code, (added, removed, total) in sorted(self.departements.items())
        ]
        lines += self._set_aside()
        if self.written:
            lines.append(_("Écrit."))
        elif self.changed:
            lines.append(_("Rien n'est écrit : relancez avec --wet-run pour appliquer."))
        else:
            lines.append(_("Rien ne change."))
        return lines

    def _set_aside(self) -> Iterator[str]:
        unknown = sum(self.unknown.values())
        if self.unplaced:
            yield ngettext(
                "%(count)d ligne sans position, écartée",
                "%(count)d lignes sans position, écartées",
                self.unplaced,
            ) % {"count": self.unplaced}
        if self.unnamed:
            yield ngettext(
                "%(count)d ligne sans nom, écartée", "%(count)d lignes sans nom, écartées", self.unnamed
            ) % {"count": self.unnamed}
        if unknown:
            first = ", ".join(code for code, _count in self.unknown.most_common(5))
            yield ngettext(
                "%(count)d ligne de commune inconnue, écartée (%(codes)s…)",
                "%(count)d lignes de communes inconnues, écartées (%(codes)s…)",
                unknown,
            ) % {
                "count": unknown,
                "codes": first,
            }
        if self.strays:
            yield ngettext(
                "%(count)d ligne placée loin de sa commune, écartée",
                "%(count)d lignes placées loin de leur commune, écartées",
                self.strays,
            ) % {"count": self.strays}


def run(
    path: Path, *, wet_run: bool = False, stdout: TextIO | None = None, stderr: TextIO | None = None
) -> PlacesReport:
    """Compare the table with `path` (CSV, plain or gzipped); write, in one transaction, with `wet_run`.

    Prints the report on `stdout`. Raises FileRefused and writes nothing when the file is
    not one of lieux-dits, is broken, too large, or names no known commune.
    """
    report, progress = PlacesReport(), Progress(stderr or sys.stderr)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(PATIENCE)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
            cursor.execute(CREATE_READ)
            progress.step(_("Lecture des lieux-dits"))
            _stage(cursor, path, report, progress)
            progress.step(_("Comparaison"))
            _compare(cursor, report)
            if not wet_run:
                raise _DryRun
            report.written = report.changed
    except _DryRun:
        pass
    finally:
        progress.close()
    if stdout is not None:
        for line in report.lines():
            stdout.write(f"{line}\n")
    return report


def _stage(cursor: CursorWrapper, path: Path, report: PlacesReport, progress: Progress) -> None:
    today, kept = _codes_of_today(), 0
    with cursor.copy("COPY lieux_dits_read (commune_id, nom, point) FROM STDIN") as copy:
        for row in _rows(path):
            place = _place(row, today, report)
            if place is not None:
                copy.write_row(place)
                kept += 1
            progress.advance(1)
    if not kept:
        raise FileRefused(
            _(
                "Aucune ligne de ce fichier n'est utilisable : pas de position, ou pas de commune connue "
                "(chargez d'abord les communes par sync_territoires)."
            )
        )
    cursor.execute("ANALYZE lieux_dits_read")


def _compare(cursor: CursorWrapper, report: PlacesReport) -> None:
    cursor.execute(DROP_STRAYS, [STRAY])
    report.strays = cursor.rowcount
    counts = []
    for statement in (ADD, REMOVE, COUNT):
        cursor.execute(statement)
        counts.append(dict(cursor.fetchall()))
    added, removed, totals = counts
    report.departements = {
        code: (added.get(code, 0), removed.get(code, 0), totals.get(code, 0))
        for code in {*added, *removed, *totals}
    }
    report.names = dict(Departement.objects.values_list("code", "nom"))


def _codes_of_today() -> dict[str, str]:
    """Return {code, current or former: the current commune's}; a current code is its own."""
    today = dict(FormerCode.objects.order_by("-commune_id").values_list("code", "commune_id"))
    closed = Commune.objects.filter(valid_to__isnull=False, successor__valid_to__isnull=True)
    today |= dict(closed.exclude(successor=None).values_list("pk", "successor_id"))
    return today | {code: code for code in Commune.objects.current().values_list("pk", flat=True)}


def _place(row: dict[str, str], today: dict[str, str], report: PlacesReport) -> tuple[str, str, str] | None:
    """Return what is stored of a line: code, name, EWKT; None, counted in the report, when it lacks one."""
    name = unicodedata.normalize("NFC", " ".join(_INVISIBLE.sub(" ", row["nom_lieu_dit"]).split()))
    code = row["code_insee"].strip().upper().zfill(5)
    if not 0 < len(name) <= MAX_NAME:
        report.unnamed += 1
    elif code not in today:
        report.unknown[code[:5]] += 1
    else:
        try:
            point = point_from_text(row["lon"], row["lat"])
        except ValidationError:
            report.unplaced += 1
        else:
            lon, lat = round(point.x, DECIMALS), round(point.y, DECIMALS)
            return today[code], name, f"SRID=4326;POINT({lon!r} {lat!r})"
    return None


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the lines as {column: text}. Raises FileRefused for what is not such a file."""
    if not path.is_file():
        raise FileRefused(_("%(name)s n'existe pas, ou n'est pas un fichier.") % {"name": path.name})
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
            raw.seek(0)
            if start == _ZIP:
                raise FileRefused(_("Décompressez d'abord cette archive zip, ou donnez le fichier .csv.gz."))
            if start[:2] == _GZIP:
                with gzip.GzipFile(fileobj=raw) as plain:
                    yield from _read(plain)
            else:
                yield from _read(raw)
    except UnicodeDecodeError as error:
        raise FileRefused(
            _(
                "Ce fichier n'est pas en UTF-8 : donnez celui de la Base Adresse Nationale, sans le réenregistrer."
            )
        ) from error
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise FileRefused(_("Ce fichier est coupé ou abîmé : téléchargez-le de nouveau.")) from error


def _read(raw: _Binary) -> Iterator[dict[str, str]]:
    lines = _lines(raw)
    head = next(lines, "")
    delimiter = ";" if head.count(";") >= head.count(",") else ","
    columns = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])]
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise FileRefused(
            _(
                "Ce fichier n'est pas celui des lieux-dits de la Base Adresse Nationale "
                "(lieux-dits-15-beta.csv.gz) : il manque %(columns)s."
            )
            % {"columns": ", ".join(missing)}
        )
    for cells in csv.reader(lines, delimiter=delimiter):
        if cells:
            # A short line lacks its position: it is set aside and counted, like those that say none.
            yield dict.fromkeys(COLUMNS, "") | dict(zip(columns, cells, strict=False))


def _lines(raw: _Binary) -> Iterator[str]:
    """Yield decoded lines, bounded: a line without end must not fill the memory."""
    size = 0
    for number in range(MAX_LINES + 1):
        line = raw.readline(MAX_LINE + 1)
        if not line:
            return
        size += len(line)
        if len(line) > MAX_LINE or size > MAX_BYTES or number == MAX_LINES:
            raise FileRefused(
                _("Ce fichier est plus grand que celui de toute la France : vérifiez qu'il est le bon.")
            )
        yield line.decode("utf-8-sig" if number == 0 else "utf-8")
