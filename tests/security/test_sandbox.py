"""What is invented for one person shows to nobody else, at no address of the site."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from comptes.models import User
from contributions.models import Photo
from moderation import practice
from moderation.publication import publish_accepted
from moderation.scope import of_sandbox
from territoires.models import SANDBOX_CODE
from tests import factories
from tests.moderation.factories import decide, published
from tests.security.matrix import FORM, JSON, ROUTES
from tests.security.routes import EXAMPLES, EXAMPLES_OF_TYPE

pytestmark = pytest.mark.django_db
# Words that only the invented reports and their commune hold; the help writes « bac à sable ».
MARKS = (
    "Bac-à-Sable",
    "Lucette",
    "Nid-de-poule",
    "médiathèque. Une dame",
    "École des Dunes",
    "Camion épicerie",
)


@pytest.fixture
def learner(bruno: User, settings: Any, tmp_path: Path) -> User:
    """Bruno, who practised: one accepted, one waiting; the real couche has a version."""
    settings.MEDIA_ROOT, settings.EXPORTS_ROOT = tmp_path / "media", tmp_path / "exports"
    factories.CommuneFactory()
    real = published(factories.CommuneFactory(), bruno)
    practice.start_again(bruno)
    for slug in ("ecole-1", "moulin-1", "cafe", "photo"):
        row = practice.find(bruno, slug)
        assert row is not None
        decide(row, "accept", bruno)
        assert publish_accepted(couche=row.couche, by=None) is None
    assert real.published_in is not None
    return bruno


@pytest.fixture
def national(db: None) -> User:
    """Somebody who decides for the whole country."""
    user: User = factories.UserFactory(email="national@reperes.demo")
    factories.MembershipFactory(user=user, national=True)
    return user


def addresses(report: uuid.UUID, photo: int) -> Iterator[tuple[str, str]]:
    """Yield (name, path) of every route, pointed at the sandbox wherever it takes something."""
    aimed = {**EXAMPLES, "code": SANDBOX_CODE, "contribution_id": str(report)}

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
                continue
            kinds = {name: type(converter).__name__ for name, converter in pattern.pattern.converters.items()}
            values: dict[str, object] = {}
            for name in pattern.pattern.regex.groupindex:
                if kinds.get(name) == "UUIDConverter":
                    values[name] = report
                elif "photo" in str(pattern.name) and name == "pk":
                    values[name] = photo
                else:
                    values[name] = EXAMPLES_OF_TYPE.get(kinds.get(name, "")) or aimed[name]
            yield pattern.name or "", reverse(pattern.name or "", kwargs=values)

    yield from walk(get_resolver().url_patterns)


def body(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return str(content.decode("utf-8", "replace"))


# Asked of a place or by words, where the sandbox could answer.
QUERIES = (
    "/communes/?q=bac-a-sable", "/communes/?q=00000", "/api/v1/communes/?q=bac", "/api/v1/communes/?q=00",
    "/api/v1/communes/?lon=-6.0&lat=46.0", "/api/v1/moderation/contributions/?commune=00000",
    "/moderation/?commune=00000&status=tous", "/moderation/?status=tous",
    "/exports/zones-blanches/derniere/?format=geojson", "/exports/services/derniere/?format=geojson",
    "/exports/zones-blanches/derniere/?format=geojson&territoire=commune:00000",
    "/exports/zones-blanches/derniere/?format=csv&territoire=departement:00",
    "/signaler/?commune=00000",
)  # fmt: skip


@pytest.mark.parametrize("who", ["anonymous", "neighbour", "epci", "steward", "national"])
def test_no_address_shows_it_to_anybody_else(
    who: str,
    learner: User,
    chloe: User,
    driss: User,
    sophie: User,
    national: User,
    page_as: Callable[[User], Client],
) -> None:
    """Each route of the site, aimed at Bruno's sandbox by somebody who is not Bruno."""
    people = {"neighbour": chloe, "epci": driss, "steward": sophie, "national": national}
    client = page_as(people[who]) if who in people else Client()
    client.raise_request_exception = True
    report = practice.identity(learner, "donnees-personnelles")
    photo = Photo.objects.get(contribution__in=of_sandbox(learner)).pk
    ids = [str(pk) for pk in of_sandbox(learner).values_list("pk", flat=True)]
    everywhere = [path for _name, path in addresses(report, photo)]
    for path in (*everywhere, *QUERIES):
        response = client.get(path)
        shown = body(response)
        found = [mark for mark in (*MARKS, *ids) if mark in shown and mark not in path]
        assert not found, f"{path} shows {found} to {who}"
        if str(report) in path or path.endswith(f"/photos/{photo}/"):
            assert response.status_code in {302, 401, 404, 405, 410}, (
                f"{path}: {response.status_code} for {who}"
            )


def test_whoever_practises_sees_it_below_one_address_only(
    learner: User, page_as: Callable[[User], Client]
) -> None:
    """Not in the real queue, not by the real card's address."""
    client, report = page_as(learner), practice.identity(learner, "donnees-personnelles")
    photo = Photo.objects.get(contribution__in=of_sandbox(learner)).pk
    for name, path in addresses(report, photo):
        if path.startswith(("/moderation/bac-a-sable/", "/compte/deconnexion/")) or "logout" in name:
            continue
        shown = body(client.get(path))
        assert not [mark for mark in MARKS if mark in shown], path
    own = body(client.get(f"/moderation/bac-a-sable/{report}/"))
    assert "Lucette" in own and "rien n'est réel, rien n'est publié" in own.replace("&#x27;", "'")
    mine = client.get(f"/moderation/bac-a-sable/photos/{photo}/")
    assert mine.status_code == 200 and body(mine)
    assert client.get(f"/moderation/photos/{photo}/").status_code == 404


@pytest.mark.parametrize("name", ["api-decide", "moderation-one", "moderation-gesture", "moderation-batch"])
def test_the_real_doors_decide_nothing_of_it(
    name: str, learner: User, national: User, page_as: Callable[[User], Client]
) -> None:
    """Neither for its own person, nor for the strongest mandate."""
    row = practice.find(learner, "hors-sujet")
    assert row is not None
    for person in (learner, national):
        client = page_as(person)
        route = ROUTES[name]
        args = [row.pk] if name in {"api-decide", "moderation-one"} else []
        data = {"action": "accept", "version": "1", "choix": f"{row.pk}:1"}
        if route.content_type == FORM:
            client.post(reverse(name, args=args), data)
        else:
            client.post(
                reverse(name, args=args), {"action": "accept"}, content_type=JSON, headers={"If-Match": '"1"'}
            )
        row.refresh_from_db()
        assert row.status == "SUBMITTED", f"{name} as {person}"


def test_the_sandbox_decides_nothing_real(
    learner: User, page_as: Callable[[User], Client], aurillac: Any
) -> None:
    """A practice page left open, a real id slipped in: the real report waits still."""
    real = factories.ContributionFactory(commune=aurillac)
    client = page_as(learner)
    words = {"action": "accept", "version": "1", "choix": f"{real.pk}:1"}
    assert client.post(f"/moderation/bac-a-sable/{real.pk}/", words).status_code == 404
    client.post("/moderation/bac-a-sable/gestes/", words)
    client.post("/moderation/bac-a-sable/lot/", words)
    document = {"id": str(uuid.uuid4()), "action": "accept", "items": [{"id": str(real.pk), "version": 1}]}
    client.post("/api/v1/moderation/bac-a-sable/gestes/", document, content_type=JSON)
    real.refresh_from_db()
    assert real.status == "SUBMITTED"
