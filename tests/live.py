"""The site in a thread of the test's process, on committed rows, for clients that are programs.

A test module imports these two fixtures; `db` then commits whatever the cast's fixtures make.
"""

from collections.abc import Iterator

import pytest
from django.test import override_settings
from pytest_django.live_server_helper import LiveServer


@pytest.fixture
def db(committed: None) -> None:
    """What the fixtures write is committed, and emptied afterwards but for what migrations sowed."""


@pytest.fixture
def site(db: None) -> Iterator[str]:
    """Return the address of the site, which it also believes to be its public one."""
    server = LiveServer("localhost")
    with override_settings(PUBLIC_URL=server.url):
        yield server.url
    server.stop()
