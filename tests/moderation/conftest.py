"""What the tests of moderation share: real transactions that leave the couches in place."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

# Cascades to everything but the couches and the schema: what migrations seeded stays.
EMPTY_ALL = """
TRUNCATE territoires_region, territoires_epci, comptes_user, comptes_notification, procrastinate_jobs,
    couches_feature CASCADE
"""


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database where commits are real, for tests with several connections; emptied after."""
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute(EMPTY_ALL)
            connection.close()
