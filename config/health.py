"""Is the process alive (`/healthz`), and can it serve (`/readyz`)?"""

import os

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from config.databases import REPLICA
from couches.reading import health as replica


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the process runs; touches nothing else."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database, its migrations and the disk are there, else 503."""
    checks = {
        "database": _database_answers(),
        "migrations": False,
        "limits": False,
        "media": _writable(),
    }
    if checks["database"]:
        checks["migrations"] = _migrations_applied()
        checks["limits"] = _bounded()
    ready = all(checks.values())
    told = {"status": "ok" if ready else "indisponible", "checks": checks}
    if REPLICA in settings.DATABASES:
        # For who watches: without it the site reads the database that decides.
        told["replica"] = "suit" if replica.usable() else "ecarte"
    response = JsonResponse(told)
    if not ready:
        response.status_code = 503
        response["Retry-After"] = "5"
    return response


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _bounded() -> bool:
    """Say whether a request cannot hold the database: a pooler gives its role's limits, not ours."""
    if settings.REPERES_PROCESS != "web":
        return True
    # What the session began with, whatever a transaction asks for itself.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reset_val::int BETWEEN 1 AND 60000 FROM pg_settings WHERE name = 'statement_timeout'"
        )
        return bool(cursor.fetchone()[0])


def _migrations_applied() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _writable() -> bool:
    for folder in (settings.MEDIA_ROOT, settings.EXPORTS_ROOT):
        if not os.access(folder if folder.exists() else folder.parent, os.W_OK):
            return False
    return True
