"""A published couche, and a folder for its files."""

import uuid
from pathlib import Path

import pytest
from django.contrib.gis.geos import Point
from django.test import Client
from pytest_django import Settings

from couches.models import CoucheVersion
from territoires.models import Commune
from tests import factories
from tests.exports.factories import HOSTILE_TEXTS, LONG_TEXT, REPORT, change, release

FIRST = uuid.UUID("11111111-1111-4111-8111-111111111111")


@pytest.fixture(autouse=True)
def exports_root(settings: Settings, tmp_path: Path) -> Path:
    """Files of a test go away with it."""
    settings.EXPORTS_ROOT = tmp_path / "exports"
    return tmp_path / "exports"


@pytest.fixture
def emma() -> Client:
    """The analyst, who needs no account: an anonymous client that refuses cookies."""
    return Client(headers={"accept": "*/*"})


@pytest.fixture
def version(aurillac: Commune, ytrac: Commune) -> CoucheVersion:
    """Version 1 of zones-blanches: one rich point, hostile texts, a long text, one point in Ytrac."""
    texts = [{**REPORT, "comment": text} for text in HOSTILE_TEXTS]
    return release(
        change(feature_id=FIRST),
        *[
            change(attributes=text, geom=Point(2.44 + rank / 1000, 44.93, srid=4326))
            for rank, text in enumerate(texts)
        ],
        change(attributes={**REPORT, "comment": LONG_TEXT}, geom=Point(2.45, 44.94, srid=4326)),
        change(
            commune_id="15267",
            geom=Point(2.3412345, 44.9212345, srid=4326),
            attributes={"operators": REPORT["operators"]},
        ),
    )


@pytest.fixture
def saint_denis(db: None) -> Commune:
    """Saint-Denis de La Réunion, whose legal projection is EPSG:2975."""
    region = factories.RegionFactory(code="04", nom="La Réunion")
    departement = factories.DepartementFactory(code="974", nom="La Réunion", region=region, srid=2975)
    return factories.CommuneFactory(
        code_insee="97411",
        nom="Saint-Denis",
        departement=departement,
        epci=None,
        geom=factories.square(55.45, -20.9),
    )
