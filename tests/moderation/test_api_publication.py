"""POST couches/{slug}/versions/ and /{n}/revert/: stewards only; nothing new is no version."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from comptes.models import User
from territoires.models import Commune
from tests.moderation.factories import accepted, published, versions

ApiAs = Callable[[User], APIClient]
URL = "/api/v1/couches/zones-blanches/versions/"


def test_publish_then_nothing_new(aurillac: Commune, bruno: User, sophie: User, api_as: ApiAs) -> None:
    """201, then 200 with the same number."""
    accepted(aurillac, bruno)
    client = api_as(sophie)
    first, again = (client.post(URL, {"note": "Mai"}, format="json") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["number"] == again.json()["number"] == 1
    assert first.json()["note"] == "Mai" and first.json()["changes"]["added"] == 1


def test_nothing_at_all_to_publish(sophie: User, api_as: ApiAs) -> None:
    """409: there is no current version to give."""
    assert api_as(sophie).post(URL, {}, format="json").status_code == 409


def test_who_may_not(aurillac: Commune, bruno: User, driss: User, api: APIClient, api_as: ApiAs) -> None:
    """Anonymous 401, mayors and referents 403."""
    row = accepted(aurillac, bruno)
    for path in (URL, f"{URL}1/revert/"):
        assert api.post(path, {}, format="json").status_code == 401
        for user in (bruno, driss):
            assert api_as(user).post(path, {}, format="json").status_code == 403
    assert versions(row.couche) == []


@pytest.mark.parametrize("body", [{"note": "x" * 501}, {"note": "a\x00"}, {"note": []}, []])
def test_a_bad_note(body: Any, sophie: User, api_as: ApiAs) -> None:
    """422."""
    assert api_as(sophie).post(URL, body, format="json").status_code == 422


def test_an_unknown_couche(sophie: User, api_as: ApiAs) -> None:
    """404."""
    client = api_as(sophie)
    assert client.post("/api/v1/couches/licornes/versions/", {}, format="json").status_code == 404
    assert client.post("/api/v1/couches/licornes/versions/1/revert/", {}, format="json").status_code == 404


def test_revert(aurillac: Commune, bruno: User, sophie: User, api_as: ApiAs) -> None:
    """A new version with the old hash; the current one is a conflict, an unknown one not found."""
    row = published(aurillac, bruno)
    published(aurillac, bruno, at=(2.45, 44.93))
    client = api_as(sophie)
    answer = client.post(f"{URL}1/revert/", {"note": "Erreur"}, format="json")
    assert answer.status_code == 201
    assert (answer.json()["number"], answer.json()["reverts_to"], answer.json()["feature_count"]) == (3, 1, 1)
    assert answer.json()["sha256"] == row.published_in.sha256  # type: ignore[union-attr]
    assert client.post(f"{URL}3/revert/", {}, format="json").status_code == 409
    assert client.post(f"{URL}1/revert/", {}, format="json").status_code == 409
    for unknown in (0, 9, 10**30):
        assert client.post(f"{URL}{unknown}/revert/", {}, format="json").status_code == 404
    assert versions(row.couche) == [1, 2, 3]
