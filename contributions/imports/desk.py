"""The verbs of an import: receive a file, describe it, try it, propose it, forget it."""

import datetime as dt
import hashlib
import re
import shutil
import uuid
from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from comptes.deferral import defer
from comptes.models import User
from comptes.permissions import Forbidden, SignInFirst, communes_for, mandates_for
from comptes.roles import Gesture
from contributions.imports.mapping import Mapping, guess, read_mapping
from contributions.imports.run import MAX_BYTES, MAX_ROWS, Outcome, Sender, Source, process
from contributions.imports.upload import MAX_UPLOAD
from contributions.models import Import
from couches import objects
from couches.models import Couche
from couches.text import printable
from territoires.refusals import FileRefused
from territoires.sandbox import read_vector_file

TASK = "contributions.import"
SAMPLE_ROWS = 10
MAX_COLUMNS = 200
MAX_CELL_SHOWN = 80
KEPT_DAYS = 30
# What one person may leave on the disk.
MAX_KEPT = 20
# A file's first rows are looked at while its sender waits.
LOOK_SECONDS = 25
# Who sends many files waits for the first ones.
MAX_UNDER_WAY = 3
SUFFIXES = (".csv", ".tsv", ".txt", ".ods", ".geojson", ".json", ".gpkg", ".fgb", ".zip", ".geojson.gz")
# Once proposed too: what was left aside is corrected here, and nothing is doubled.
_AT_REST = (Import.State.UPLOADED, Import.State.CHECKED, Import.State.FAILED, Import.State.DONE)
_SAFE_SUFFIX = re.compile(r"(\.geojson|\.gpkg|\.fgb)?\.[a-z]{2,7}$")


class NotNow(Exception):
    """Un geste qui n'est pas possible dans l'état où est l'import."""

    def __init__(self, row: Import) -> None:
        super().__init__(
            _("Cet import est « %(state)s » : rechargez la page.") % {"state": row.get_state_display()}
        )


class Gone(Exception):
    """The import was forgotten while a worker had it."""


def check_may_import(user: Any) -> None:
    """Raise Forbidden unless `user` may import somewhere."""
    if user.pk is None:
        raise SignInFirst
    if not communes_for(user, Gesture.IMPORT).exists():
        raise Forbidden


def imports_of(user: User) -> QuerySet[Import]:
    """Return the imports of a person: nobody else's exist for them."""
    return Import.objects.filter(by=user).select_related("couche")


def folder_of(row: Import) -> Path:
    """Return where the file of an import and its errors lie."""
    return Path(settings.MEDIA_ROOT) / "imports" / str(row.pk)


def errors_of(row: Import) -> Path:
    """Return where the rows left aside are written."""
    return folder_of(row) / "erreurs.csv"


def has_errors(row: Import) -> bool:
    """Say whether the last reading left rows aside."""
    return not row.under_way and bool(row.counts.get("refused"))


def fetch_errors(row: Import) -> Path | None:
    """Return the file of the rows left aside, None when there are none."""
    path = errors_of(row)
    if not has_errors(row):
        return None
    if settings.SHARED_OBJECTS:
        # Each trial writes it anew: what this disk has may be a former one.
        path.unlink(missing_ok=True)
        objects.bring(path, Path(settings.MEDIA_ROOT))
    return path if path.is_file() else None


def receive(*, couche: Couche | None, upload: UploadedFile | None, by: User) -> Import:
    """Store a file and look at its first rows. Raises Forbidden, and ValidationError by field."""
    check_may_import(by)
    if couche is None:
        raise ValidationError({"couche": [_("Choisissez une couche de la liste.")]})
    if upload is None or not upload.size:
        text = _("Choisissez un fichier qui n'est pas vide, de %(size)d Mo au plus.")
        raise ValidationError({"fichier": [text % {"size": MAX_UPLOAD // 1_000_000}]})
    if imports_of(by).count() >= MAX_KEPT:
        text = _("Vous avez %(max)d fichiers ici : effacez-en un, puis recommencez.")
        raise ValidationError({"fichier": [text % {"max": MAX_KEPT}]})
    row = Import(
        suffix=_suffix(upload.name or ""),
        couche=couche,
        by=by,
        created_at=timezone.now(),
        name=printable(upload.name or "", max_length=200),
        size=upload.size,
        delete_after=timezone.localdate() + dt.timedelta(days=KEPT_DAYS),
    )
    folder = folder_of(row)
    folder.mkdir(parents=True)
    try:
        path = _path_of(row)
        row.sha256 = _write(upload, path)
        _look_at(row, path)
        objects.keep(path, Path(settings.MEDIA_ROOT))
        row.save(force_insert=True)
    except FileRefused as refusal:
        shutil.rmtree(folder)
        raise ValidationError({"fichier": [refusal.text]}) from refusal
    except BaseException:
        shutil.rmtree(folder)
        raise
    return row


def _suffix(name: str) -> str:
    found = _SAFE_SUFFIX.search(name.lower())
    if found is None or not name.lower().endswith(SUFFIXES):
        text = _("Envoyez un fichier CSV, ODS, GeoJSON, GeoPackage, FlatGeobuf, ou un Shapefile dans un zip.")
        raise ValidationError({"fichier": [text]})
    return found[0]


def _write(upload: UploadedFile, path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("xb") as sink:
        for chunk in upload.chunks():
            digest.update(chunk)
            sink.write(chunk)
    return digest.hexdigest()


def _look_at(row: Import, path: Path) -> None:
    """Fill the columns, the first rows and the guessed mapping. Raises FileRefused."""
    with read_vector_file(
        path, max_features=MAX_ROWS, max_bytes=MAX_BYTES, tables=True, wall_seconds=LOOK_SECONDS
    ) as file:
        if len(file.fields) > MAX_COLUMNS:
            text = _("Le fichier a %(count)d colonnes : gardez-en %(max)d au plus.")
            raise FileRefused(text % {"count": len(file.fields), "max": MAX_COLUMNS})
        if len(set(file.fields)) < len(file.fields) or not all(name.strip() for name in file.fields):
            raise FileRefused(
                _("Chaque colonne doit avoir un nom, et chacune le sien : corrigez la première ligne.")
            )
        row.columns, row.crs = file.fields, file.crs
        rows = []
        for _rank, (_wkb, cells) in zip(range(SAMPLE_ROWS), file.features, strict=False):
            rows.append([_shown(cells.get(name)) for name in file.fields])
    if not rows:
        raise FileRefused(_("Le fichier n'a aucune ligne de données."))
    row.sample = rows
    row.mapping = guess(row.couche, row.columns, has_geometry=bool(row.crs)).as_json()


def _shown(value: Any) -> str:
    return "" if value is None else printable(str(value), max_length=MAX_CELL_SHOWN)


def describe(row: Import, given: MappingType[str, Any]) -> None:
    """Keep how the columns are read. Raises NotNow, and ValidationError by field."""
    mapping = read_mapping(row.couche, row.columns, given, has_geometry=bool(row.crs))
    with _held(row, *_AT_REST) as held:
        held.mapping, held.state, held.error = mapping.as_json(), Import.State.UPLOADED, ""
        held.counts, held.unknown = {}, {}
        held.save()
    row.refresh_from_db()


def ask_trial(row: Import) -> None:
    """Have every row judged, nothing being proposed. Raises NotNow, ValidationError."""
    # What was guessed and never looked at must be whole too.
    read_mapping(row.couche, row.columns, row.mapping, has_geometry=bool(row.crs))
    _start(row, Import.State.CHECKING, *_AT_REST)


def ask_run(row: Import) -> None:
    """Have the sound rows proposed to those who decide. Raises NotNow."""
    _start(row, Import.State.RUNNING, Import.State.CHECKED)


def _start(row: Import, state: Import.State, *before: Import.State) -> None:
    busy = Import.objects.filter(by=row.by, state__in=[Import.State.CHECKING, Import.State.RUNNING])
    if busy.count() >= MAX_UNDER_WAY:
        raise ValidationError(
            {"fichier": [_("Trois de vos fichiers sont déjà en cours : attendez le premier.")]}
        )
    with _held(row, *before) as held:
        held.state, held.rows_done, held.error, held.finished_at = state, 0, "", None
        held.save()
        defer(TASK, once=f"import:{row.pk}", import_id=str(row.pk))
    row.refresh_from_db()


@contextmanager
def _held(row: Import, *states: Import.State) -> Iterator[Import]:
    """Yield the row, locked, in one of the states asked; what is done to it is one transaction."""
    with transaction.atomic():
        held = Import.objects.select_for_update().get(pk=row.pk)
        if held.state not in states:
            raise NotNow(held)
        yield held


def forget(row: Import) -> None:
    """Delete an import with its file; what it proposed stays."""
    for path in (_path_of(row), errors_of(row)):
        objects.forget(path, Path(settings.MEDIA_ROOT))
    Import.objects.filter(pk=row.pk).delete()
    shutil.rmtree(folder_of(row), ignore_errors=True)


def forget_old() -> int:
    """Delete the imports whose time is over; return how many."""
    old = list(Import.objects.filter(delete_after__lt=timezone.localdate()))
    for row in old:
        forget(row)
    return len(old)


def work(import_id: uuid.UUID) -> None:
    """Try or propose a file, in a worker: what was begun and killed begins again and doubles nothing."""
    row = Import.objects.select_related("couche", "by").filter(pk=import_id).first()
    if row is None or not row.under_way:
        return
    wet = row.state == Import.State.RUNNING
    try:
        outcome = _process(row, wet=wet)
    except Gone:
        shutil.rmtree(folder_of(row), ignore_errors=True)
        return
    except FileRefused as refusal:
        _end(row, Import.State.FAILED, error=refusal.text)
    except Forbidden as refusal:
        _end(row, Import.State.FAILED, error=str(refusal))
    except Exception:
        # Said to who waits, then seen as the bug or the breakdown it is.
        text = _("La lecture a rencontré une erreur, notée dans le journal du serveur : essayez de nouveau.")
        _end(row, Import.State.FAILED, error=text)
        raise
    else:
        _end(row, Import.State.DONE if wet else Import.State.CHECKED, outcome=outcome)


def _process(row: Import, *, wet: bool) -> Outcome:
    """Read the file with the rights its sender has today. Raises Forbidden, FileRefused, Gone."""
    check_may_import(row.by)
    national = mandates_for(row.by, Gesture.IMPORT).filter(national=True).exists()
    codes = None if national else list(communes_for(row.by, Gesture.IMPORT).values_list("pk", flat=True))

    def told(rows: int) -> None:
        if not Import.objects.filter(pk=row.pk).update(rows_done=rows):
            raise Gone

    source = Source(_stored(row), row.sha256, row.created_at, Mapping(**row.mapping))
    outcome = process(
        row.couche, source, Sender(row.by, codes), wet=wet, errors=errors_of(row), progress=told
    )
    objects.keep(errors_of(row), Path(settings.MEDIA_ROOT))
    return outcome


def _path_of(row: Import) -> Path:
    return folder_of(row) / f"fichier{row.suffix}"


def _stored(row: Import) -> Path:
    path = _path_of(row)
    if not objects.bring(path, Path(settings.MEDIA_ROOT)):
        raise FileRefused(_("Le fichier n'est plus sur le serveur : envoyez-le de nouveau."))
    return path


def _end(row: Import, state: Import.State, *, error: str = "", outcome: Outcome | None = None) -> None:
    Import.objects.filter(pk=row.pk).update(
        state=state,
        error=error,
        counts=outcome.counts if outcome else {},
        unknown=outcome.unknown if outcome else {},
        finished_at=timezone.now(),
    )
