"""What the tests of couches share: a database where things are really committed."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests import factories


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Aurillac, committed, for tests whose threads must see each other's work; emptied after.

    TRUNCATE passes the triggers that keep published rows, which DELETE could not.
    """
    with django_db_blocker.unblock():
        factories.CommuneFactory()
        yield
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE couches_coucheversion, couches_feature, territoires_region CASCADE")
        connection.close()
