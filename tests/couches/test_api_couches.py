"""GET /api/v1/couches/ and /api/v1/couches/{slug}/."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from couches.publication import publish
from territoires.models import Commune
from tests.couches.factories import create, services

pytestmark = pytest.mark.django_db


def test_the_catalogue_is_open_to_everybody(api: APIClient) -> None:
    response = api.get("/api/v1/couches/")
    assert response.status_code == 200
    assert [couche["slug"] for couche in response.json()] == [
        "services",
        "zones-blanches",
        "batiments-publics",
    ]
    assert all(couche["latest"] is None for couche in response.json())
    assert not response.cookies


def test_a_couche_gives_its_version_in_force_and_its_schema(api: APIClient, aurillac: Commune) -> None:
    version = publish(couche=services(), changes=[create(), create()], by=None)
    told = api.get("/api/v1/couches/services/").json()
    assert told["latest"]["number"] == 1
    assert told["latest"]["sha256"] == version.sha256
    assert told["latest"]["feature_count"] == 2
    assert told["latest"]["changes"] == {"added": 2, "changed": 0, "withdrawn": 0}
    assert "by" not in told["latest"]
    Draft202012Validator.check_schema(told["attribute_schema"])
    assert told["attribute_schema"]["properties"]["nom"]["title"] == "Nom du lieu"


def test_an_unknown_couche_is_a_problem_document(api: APIClient) -> None:
    response = api.get("/api/v1/couches/inconnue/")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 404


@pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
def test_the_catalogue_is_read_only(api: APIClient, verb: str) -> None:
    assert getattr(api, verb)("/api/v1/couches/services/").status_code == 405


def test_a_stale_token_does_not_close_an_open_door(api: APIClient) -> None:
    api.credentials(HTTP_AUTHORIZATION="Bearer jeton-perime")
    assert api.get("/api/v1/couches/").status_code == 200


def test_the_queries_do_not_grow_with_the_couches(
    api: APIClient, aurillac: Commune, api_as: Callable[..., Any]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            api.get("/api/v1/couches/")
        return len(captured)

    before = queries()
    couche = services()
    couche.pk, couche.slug = None, "autre"
    couche.save()
    for _ in range(3):
        publish(couche=couche, changes=[create()], by=None)
    assert queries() == before == 2
