"""Every person at every route by every method gets what the matrix says, and nothing else."""

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from PIL import Image

from comptes.invitations import invite
from comptes.links import hash_link, new_link
from comptes.middleware import is_desk
from comptes.models import AttestationRequest, Claim, ContestLink, Invitation, TownHallAddress, User
from comptes.roles import Role
from contributions.pauses import open_pause
from contributions.photos import add_photo
from contributions.workshops import open_workshop
from moderation import saved_filters
from moderation.digests import stop_url
from moderation.features import kept_by, states_of
from moderation.links import make_links
from moderation.local_reasons import add_reason
from moderation.models import Subscription
from moderation.publication import publish_accepted
from moderation.subscriptions import end_token
from moderation.workflow import apply
from territoires.models import Commune
from tests import factories
from tests.frontend.factories import publish_services
from tests.security.matrix import METHODS, PEOPLE, ROUTES

pytestmark = pytest.mark.django_db
ATTRIBUTES = {"operators": [{"operator": "20801", "calls": "none"}]}
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


@pytest.fixture
def people(
    bruno: User, chloe: User, claude: User, driss: User, sophie: User, aurillac: Commune
) -> dict[str, User | None]:
    """The cast by the matrix's names; the former mayor's mandate ended yesterday."""
    former = factories.UserFactory(email="ancien@reperes.demo")
    now = timezone.now()
    factories.MembershipFactory(
        user=former, role=Role.MODERATOR, commune=aurillac,
        starts=now - dt.timedelta(days=900), ends=now - dt.timedelta(days=1),
    )  # fmt: skip
    return {
        "anonymous": None, "author": None, "neighbour": chloe, "clerk": claude, "mayor": bruno,
        "epci": driss, "steward": sophie, "former": former,
    }  # fmt: skip


@pytest.fixture
def world(
    bruno: User, claude: User, aurillac: Commune, ytrac: Commune, settings: Any, tmp_path: Path
) -> dict[str, Any]:
    """One published feature, one report that waits, one accepted: all in Aurillac."""
    settings.MEDIA_ROOT, settings.EXPORTS_ROOT = tmp_path / "media", tmp_path / "exports"
    published = factories.ContributionFactory(attributes=ATTRIBUTES)
    apply(contribution_id=published.pk, action="accept", actor="official", by=bruno, version=1)
    publish_accepted(couche=published.couche, by=None)
    later = factories.ContributionFactory(attributes=ATTRIBUTES, geom=Point(2.45, 44.94, srid=4326))
    apply(contribution_id=later.pk, action="accept", actor="official", by=bruno, version=1)
    publish_accepted(couche=published.couche, by=None)
    accepted = factories.ContributionFactory(attributes=ATTRIBUTES, geom=Point(2.43, 44.93, srid=4326))
    apply(contribution_id=accepted.pk, action="accept", actor="official", by=bruno, version=1)
    waiting = factories.ContributionFactory(attributes=ATTRIBUTES, geom=Point(2.42, 44.92, srid=4326))
    returned = factories.ContributionFactory(attributes=ATTRIBUTES, geom=Point(2.41, 44.91, srid=4326))
    apply(
        contribution_id=returned.pk, action="return", actor="official", by=bruno, version=1,
        reason_code="autre", public_reason="De quel côté de la route ?",
    )  # fmt: skip
    fresh = factories.ContributionFactory(
        attributes=ATTRIBUTES, geom=Point(2.46, 44.95, srid=4326), received_at=timezone.now()
    )
    with time_machine.travel(timezone.now() - dt.timedelta(days=1)):
        rejected = factories.ContributionFactory(attributes=ATTRIBUTES, geom=Point(2.47, 44.96, srid=4326))
        refusal = apply(
            contribution_id=rejected.pk, action="reject", actor="official", by=bruno, version=1,
            reason_code="autre", public_reason="Déjà connu.",
        )  # fmt: skip
    subscription = Subscription.objects.create(
        email="amel@exemple.fr", email_sha256="0" * 64, commune=aurillac, frequency="weekly",
        token_sha256=hash_link("A" * 43), created_at=timezone.now(),
    )  # fmt: skip
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(stream, "PNG")
    photo, _created = add_photo(waiting, rank=2, raw=stream.getvalue())
    team = _team(bruno, claude, aurillac)
    workshop, _code = open_workshop(by=bruno, label="Classe de CM2", hours=3, max_uses=60)
    reason = add_reason(
        by=bruno, territory=aurillac, couche=None, label="Chez nous", public_text="Voyez la mairie.",
        actions=["reject"],
    )  # fmt: skip
    publish_services(aurillac, "Le Relais")
    place = states_of(list(kept_by(bruno).filter(couche__slug="services")))[0]
    pause = open_pause(
        by=bruno, commune=aurillac, mode="slow", reason_code="autre", message="Matrice",
        starts=timezone.now() + dt.timedelta(days=9), ends=timezone.now() + dt.timedelta(days=10),
    )  # fmt: skip
    return {
        "reason": reason,
        "place": place,
        "pause": pause,
        "filter": saved_filters.save(by=bruno, name="Cafés", query="couche=services"),
        "waiting": waiting, "accepted": accepted, "published": published, "returned": returned,
        "fresh": fresh, "photo": photo, "pixels": stream.getvalue(), "workshop": workshop,
        "rejected": rejected, "refusal": refusal, "confirm_token": "A" * 43,
        "end_token": end_token(subscription),
        "link": make_links(bruno, [waiting])[waiting.pk].split("/")[-2],
        "stop": stop_url(bruno).split("/")[-2], "mandate": bruno.memberships.get(role=Role.MODERATOR),
        **team,
    }  # fmt: skip


def _team(bruno: User, claude: User, aurillac: Commune) -> dict[str, Any]:
    """An invitation, a claim, and the links that letters carry."""
    factories.MembershipFactory(user=bruno, role=Role.ADMIN_TERRITORY, commune=aurillac)
    invitation = invite(by=bruno, email="invitee@exemple.fr", role=Role.CLERK, territory=aurillac)
    tokens = {name: new_link() for name in ("invitation", "contest", "attestation")}
    Invitation.objects.filter(pk=invitation.pk).update(token_hash=tokens["invitation"][1])
    later = timezone.now() + dt.timedelta(days=5)
    TownHallAddress.objects.create(
        commune=aurillac, email="mairie@aurillac.fr", source="operator", updated_on=timezone.localdate()
    )
    ContestLink.objects.create(
        commune=aurillac, person=claude, token_hash=tokens["contest"][1], expires_at=later
    )
    mayor = bruno.memberships.get(role=Role.MODERATOR)
    AttestationRequest.objects.create(
        membership=mayor, due_on=later.date(), warning=7, token_hash=tokens["attestation"][1]
    )
    return {
        "invitation": invitation, "invitation_token": tokens["invitation"][0],
        "contest": tokens["contest"][0], "attestation": tokens["attestation"][0],
        "claim": Claim.objects.create(commune=aurillac, code_hash="0" * 64, expires_at=later),
        "clerk_mandate": claude.memberships.get(), "mayor_mandate": mayor,
    }  # fmt: skip


def client_of(user: User | None) -> Client:
    """A browser that sends what a browser on our own pages sends."""
    client = Client(headers={"origin": "http://testserver", "sec-fetch-site": "same-origin"})
    if user is not None:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


TABLES = (
    "contributions_contribution", "contributions_photo", "moderation_decision", "couches_coucheversion",
    "couches_featureversion", "comptes_membership", "comptes_user",
    "moderation_decisionlink", "moderation_digestpreference", "moderation_territoryreason",
    "contributions_tokenbucket", "contributions_spentchallenge", "contributions_workshopcode",
    "moderation_redaction", "moderation_subscription",
    "contributions_pause",
    "moderation_savedfilter", "comptes_invitation",
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


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_the_matrix(name: str, people: dict[str, User | None], world: dict[str, Any]) -> None:
    """Each cell, in a savepoint of its own that is rolled back."""
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
