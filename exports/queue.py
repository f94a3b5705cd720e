"""The queue of files to build: asked once per demand, bounded per couche, followed to its end."""

import datetime as dt
import errno
import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateJob
from rest_framework.exceptions import APIException

from comptes.deferral import defer
from exports.demands import Demand, recipe
from exports.models import ExportBuild
from exports.weights import expected_size, row_count

TASK = "exports.build"
QUEUE = "exports"
MAX_WAITING_PER_COUCHE = 10
UNDER_WAY = ("todo", "doing")
# A build that failed is not begun again by those who merely wait for it.
REST_AFTER_FAILURE = dt.timedelta(minutes=2)
KEPT = dt.timedelta(days=7)


@dataclass(frozen=True)
class Wanted:
    """What a job is asked for: how it is named, queued, called, and told to people.

    `slug` is what the limit of waiting jobs counts by; `href` the address that will give
    the file; `back` the page people came from.
    """

    key: str
    lock: str
    slug: str
    task: str
    arguments: dict[str, Any]
    filename: str
    title: str
    href: str
    back: str
    rows_total: int
    expected_size: int | None


class QueueFull(APIException):
    """Trop de fichiers de cette couche attendent déjà d'être construits : réessayez dans une minute."""

    status_code = 429
    default_code = "file-pleine"
    wait = 60

    def __init__(self) -> None:
        """Say why in the words of the class."""
        super().__init__(
            _(
                "Trop de fichiers de cette couche attendent déjà d'être construits : réessayez dans une minute."
            )
        )


class BuildFailed(APIException):
    """La construction a échoué."""

    status_code = 409
    default_code = "construction-en-echec"

    def __init__(self, build: ExportBuild) -> None:
        """Say why it failed and when it may be asked again."""
        super().__init__(failure_sentence(build))


def file_key(demand: Demand) -> str:
    """Return the name of a demand's build in an address."""
    return hashlib.sha256(f"{demand.key}/{recipe(demand.version)}".encode()).hexdigest()[:32]


def address(demand: Demand) -> str:
    """Return the one address of what was given: its number, its settled CRS."""
    query = {"format": demand.format.name, "crs": demand.crs}
    query |= {"territoire": demand.territory_key} if demand.territory_key else {}
    query |= {"bom": "1"} if demand.bom else {}
    query |= {"attributs": "imbriques"} if demand.nested else {}
    couche = demand.version.couche
    return reverse("exports-file", args=[couche.slug, demand.version.number]) + f"?{urlencode(query)}"


def wanted_file(demand: Demand) -> Wanted:
    """Return what the job of one file is asked for."""
    version, slug = demand.version, demand.version.couche.slug
    rows = row_count(demand.selection)
    return Wanted(
        key=file_key(demand),
        lock=f"{TASK}:{demand.key}",
        slug=slug,
        task=TASK,
        arguments={
            "slug": slug,
            "number": version.number,
            "format_name": demand.format.name,
            "crs": demand.crs,
            "territory": demand.territory_key,
        },
        filename=demand.filename(),
        title=_("%(couche)s, version %(number)d")
        % {"couche": version.couche.title, "number": version.number},
        href=address(demand),
        back=f"/couches/{slug}/",
        # The folder reads its rows twice: its GeoPackage is what is counted.
        rows_total=rows,
        expected_size=expected_size(version, demand.format, rows),
    )


def ask(wanted: Wanted) -> ExportBuild:
    """Make sure that a job makes what is wanted, and return the row that follows it.

    The couche's waiting jobs are counted under a lock, so that a flood of requests
    cannot pass the limit together. Raises QueueFull, and BuildFailed when it has just failed.
    """
    with transaction.atomic():
        _hold(wanted.slug)
        build = ExportBuild.objects.filter(key=wanted.key).first()
        last = last_job(wanted.lock)
        if last is not None and last.status in UNDER_WAY and build is not None:
            return build
        if build is not None and has_just_failed(build, last):
            raise BuildFailed(build)
        waiting = ProcrastinateJob.objects.filter(queue_name=QUEUE, status="todo", args__slug=wanted.slug)
        if waiting.count() >= MAX_WAITING_PER_COUCHE:
            raise QueueFull
        now = timezone.now()
        build, _created = ExportBuild.objects.update_or_create(
            key=wanted.key,
            defaults={
                "lock": wanted.lock, "filename": wanted.filename, "title": wanted.title, "href": wanted.href,
                "back": wanted.back, "rows_total": wanted.rows_total, "rows_done": 0,
                "expected_size": wanted.expected_size, "size": None, "asked_at": now, "updated_at": now,
                "done_at": None, "error": "",
            },
        )  # fmt: skip
        defer(wanted.task, once=wanted.lock, **wanted.arguments)
    return build


def last_job(lock: str) -> ProcrastinateJob | None:
    """Return the last job asked under a lock."""
    return ProcrastinateJob.objects.filter(queueing_lock=lock).order_by("-id").first()


def has_just_failed(build: ExportBuild, last: ProcrastinateJob | None) -> bool:
    """Whether the last try failed too recently to begin again."""
    failed = build.done_at is None and last is not None and last.status not in (*UNDER_WAY, "succeeded")
    return failed and timezone.now() - build.updated_at < REST_AFTER_FAILURE


def failure_sentence(build: ExportBuild) -> str:
    """Say why a build failed, and what to do."""
    why = build.error or _("Le programme qui le construisait s'est arrêté.")
    remedy = _("Réessayez dans deux minutes, ou demandez un autre format ou un territoire plus petit.")
    return f"{why} {remedy}"


def note_done(key: str, size: int) -> None:
    """Write that the file of a build is there."""
    now = timezone.now()
    ExportBuild.objects.filter(key=key).update(done_at=now, updated_at=now, size=size, error="")


def note_failure(key: str, failure: Exception) -> None:
    """Write why a try failed, in words for those who wait."""
    if isinstance(failure, OSError) and failure.errno in (errno.ENOSPC, errno.EDQUOT):
        why = _("Le serveur n'a plus de place pour ce fichier.")
    elif isinstance(failure, OperationalError):
        why = _("La base de données n'a pas répondu.")
    else:
        why = _("La construction a rencontré une erreur, notée dans le journal du serveur.")
    ExportBuild.objects.filter(key=key).update(error=why, updated_at=timezone.now())


def sweep_builds() -> int:
    """Forget the builds asked more than a week ago; return how many."""
    deleted, _by_model = ExportBuild.objects.filter(asked_at__lt=timezone.now() - KEPT).delete()
    return deleted


def _hold(slug: str) -> None:
    """Take the couche's turn until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{TASK}:{slug}"])
