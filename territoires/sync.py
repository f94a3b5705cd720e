"""Brings communes and outlines up to date with the COG and with a file, in one transaction.

Rules worth knowing:
- a code of the file leads to today's commune through the COG's former codes; several
  make a union, a swapped code (12076 → 12218) takes the outline as it is;
- a commune split since the file was drawn cannot be rebuilt from it. Its children are
  named as missing; the parent keeps the old outline, marked `to_confirm`, so that every
  point in it is shown to a person instead of being silently assigned;
- nothing goes back in time: an older COG is refused, a newer outline is kept.
"""

import hashlib
import sys
import time
from pathlib import Path
from typing import TextIO

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F
from django.db.models.lookups import IsNull
from django.utils.translation import gettext as _

from territoires import boundaries as staging
from territoires import outlines, registry
from territoires.cog import Cog, CogRefused, read_cog, year_in_name
from territoires.models import BoundaryLoad, Commune
from territoires.moves import FILE_NAME, Moves, read_moves
from territoires.refusals import FileRefused
from territoires.report import SyncReport

LOCK_KEY = 7_265_701
# Without it a long union would be cut by the session's limits; both end with the transaction.
# Two runs may share a transaction (tests, a caller's own): the second starts afresh.
CLEAR_TABLE = "DROP TABLE IF EXISTS pg_temp.incoming, pg_temp.rebuilt, pg_temp.cog_commune"
PATIENCE = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
COM_DEPARTEMENTS = ("975", "977", "978", "984", "986", "987", "988", "989")
COMPLETE_SHARE = 0.99


class _DryRun(Exception):
    """Rolls the transaction back once the diff is known."""


class Progress:
    """One line on a stream, rewritten at most once a second, silent for the first two seconds."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`."""
        self._stream, self._started, self._last = stream, time.monotonic(), 0.0
        self._shown, self._step, self._count = False, "", 0

    def step(self, text: str) -> None:
        """Begin a step."""
        self._step, self._count = text, 0
        self._show(force=self._shown)

    def advance(self, count: int) -> None:
        """Add `count` objects done to the step."""
        self._count += count
        self._show()

    def close(self) -> None:
        """Leave the line."""
        if self._shown:
            self._stream.write("\n")
            self._stream.flush()

    def _show(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if now - self._started < 2 or (now - self._last < 1 and not force):
            return
        self._last, self._shown = now, True
        count = f" {self._count}" if self._count else ""
        self._stream.write(f"\r\x1b[K{self._step}…{count} ({now - self._started:.0f} s)")
        self._stream.flush()


def run(
    *,
    boundaries: Path | None = None,
    cog: Path | None = None,
    moves: Path | None = None,
    millesime: int | None = None,
    wet_run: bool = False,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
) -> SyncReport:
    """Compare the tables with `cog` (default: settings.COG_PATH) and `boundaries`; write with `wet_run`.

    `millesime` is the year of the COG when its package does not say it, and that of the
    outlines when their file name does not. Prints the report on `stdout`. Raises
    `territoires.refusals.Refused` and writes nothing when anything is wrong.
    """
    source = read_cog(cog or settings.COG_PATH, millesime=millesime)
    _check_years(source, boundaries, millesime)
    register = _register(moves, boundaries, cog)
    progress = Progress(stderr or sys.stderr)
    try:
        report = _synchronise(source, register, boundaries, millesime, wet_run, progress)
    except DatabaseError as error:
        # A text too long, an outline no repair makes valid: the file's fault, and no trace of it is left.
        raise FileRefused(
            _("La base refuse ces données : %(error)s") % {"error": str(error).split("\n")[0]}
        ) from error
    finally:
        progress.close()
    if stdout is not None:
        for line in report.lines():
            stdout.write(line if line.endswith("\n") else f"{line}\n")
    return report


def _synchronise(
    cog: Cog, moves: Moves, boundaries: Path | None, millesime: int | None, wet_run: bool, progress: Progress
) -> SyncReport:
    report: SyncReport | None = None
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(PATIENCE)
            cursor.execute(CLEAR_TABLE)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
            _refuse_older_cog(cog)
            progress.step(_("Comparaison avec le COG"))
            report = SyncReport(cog=cog, registry=registry.compare(cog, moves), moves_known=moves.known)
            _stage(cursor, report, boundaries, millesime, progress)
            progress.step(_("Écriture des communes"))
            registry.write(cursor, cog, moves, report.registry)
            _find_gaps(cursor, report, moves)
            progress.step(_("Découpe des contours"))
            outlines.apply(cursor, report.outlines)
            progress.step(_("Recherche des chevauchements"))
            outlines.measure_overlaps(cursor, report.outlines)
            report.counts = _counts()
            if not wet_run:
                raise _DryRun
            if report.changed:
                _journal(report, boundaries)
            report.written = report.changed
    except _DryRun:
        if report is None:  # pragma: no cover  # raised only after the report exists
            raise
    return report


def _stage(
    cursor: CursorWrapper,
    report: SyncReport,
    boundaries: Path | None,
    millesime: int | None,
    progress: Progress,
) -> None:
    """Fill `incoming` and `rebuilt`, measure what changes. Raises FileRefused on going back in time."""
    cursor.execute(staging.CREATE_INCOMING)
    if boundaries is not None:
        progress.step(_("Lecture des contours"))
        report.staged = staging.stage_file(cursor, boundaries, report.cog, advance=progress.advance)
        report.boundaries_year = year_in_name(boundaries.name) or millesime or _inferred_year(report)
        cursor.execute(
            "UPDATE incoming SET year = %s WHERE from_file AND NOT approximate", [report.boundaries_year]
        )
    ended = [(code, successor) for code, successor in report.registry.gone.items() if successor]
    cursor.execute(
        outlines.STAGE_FROM_TABLES,
        {"codes": [code for code, _s in ended], "successors": [successor for _c, successor in ended]},
    )
    progress.step(_("Reconstruction des communes d'aujourd'hui"))
    outlines.rebuild(cursor)
    _refuse_undated(cursor)
    outlines.leave_better(cursor, report.outlines)
    useful = report.outlines.written or report.outlines.identical
    if report.staged is not None and report.outlines.kept and not useful:
        raise FileRefused(
            _(
                "Ce fichier est plus ancien ou moins précis que les contours déjà chargés : rien n'est remplacé. "
                "Donnez un fichier plus récent."
            )
        )
    progress.step(_("Comparaison des contours"))
    outlines.measure_moves(cursor, report.outlines)


def _check_years(cog: Cog, boundaries: Path | None, millesime: int | None) -> None:
    if millesime is not None and boundaries is None and millesime != cog.millesime:
        raise CogRefused(
            _("Le COG donné est celui de %(cog)d, vous demandez %(asked)d : donnez l'autre par --cog.")
            % {"cog": cog.millesime, "asked": millesime}
        )
    year = (year_in_name(boundaries.name) or millesime) if boundaries is not None else None
    if year is not None and year > cog.millesime:
        raise CogRefused(
            _(
                "Les contours sont de %(year)d et le COG de %(cog)d : mettez à jour le paquet "
                "@etalab/decoupage-administratif, ou donnez le COG de %(year)d par --cog."
            )
            % {"year": year, "cog": cog.millesime}
        )


def _refuse_older_cog(cog: Cog) -> None:
    newest = BoundaryLoad.objects.order_by("-millesime").values_list("millesime", flat=True).first()
    if newest is not None and newest > cog.millesime:
        raise CogRefused(
            _("Le COG de %(cog)d est plus ancien que celui déjà chargé (%(loaded)d) : rien n'est changé.")
            % {"cog": cog.millesime, "loaded": newest}
        )


def _refuse_undated(cursor: CursorWrapper) -> None:
    year = outlines.dated_year_at_risk(cursor)
    if year is not None:
        raise FileRefused(
            _(
                "L'année de ces contours n'est écrite ni dans le nom du fichier ni par --millesime, et des "
                "contours de %(year)d sont déjà chargés : donnez --millesime."
            )
            % {"year": year}
        )


def _inferred_year(report: SyncReport) -> int | None:
    """Return the COG's year when the file holds exactly today's communes of its départements."""
    codes = set(report.staged.codes) if report.staged else set()
    communes = report.cog.communes
    opened = {communes[code].departement for code in codes if code in communes}
    expected = {code for code, commune in communes.items() if commune.departement in opened}
    return report.cog.millesime if codes == expected else None


def _register(moves: Path | None, boundaries: Path | None, cog: Path | None) -> Moves:
    """Return INSEE's register: the one given, or one lying beside the other files."""
    if moves is not None:
        return read_moves(moves)
    beside = [path if path.is_dir() else path.parent for path in (boundaries, cog) if path is not None]
    for folder in [*beside, settings.REPERES_DATA]:
        if (folder / FILE_NAME).is_file():
            return read_moves(folder / FILE_NAME)
    return Moves()


def _find_gaps(cursor: CursorWrapper, report: SyncReport, moves: Moves) -> None:
    """Name the communes left without outline, and those whose outline covers them still.

    Runs after the registry is written: what is current is what the tables say.
    """
    outline = report.outlines
    cursor.execute(
        """
        SELECT commune.code_insee, commune.departement_id, commune.epci_id,
               commune.geom IS NOT NULL OR rebuilt.code IS NOT NULL
        FROM territoires_commune AS commune LEFT JOIN rebuilt ON rebuilt.code = commune.code_insee
        WHERE commune.valid_to IS NULL
        """
    )
    rows = cursor.fetchall()
    opened = {departement for _code, departement, _epci, has_outline in rows if has_outline}
    present = {code for code, _departement, _epci, has_outline in rows if has_outline}
    outline.missing = sorted(code for code, departement, _e, has in rows if not has and departement in opened)
    in_file = set(report.staged.codes) if report.staged else set()
    flagged: set[str] = set()
    for parent, children in _split(report, moves).items():
        today = report.cog.today(parent) or parent
        others = {child for child in children if child != today and child in report.cog.communes}
        drawn_together = today in outline.written and parent in in_file and not others <= in_file
        if today in present and (drawn_together or others & set(outline.missing)):
            flagged.add(today)
    if not moves.known and outline.missing:
        epcis = {epci for code, _d, epci, _has in rows if code in set(outline.missing) and epci}
        flagged |= {code for code, _d, epci, has in rows if has and epci in epcis}
    outline.to_confirm = sorted(flagged)


def _split(report: SyncReport, moves: Moves) -> dict[str, set[str]]:
    split = {parent: set(children) for parent, children in moves.children_of.items()}
    for parent, children in report.registry.split.items():
        split.setdefault(parent, set()).update(children)
    return split


def _counts() -> dict[str, tuple[int, int, int]]:
    counts: dict[str, tuple[int, int, int]] = {}
    rows = Commune.objects.current().annotate(missing=IsNull(F("geom"), True))
    for departement, missing in rows.values_list("departement_id", "missing"):
        total, drawn, lacking = counts.get(departement, (0, 0, 0))
        counts[departement] = (total + 1, drawn + (not missing), lacking + missing)
    return counts


def _journal(report: SyncReport, boundaries: Path | None) -> None:
    mainland = {code: counts for code, counts in report.counts.items() if code not in COM_DEPARTEMENTS}
    total = sum(counts[0] for counts in mainland.values())
    drawn = sum(counts[1] for counts in mainland.values())
    approximate = Commune.objects.current().filter(approximate=True).exists()
    BoundaryLoad.objects.create(
        millesime=report.cog.millesime,
        boundaries_year=report.boundaries_year,
        source=(boundaries.name if boundaries else "")[:255],
        sha256=_sha256(boundaries) if boundaries else "",
        approximate=approximate,
        complete=not approximate and total > 0 and drawn >= COMPLETE_SHARE * total,
        report=report.as_json(),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
