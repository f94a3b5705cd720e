"""House rules and the one cast.

Amel contributes; Bruno moderates Aurillac (15014); Chloé moderates Ytrac (15267) and must
be refused on Aurillac; Driss is the EPCI's referent; Emma is the analyst, who needs no
account; Sophie is the national steward.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from comptes.models import ApiToken, User
from comptes.roles import Role
from territoires.models import Commune, Epci
from tests import factories
from tests.database import empty_tables

# Threads of the browser's server keep their connections a while, and a base in use cannot be dropped.
HANG_UP = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's test database, left by everybody before it is dropped.

    It is made for tests that name `db` only: a file of tests that commit, run alone, would write
    to the developer's own, and empty it.
    """
    made = []
    with django_db_blocker.unblock():
        if not connection.settings_dict["NAME"].startswith("test_"):
            made = setup_databases(0, interactive=False, aliases={"default"})
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(HANG_UP)
    # Dropping a database waits for a checkpoint: longer, on a slow disk, than a page may take.
    connection.settings_dict["OPTIONS"]["options"] += " -c statement_timeout=0"
    if made:
        with django_db_blocker.unblock():
            teardown_databases(made, 0)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Real commits, for tests with several connections or processes; emptied after.

    Not pytest-django's `transactional_db`: its flush refuses tables that Django does not list (a
    swapped model's), and would take the seeded couches away.
    """
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            empty_tables()
            connection.close()


@pytest.fixture(autouse=True)
def unhashed_static_files(settings: Any) -> None:
    """Pages are rendered without collectstatic; tests/e2e puts the real storage back."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """A password is slow to hash by design; the cast signs in hundreds of times."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def second_factor_optional(settings: Any) -> None:
    """The cast signs in with a password; `second_factor_required` and its tests ask for more."""
    settings.REPERES_MFA = "optional"


@pytest.fixture
def second_factor_required(second_factor_optional: None, settings: Any) -> None:
    """As on a real instance: who decides has shown more than a password."""
    settings.REPERES_MFA = "required"


@pytest.fixture
def aurillac(db: None) -> Commune:
    """Aurillac, a square around 2.44 E 44.93 N (±0.05°)."""
    return factories.CommuneFactory()


@pytest.fixture
def ytrac(db: None) -> Commune:
    """Ytrac, the square to the west: it shares the border 2.39 E with Aurillac."""
    return factories.CommuneFactory(
        code_insee="15267",
        nom="Ytrac",
        siren="211502679",
        population=4_271,
        geom=factories.square(2.34, 44.93),
    )


@pytest.fixture
def caba(db: None) -> Epci:
    """The intercommunality of both."""
    return factories.EpciFactory()


def _official(email: str, name: str, role: Role, **territory: Any) -> User:
    user = factories.UserFactory(email=email, display_name=name)
    factories.MembershipFactory(user=user, role=role, **territory)
    return user


@pytest.fixture
def bruno(aurillac: Commune) -> User:
    """Mayor of Aurillac."""
    return _official("bruno@reperes.demo", "Bruno", Role.MODERATOR, commune=aurillac)


@pytest.fixture
def claude(aurillac: Commune) -> User:
    """Clerk of Aurillac: sees the queue, enters for others, decides nothing."""
    return _official("claude@reperes.demo", "Claude", Role.CLERK, commune=aurillac)


@pytest.fixture
def chloe(ytrac: Commune) -> User:
    """Mayor of Ytrac, next door."""
    return _official("chloe@reperes.demo", "Chloé", Role.MODERATOR, commune=ytrac)


@pytest.fixture
def driss(caba: Epci) -> User:
    """Referent of the EPCI."""
    return _official("driss@reperes.demo", "Driss", Role.MODERATOR, epci=caba)


@pytest.fixture
def sophie(db: None) -> User:
    """National steward: publishes, decides nothing."""
    return _official("sophie@reperes.demo", "Sophie", Role.STEWARD, national=True)


@pytest.fixture
def api() -> APIClient:
    """An anonymous JSON client that enforces CSRF like a browser's server would."""
    return APIClient(enforce_csrf_checks=True)


@pytest.fixture
def api_as() -> Callable[[User], APIClient]:
    """Return a JSON client bearing a fresh token of somebody."""

    def sign_in(user: User) -> APIClient:
        _, token = ApiToken.objects.create(user)
        client = APIClient(enforce_csrf_checks=True)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client

    return sign_in


@pytest.fixture
def page_as() -> Callable[[User], Client]:
    """Return a browser-like client signed in as somebody."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in
