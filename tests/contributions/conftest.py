"""What several tests of contributions share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

# Cascades to everything but the couches and the schema: what migrations seeded stays.
EMPTY_ALL = """
TRUNCATE territoires_region, territoires_epci, comptes_user, comptes_notification, procrastinate_jobs,
    contributions_tokenbucket, contributions_spentchallenge CASCADE
"""


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database where commits are real, for tests with several connections; emptied after.

    Not `transactional_db`: its flush refuses tables that Django does not list (a swapped
    model's), and would take the seeded couches away.
    """
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute(EMPTY_ALL)
            connection.close()


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Photos go to a folder of this test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT
