"""The queue of files to build: asked once per demand, bounded per couche."""

import enum

from django.db import connection, transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateJob
from rest_framework.exceptions import APIException

from comptes.deferral import defer
from exports.demands import Demand

TASK = "exports.build"
QUEUE = "exports"
MAX_WAITING_PER_COUCHE = 10
_UNDER_WAY = ("todo", "doing")


class State(enum.StrEnum):
    """Where a file that is not built stands."""

    WAITING = "en-attente"
    BUILDING = "en-construction"


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


def ask(demand: Demand) -> State:
    """Make sure that a job will build the demand, and return where it stands.

    The couche's waiting jobs are counted under a lock, so that a flood of requests
    cannot pass the limit together. Raises QueueFull.
    """
    with transaction.atomic():
        _hold(demand)
        known = ProcrastinateJob.objects.filter(queueing_lock=_lock(demand), status__in=_UNDER_WAY)
        states = set(known.values_list("status", flat=True))
        if states:
            return State.BUILDING if "doing" in states else State.WAITING
        waiting = ProcrastinateJob.objects.filter(
            queue_name=QUEUE, status="todo", args__slug=demand.version.couche.slug
        )
        if waiting.count() >= MAX_WAITING_PER_COUCHE:
            raise QueueFull
        defer(
            TASK,
            once=_lock(demand),
            slug=demand.version.couche.slug,
            number=demand.version.number,
            format_name=demand.format.name,
            crs=demand.crs,
            territory=demand.territory_key,
        )
    return State.WAITING


def _lock(demand: Demand) -> str:
    return f"{TASK}:{demand.key}"


def _hold(demand: Demand) -> None:
    """Take the couche's turn until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{TASK}:{demand.version.couche.slug}"])
