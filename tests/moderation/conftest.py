"""What the tests of moderation share: real transactions that leave the couches in place."""

from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

from couches.models import Couche


@pytest.fixture
def _couches_survive(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A test with real commits ends by emptying every table; the couches come from a migration."""
    with django_db_blocker.unblock():
        rows = list(Couche.objects.all())
    yield
    with django_db_blocker.unblock():
        Couche.objects.bulk_create(rows)


@pytest.fixture
def committed(_couches_survive: None, transactional_db: None) -> None:
    """Real transactions: what one connection commits, another sees."""
