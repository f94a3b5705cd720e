"""Every person at every route by every method gets what the matrix says, and nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from comptes.middleware import is_desk
from comptes.models import User
from tests.security.browsing import client_of
from tests.security.matrix import METHODS, PEOPLE, ROUTES

pytestmark = pytest.mark.django_db
# Answers that refuse: nothing may have been written behind them.
REFUSALS = {302, 400, 401, 403, 404, 405, 409, 412, 415, 422, 428}


def routes() -> Iterator[tuple[str, str]]:
    """Yield (name, pattern) of every address of the site."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, str]]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, prefix + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                yield pattern.name or "", prefix + str(pattern.pattern)

    yield from walk(get_resolver(), "")


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    """A route nobody thought about is a route anybody may use."""
    assert {name for name, _ in routes()} == set(ROUTES)


TABLES = (
    "contributions_contribution", "contributions_photo", "moderation_decision", "couches_coucheversion",
    "couches_featureversion", "comptes_membership", "comptes_user",
    "moderation_decisionlink", "moderation_digestpreference", "moderation_territoryreason",
    "contributions_tokenbucket", "contributions_spentchallenge", "contributions_workshopcode",
    "moderation_redaction", "moderation_subscription",
    "contributions_pause",
    "moderation_savedfilter", "comptes_invitation", "contributions_import",
)  # fmt: skip
# One round trip: how many rows, and a sum that any change of content moves.
FINGERPRINT = " UNION ALL ".join(
    f"SELECT '{table}', count(*), coalesce(sum(hashtext(t::text)), 0) FROM {table} AS t" for table in TABLES
)


def fingerprint() -> list[tuple[str, int, int]]:
    """What the tables of ours hold."""
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT)
        return sorted(cursor.fetchall())


# A world costs more than the cells of a route: each group shares one.
GROUPS = 10


@pytest.mark.parametrize("group", range(GROUPS))
def test_the_matrix(group: int, people: dict[str, User | None], world: dict[str, Any]) -> None:
    """Each cell, in a savepoint of its own that is rolled back."""
    for name in sorted(ROUTES)[group::GROUPS]:
        check_route(name, people, world)


def check_route(name: str, people: dict[str, User | None], world: dict[str, Any]) -> None:
    """Ask for one route by every method as every person."""
    route = ROUTES[name]
    clients = {person: client_of(user) for person, user in people.items()}
    before = fingerprint()
    for method in METHODS:
        expected = route.cells(method)
        for person in PEOPLE:
            cookies = clients[person].cookies.copy()
            got, changed = visit(name, method, person, clients[person], world, before)
            clients[person].cookies = cookies
            wanted = expected[person]
            if person == "former" and wanted != "-" and _is_desk(name, world):
                wanted = "403"  # whoever left office: refused at the door, whatever the row says
            where = f"{method} {name} as {person}: {got}, expected {wanted}"
            if wanted == "-":
                assert got in {301, 302, 401, 403, 404, 405}, where
            else:
                assert str(got) == wanted, where
            if wanted == "-" or int(wanted) in REFUSALS - {302}:
                assert not changed, f"{where}: refused, yet something was written"


def _is_desk(name: str, world: dict[str, Any]) -> bool:
    return is_desk(reverse(name, args=ROUTES[name].args(world)))


def visit(
    name: str, method: str, person: str, client: Client, world: dict[str, Any], before: list[Any]
) -> tuple[int, bool]:
    """Return (status, whether a table changed) of one request, rolled back after."""
    sid = transaction.savepoint()
    try:
        url, headers, data, content_type = ROUTES[name].request(name, method, person, world)
        response = client.generic(method, url, data=data, content_type=content_type, headers=headers)
        if response.streaming:
            b"".join(response.streaming_content)
        return response.status_code, fingerprint() != before
    finally:
        transaction.savepoint_rollback(sid)


# What binds a territory, or opens it to others.
BINDING = (
    "moderation_decision", "couches_coucheversion", "couches_featureversion", "comptes_membership",
    "contributions_pause", "moderation_redaction", "comptes_invitation",
)  # fmt: skip


def test_a_password_alone_binds_nothing_from_a_page(
    people: dict[str, User | None], world: dict[str, Any], settings: Any
) -> None:
    """Every route that writes, by every official: the net under `comptes.permissions`."""
    settings.REPERES_MFA = "required"
    # The link of a letter serves once, to who reads that mail: it is the proof. Giving up one's own
    # mandate binds nobody.
    letters = {"moderation-link", "equipe-contester"}
    found = binding_routes(people, world)
    assert {(name, who) for name, who in found if name not in letters} == {("equipe-fin", "clerk")}
    # Negative control: the same requests do bind where a password is enough.
    settings.REPERES_MFA = "optional"
    free = {name for name, _who in binding_routes(people, world)}
    assert free >= {"api-decide", "moderation-one", "api-publish", "moderation-publish", "equipe-inviter"}


def binding_routes(people: dict[str, User | None], world: dict[str, Any]) -> set[tuple[str, str]]:
    """Return (route, person) of each request that wrote something that binds, all rolled back."""

    def now() -> list[tuple[str, int, int]]:
        return [row for row in fingerprint() if row[0] in BINDING]

    before, found = now(), set()
    clients = {person: client_of(people[person]) for person in ("clerk", "mayor", "epci", "steward")}
    for name, route in ROUTES.items():
        for method in sorted(set(route.allowed) - {"GET"}):
            for person, client in clients.items():
                # Signing out is among the routes: each starts signed in.
                sid, cookies = transaction.savepoint(), client.cookies.copy()
                url, headers, data, kind = route.request(name, method, person, world)
                client.generic(method, url, data=data, content_type=kind, headers=headers)
                if now() != before:
                    found.add((name, person))
                transaction.savepoint_rollback(sid)
                client.cookies = cookies
    return found
