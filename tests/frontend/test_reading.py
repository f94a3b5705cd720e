"""Statements, robots, icons, and the reading page of the API."""

import json

import pytest
from django.contrib.staticfiles import finders
from django.test import Client


def test_the_statement_names_who_to_write_to(
    client: Client, db: None, settings: pytest.FixtureRequest
) -> None:
    settings.CONTACT_EMAIL = "contact@caba.example"  # type: ignore[attr-defined]
    for path in ("/accessibilite/", "/donnees-personnelles/"):
        assert "mailto:contact@caba.example" in client.get(path).content.decode()


def test_the_statement_claims_no_audit_that_nobody_made(client: Client, db: None) -> None:
    assert "<strong>non conforme</strong>" in client.get("/accessibilite/").content.decode()


def test_robots_leave_personal_spaces_alone(client: Client, db: None) -> None:
    page = client.get("/robots.txt")
    assert page["Content-Type"].startswith("text/plain")
    assert {"Disallow: /suivi/", "Disallow: /moderation/"} <= set(page.content.decode().splitlines())


def test_the_manifest_names_icons_that_exist(client: Client, db: None) -> None:
    page = client.get("/manifeste.webmanifest")
    assert page["Content-Type"] == "application/manifest+json"
    icons = json.loads(page.content)["icons"]
    assert {icon["purpose"] for icon in icons} == {"any", "maskable"}
    assert all(finders.find(icon["src"].removeprefix("/static/")) for icon in icons)


def test_browsers_find_an_icon_where_they_look(client: Client, db: None) -> None:
    assert client.get("/favicon.ico").status_code == 302


def test_the_api_page_lists_every_operation_of_the_schema(client: Client, db: None) -> None:
    schema = client.get("/api/v1/schema/", HTTP_ACCEPT="application/json").json()
    text = client.get("/api/v1/docs/").content.decode()
    operations = [
        (method.upper(), path)
        for path, item in schema["paths"].items()
        for method in item
        if method != "parameters"
    ]
    assert operations
    for method, path in operations:
        assert f"<strong>{method}</strong> {path}" in text
