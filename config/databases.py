"""The databases: the one that decides, and perhaps a replica to read published rows from.

Settings, by their names. A session's limits travel with the connection, unless a pooler by
transaction stands between: it gives a connection to anybody, and takes no option. Then they
belong to the role (`manage.py session_limits`), and jobs, which hold a connection for long,
come straight (`REPERES_DIRECT_URL`).
"""

import os
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.environment import database_parts, env_int

# Parallel workers hurt short spatial queries (a z9 tile is 3 times slower with
# two of them) and a request must never hold the database: the web gets neither.
SESSION_LIMITS: dict[str, dict[str, str]] = {
    "web": {"statement_timeout": "5000", "lock_timeout": "2000", "max_parallel_workers_per_gather": "0"},
    "worker": {"statement_timeout": "60000", "lock_timeout": "10000"},
    # Said, for a role may have limits of its own (`session_limits`): a migration has none.
    "manage": {"statement_timeout": "0", "lock_timeout": "0"},
}
_NEVER_BY_ITSELF = 2**31
COMMON_LIMITS = {"jit": "off", "idle_in_transaction_session_timeout": "60000"}
REPLICA = "replica"


def limits_of(process: str) -> dict[str, str]:
    """Return what a session of this kind of process is bounded by, as PostgreSQL names it."""
    return {**COMMON_LIMITS, **SESSION_LIMITS[process]}


def databases(process: str) -> dict[str, dict[str, Any]]:
    """Return Django's DATABASES for a web, worker or manage process. Raises ImproperlyConfigured."""
    if process not in SESSION_LIMITS:
        raise ImproperlyConfigured("REPERES_PROCESS : écrivez web, worker ou manage.")
    pooled = pooler() and process == "web"
    url = os.environ.get("DATABASE_URL", "")
    if not pooled:
        url = os.environ.get("REPERES_DIRECT_URL") or url
    if not url:
        raise ImproperlyConfigured(
            "DATABASE_URL manque : lancez les commandes par ./reperes, "
            "ou donnez postgresql://utilisateur@hôte/base."
        )
    found = {"default": _database(url, process, pooled=pooled)}
    replica = os.environ.get("REPERES_REPLICA_URL")
    if replica:
        found[REPLICA] = _database(replica, process, read_only=True)
        found[REPLICA]["TEST"] = {"MIRROR": "default"}
    return found


def pooler() -> bool:
    """Say whether DATABASE_URL leads to a pooler that lends connections by transaction."""
    asked = os.environ.get("REPERES_POOLER", "")
    if asked not in ("", "transaction"):
        raise ImproperlyConfigured("REPERES_POOLER : écrivez transaction, ou rien.")
    if asked and not os.environ.get("REPERES_DIRECT_URL"):
        raise ImproperlyConfigured(
            "REPERES_POOLER demande aussi REPERES_DIRECT_URL : les travailleurs passent à côté."
        )
    return bool(asked)


def _database(url: str, process: str, *, pooled: bool = False, read_only: bool = False) -> dict[str, Any]:
    parts = database_parts(url)
    options = dict(parts["OPTIONS"])
    limits = limits_of(process)
    if read_only:
        limits["default_transaction_read_only"] = "on"
        # A replica that hangs must not hold a page: the primary is asked instead.
        options.setdefault("connect_timeout", "2")
    if not pooled:
        options["options"] = " ".join(f"-c {name}={value}" for name, value in limits.items())
        # Only what asks for it is prepared (couches/prepared.py), and never behind a pooler.
        options.setdefault("prepare_threshold", _NEVER_BY_ITSELF)
    return {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        **parts,
        "OPTIONS": options,
        "CONN_MAX_AGE": env_int("REPERES_CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        # A named cursor would live on a connection that the next statement may not get.
        "DISABLE_SERVER_SIDE_CURSORS": pooled,
        "TEST": {"TEMPLATE": os.environ.get("REPERES_TEMPLATE") or None},
    }
