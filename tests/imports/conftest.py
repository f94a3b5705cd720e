"""People who send files, files, and a folder for them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from comptes.models import User
from contributions.imports import desk
from contributions.models import Import
from couches.models import Couche
from territoires.models import Commune
from tests import factories
from tests.contributions.conftest import media as media
from tests.moderation.factories import moderator

ACCESS = "Accès internet et matériel informatique"
HEAD = "nom;kind;services;longitude;latitude"
GOOD = [
    f"Café des Amis;cafe;{ACCESS};2,44;44,93",
    "Café du Centre;cafe;;2,45;44,94",
]


@pytest.fixture
def mayor(aurillac: Commune) -> User:
    """Who decides in Aurillac."""
    return moderator("maire@aurillac.demo", "Mme Maire", commune=aurillac)


@pytest.fixture
def steward(db: None) -> User:
    """Who publishes for the whole country."""
    return factories.MembershipFactory(role="steward", national=True).user


@pytest.fixture
def services(db: None) -> Couche:
    """The couche files are for."""
    return Couche.objects.get(slug="services")


def csv_of(*rows: str, head: str = HEAD) -> bytes:
    """Return a CSV as French spreadsheets write it."""
    return "\n".join([head, *rows, ""]).encode("cp1252")


def geojson_of(*rows: dict[str, Any]) -> bytes:
    """Return a GeoJSON of points (lon, lat, properties)."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row.pop("lon"), row.pop("lat")]},
            "properties": row,
        }
        for row in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


Send = Callable[..., Import]


@pytest.fixture
def send(mayor: User, services: Couche, media: Path) -> Send:
    """Return a function that sends a file as the mayor does."""

    def sent(content: bytes, name: str = "liste.csv", **given: Any) -> Import:
        return desk.receive(
            couche=given.get("couche", services),
            upload=SimpleUploadedFile(name, content),
            by=given.get("by", mayor),
        )

    return sent


def tried(row: Import) -> Import:
    """Try a file, as a worker does."""
    desk.ask_trial(row)
    return worked(row)


def run(row: Import) -> Import:
    """Try it, then propose it."""
    tried(row)
    desk.ask_run(row)
    return worked(row)


def worked(row: Import) -> Import:
    """Do the job that waits."""
    desk.work(row.pk)
    row.refresh_from_db()
    return row


def told(row: Import) -> list[list[str]]:
    """Return the lines of the errors, without their head."""
    lines = desk.errors_of(row).read_text(encoding="utf-8-sig").splitlines()
    return [line.split(";") for line in lines[1:]]
