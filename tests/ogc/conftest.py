"""The published couche of the export tests, seen through OGC API."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.exports.conftest import emma, exports_root, saint_denis, version  # noqa: F401  # fixtures

Get = Callable[..., Any]


@pytest.fixture
def get(emma: Client) -> Get:  # noqa: F811
    """Return a function that reads a path below /ogc as JSON and checks its status."""

    def read(path: str, status: int = 200, **query: Any) -> Any:
        response = emma.get(f"/ogc{path}", query)
        assert response.status_code == status, response.content[:400]
        assert "set-cookie" not in response.headers
        return json.loads(response.content)

    return read
