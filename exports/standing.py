"""Where a build stands, read from its job: true even when the worker has died."""

import enum
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateJob

from exports.models import ExportBuild
from exports.queue import QUEUE, failure_sentence, last_job

# A worker says it lives every ten seconds; one that has not for this long is dead (procrastinate).
SILENCE_SECONDS = 30


class State(enum.StrEnum):
    """Where a file that was asked for stands."""

    WAITING = "en-attente"
    BUILDING = "en-construction"
    INTERRUPTED = "interrompu"
    READY = "pret"
    FAILED = "en-echec"


@dataclass(frozen=True)
class Standing:
    """A build's state; `rank` counts from 1 among those that wait, 0 when it does not wait."""

    build: ExportBuild
    state: State
    rank: int = 0

    @property
    def percent(self) -> int:
        """Rows read, out of a hundred; 100 only when the file is there."""
        if self.state == State.READY:
            return 100
        if self.build.rows_total == 0:
            return 0
        return min(99, self.build.rows_done * 100 // self.build.rows_total)

    @property
    def ended(self) -> bool:
        """Whether waiting longer would change nothing."""
        return self.state in (State.READY, State.FAILED)

    @property
    def sentence(self) -> str:
        """Say it in words."""
        if self.state == State.FAILED:
            return failure_sentence(self.build)
        if self.state == State.WAITING and self.build.error:
            return f"{self.build.error} {_('Un nouvel essai aura lieu tout seul.')}"
        return {
            State.WAITING: _("Il attend son tour."),
            State.BUILDING: _("Il est en cours de construction."),
            State.INTERRUPTED: _(
                "Le programme qui le construisait s'est arrêté : un autre le reprendra dans la minute."
            ),
            State.READY: _("Il est prêt."),
        }[self.state]


def standing(build: ExportBuild) -> Standing:
    """Return where a build stands."""
    if build.done_at is not None:
        return Standing(build, State.READY)
    job = last_job(build.lock)
    if job is None or job.status not in ("todo", "doing"):
        return Standing(build, State.FAILED)
    if job.status == "todo":
        return Standing(build, State.WAITING, rank=1 + _ahead(job))
    heard = job.worker.last_heartbeat if job.worker else None
    if heard is None or (timezone.now() - heard).total_seconds() > SILENCE_SECONDS:
        return Standing(build, State.INTERRUPTED)
    return Standing(build, State.BUILDING)


def _ahead(job: ProcrastinateJob) -> int:
    """Return how many jobs of the queue will be taken before this one."""
    now = timezone.now()
    due = Q(scheduled_at__isnull=True) | Q(scheduled_at__lte=now)
    return ProcrastinateJob.objects.filter(due, queue_name=QUEUE, status="todo", id__lt=job.id).count()


def document(found: Standing) -> dict[str, Any]:
    """Return what a program is told."""
    build = found.build
    return {
        "status": found.state.value,
        "detail": found.sentence,
        "filename": build.filename,
        "href": settings.PUBLIC_URL + build.href,
        "suivi": settings.PUBLIC_URL + reverse("exports-build", args=[build.key]),
        "rank": found.rank or None,
        "progress": {"rows": build.rows_done, "of": build.rows_total, "percent": found.percent},
        "size": build.size,
        "expected_size": build.expected_size,
    }
