"""One run: from the version the table holds to the one asked, in one verified transaction.

Killed at any moment, nothing is half done: rows and version change together or not at
all, and the next run starts from what is recorded.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from reperes_suivre.errors import Diverged
from reperes_suivre.reading import Collection
from reperes_suivre.site import Site, State
from reperes_suivre.table import Held, Table

Say = Callable[[str], None]


def follow(
    connection: psycopg.Connection[Any],
    site: Site,
    table: Table,
    folder: Path,
    *,
    until: int | None,
    verify: bool,
    say: Say,
) -> State:
    """Bring the table to the latest version, or to `until`; return what it then holds.

    Raises a Stop, the table being then what it was.
    """
    with connection.transaction():
        held = table.held(connection)
    if held and until is not None and held.version >= until:
        say(f"La table est déjà en version {held.version} : rien à faire.")
        return State(held.version, held.feature_count, held.sha256)
    target = site.state(until)
    if held and (held.version, held.sha256) == (target.number, target.sha256):
        if not verify or _is_whole(connection, table, target, say):
            say(f"À jour : version {target.number}, {target.feature_count} objets.")
            return target
        held = None
    if held and held.version < target.number:
        try:
            path = site.delta(target.number, held.version, folder)
            _step(connection, table, path, target, since=held, say=say)
        except Diverged as gap:
            say(f"Écart : {gap} La version {target.number} est reprise en entier.")
        else:
            return target
    elif held:
        say(f"Le site ne dit plus la même chose (version {target.number}) : la couche est reprise en entier.")
    path = site.whole(target.number, folder)
    _step(connection, table, path, target, since=None, say=say)
    return target


def _is_whole(connection: psycopg.Connection[Any], table: Table, target: State, say: Say) -> bool:
    try:
        with connection.transaction():
            table.check(connection, target)
    except Diverged as gap:
        say(f"Écart : {gap} La version {target.number} est reprise en entier.")
        return False
    return True


def _step(
    connection: psycopg.Connection[Any],
    table: Table,
    path: Path,
    target: State,
    *,
    since: Held | None,
    say: Say,
) -> None:
    """Apply one file: all of it and its version, or nothing."""
    try:
        with connection.transaction():
            table.lock(connection)
            held = table.held(connection)
            if held == Held(target.number, target.feature_count, target.sha256) and since is not None:
                say(f"Une autre exécution a déjà fait la version {target.number}.")
                return
            if since is not None and held != since:
                raise Diverged("une autre exécution a changé la table entre-temps.")
            if held is None:
                table.create(connection)
            collection = Collection(path)
            table.receive(connection, collection)
            written, withdrawn = table.apply(connection, target.number, whole=since is None)
            table.check(connection, target)
            table.record(connection, target)
    finally:
        path.unlink(missing_ok=True)
    kind = "entière" if since is None else f"depuis la {since.version}"
    say(
        f"Version {target.number} ({kind}) : {written} objets écrits, {withdrawn} retirés, "
        f"{target.feature_count} en tout, empreinte vérifiée."
    )
