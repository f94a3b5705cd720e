"""`/exports/{slug}/schema.json`: a Table Schema that frictionless finds true of the CSV."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from frictionless import Resource, Schema

from couches.columns import SHORT_NAME_BYTES, columns_of
from couches.models import Couche, CoucheVersion
from tests.exports import factories as made
from tests.exports.reading import body

pytestmark = pytest.mark.django_db

SERVICE: dict[str, Any] = {
    "kind": "epn",
    "nom": 'Espace numérique, le "Relais"',
    "services": ["Aide aux démarches administratives", "Parentalité et éducation avec le numérique"],
    "telephone": "+33471454646",
    "tournee": [{"jour": "lundi", "debut": "09:00", "fin": "11:00", "lieu": "Place"}],
    "horaires": "Mo-Fr 09:00-12:00",
}


def schema_of(client: Client, slug: str) -> dict[str, Any]:
    """Return the schema document."""
    response = client.get(f"/exports/{slug}/schema.json")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    document: dict[str, Any] = json.loads(body(response))
    return document


def check(client: Client, slug: str, tmp_path: Path) -> None:
    """Validate the CSV of the latest version with the reference implementation."""
    table = tmp_path / "couche.csv"
    table.write_bytes(body(client.get(f"/exports/{slug}/derniere/", {"format": "csv"})))
    schema = Schema.from_descriptor(schema_of(client, slug))
    report = Resource(path=table.name, basepath=str(tmp_path), schema=schema).validate()
    assert report.valid, report.flatten(["rowNumber", "fieldName", "note"])


def test_frictionless_finds_the_csv_valid(version: CoucheVersion, emma: Client, tmp_path: Path) -> None:
    """Hostile texts and long ones included."""
    check(emma, "zones-blanches", tmp_path)


def test_lists_stops_and_telephones_are_valid_too(aurillac: Any, emma: Client, tmp_path: Path) -> None:
    """A quoted "+33…" still meets the pattern; stops are a JSON array."""
    made.release(made.change(attributes=SERVICE), couche=Couche.objects.get(slug="services"))
    check(emma, "services", tmp_path)
    text = body(emma.get("/exports/services/1/", {"format": "csv"})).decode()
    assert "Aide aux démarches administratives|Parentalité et éducation avec le numérique" in text
    assert "'+33471454646" in text


def test_frictionless_refuses_a_broken_csv(version: CoucheVersion, emma: Client, tmp_path: Path) -> None:
    """The schema is not empty talk: a wrong value fails."""
    table = tmp_path / "couche.csv"
    good = body(emma.get("/exports/zones-blanches/1/", {"format": "csv"})).decode()
    table.write_text(good.replace("emergency_only", "inconnu"), encoding="utf-8")
    schema = Schema.from_descriptor(schema_of(emma, "zones-blanches"))
    assert not Resource(path=table.name, basepath=str(tmp_path), schema=schema).validate().valid


@pytest.mark.parametrize("slug", ["services", "zones-blanches", "batiments-publics"])
def test_names_are_unique_and_fit_a_shapefile(slug: str, db: None) -> None:
    """Without regard to case, which SQLite ignores."""
    columns = columns_of(Couche.objects.get(slug=slug))
    for names in ([column.name for column in columns], [column.short for column in columns]):
        assert len({name.lower() for name in names}) == len(names)
    assert all(
        len(column.short.encode()) <= SHORT_NAME_BYTES and column.short.isascii() for column in columns
    )


def test_an_unknown_couche_has_no_schema(emma: Client, db: None) -> None:
    """404 with a sentence."""
    assert emma.get("/exports/rien/schema.json").status_code == 404


def test_any_couche_is_flattened(db: None) -> None:
    """Objects, clashing names, unknown shapes: a couche is data, its columns follow."""
    couche = Couche(
        slug="essai",
        attribute_schema={
            "properties": {
                "commune": {"type": "string", "title": "Commune saisie"},
                "adresse postale": {
                    "type": "object",
                    "properties": {"rue": {"type": "string"}, "n°": {"type": "integer"}},
                },
                "Nom": {"type": "string"},
                "nom": {"type": "string", "format": "date"},
                "libre": {},
            }
        },
    )
    names = {column.name: column.kind for column in columns_of(couche) if column.path}
    assert names == {
        "commune_2": "string",
        "adresse_postale_rue": "string",
        "adresse_postale_n": "integer",
        "Nom": "string",
        "nom_2": "date",
        "libre": "json",
    }
