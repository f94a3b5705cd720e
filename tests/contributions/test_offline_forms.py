"""The forms that a phone keeps: complete, light, and new whenever a couche changes."""

import gzip
import hashlib
import json
from typing import Any

import pytest
from django.test import Client

from contributions.offline import USELESS, forms_document, forms_version
from couches.models import Couche

URL = "/signaler/formulaires.json"
pytestmark = pytest.mark.django_db


def keywords(schema: Any) -> set[str]:
    """Return the keywords of a schema; the names of its attributes are no keywords."""
    if not isinstance(schema, dict):
        return set()
    found = set(schema) | keywords(schema.get("items"))
    return found.union(*(keywords(part) for part in schema.get("properties", {}).values()))


def test_every_couche_is_there_in_the_order_of_the_catalogue(client: Client) -> None:
    couches = client.get(URL).json()["couches"]
    assert [couche["slug"] for couche in couches] == [couche.slug for couche in Couche.objects.all()]
    assert set(couches[0]) == {"slug", "title", "description", "schema_version", "style", "schema"}


def test_what_a_form_has_no_use_for_stays_on_the_server(client: Client) -> None:
    for couche in client.get(URL).json()["couches"]:
        stored = Couche.objects.get(slug=couche["slug"]).attribute_schema
        asked = {name for name, part in stored["properties"].items() if not part.get("x-complete")}
        assert set(couche["schema"]["properties"]) == asked
        assert not keywords(couche["schema"]) & USELESS
        assert {"required", "x-groups"} <= set(couche["schema"])


def test_what_the_form_needs_is_untouched(client: Client) -> None:
    zones = next(couche for couche in client.get(URL).json()["couches"] if couche["slug"] == "zones-blanches")
    stored = Couche.objects.get(slug="zones-blanches").attribute_schema["properties"]["operators"]
    sent = zones["schema"]["properties"]["operators"]
    assert sent == {name: value for name, value in stored.items() if name not in USELESS}


def test_it_is_light(client: Client) -> None:
    assert len(forms_document()) <= 60_000
    answer = client.get(URL, headers={"accept-encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert len(answer.content) <= 12_000
    assert gzip.decompress(answer.content) == forms_document()


def test_the_version_is_that_of_the_content(client: Client) -> None:
    document = json.loads(forms_document())
    content = forms_document().split(b'"couches":', 1)[1][:-1]
    assert document["version"] == hashlib.sha256(content).hexdigest()[:16] == forms_version()


def test_a_changed_couche_changes_the_version_and_the_answer(client: Client) -> None:
    before = client.get(URL)
    again = client.get(URL, headers={"if-none-match": before["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    couche = Couche.objects.get(slug="services")
    couche.title = "Services, autrement"
    couche.save()
    after = client.get(URL, headers={"if-none-match": before["ETag"]})
    assert after.status_code == 200
    assert after.json()["version"] != before.json()["version"]
    assert b"autrement" in forms_document()


def test_it_is_public_and_kept_a_minute(client: Client) -> None:
    answer = client.get(URL)
    assert answer["Cache-Control"] == "public, max-age=60"
    assert answer["Content-Type"] == "application/json"
    assert not answer.cookies
    assert client.post(URL).status_code == 405


def test_one_query_while_nothing_changes(client: Client, django_assert_num_queries: Any) -> None:
    forms_document()
    with django_assert_num_queries(1):
        client.get(URL)


def test_an_attribute_called_like_a_keyword_is_still_asked() -> None:
    couche = Couche.objects.get(slug="services")
    couche.attribute_schema["properties"]["x-map"] = {"type": "string", "title": "Plan", "x-group": "lieu"}
    couche.save()
    services = next(form for form in json.loads(forms_document())["couches"] if form["slug"] == "services")
    assert services["schema"]["properties"]["x-map"]["title"] == "Plan"
