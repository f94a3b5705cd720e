"""The published couche of the export tests, seen through WFS."""

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from django.test import Client

from tests.exports.conftest import emma, exports_root, version  # noqa: F401  # fixtures

Get = Callable[..., Element]
NAMES = {
    "wfs": "http://www.opengis.net/wfs/2.0",
    "ows": "http://www.opengis.net/ows/1.1",
    "gml": "http://www.opengis.net/gml/3.2",
    "xsd": "http://www.w3.org/2001/XMLSchema",
    "r": "http://127.0.0.1:8000/wfs",
}


@pytest.fixture
def get(emma: Client) -> Get:  # noqa: F811
    """Return a function that asks WFS, checks the status and reads the XML."""

    def read(request: str, status: int = 200, **query: Any) -> Element:
        asked = {"service": "WFS", "version": "2.0.0", "request": request, **query}
        response = emma.get("/wfs/", {name: value for name, value in asked.items() if value is not None})
        assert response.status_code == status, response.content[:600]
        assert "set-cookie" not in response.headers
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        found: Element = fromstring(response.content)
        return found

    return read


def features(collection: Element, type_name: str = "zones-blanches") -> list[Element]:
    """Return the features of a collection."""
    return collection.findall(f"wfs:member/r:{type_name}", NAMES)


def value(feature: Element, name: str) -> str | None:
    """Return a value of a feature, None where there is none."""
    found = feature.find(f"r:{name}", NAMES)
    if found is None or found.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true":
        return None
    return found.text or ""
