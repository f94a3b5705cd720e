"""The demo territory: ours, approximate and said so; true outlines whenever there are some."""

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.conf import settings as django_settings
from django.contrib.gis.geos import Point

from fixtures import build_aurillac
from territoires.cog import read_cog
from territoires.demo import FIXTURE, load_territory
from territoires.location import OutsideLoadedTerritory, locate
from territoires.models import BoundaryLoad, Commune
from territoires.refusals import Refused

CANTAL = django_settings.REPERES_DATA / "cantal" / "cantal-communes-cog2026-derived.geojson"
needs_data = pytest.mark.skipif(not CANTAL.is_file(), reason="REPERES_DATA does not hold the Cantal")


def test_the_committed_file_is_what_the_builder_builds() -> None:
    assert build_aurillac.OUTPUT.read_text(encoding="utf-8") == build_aurillac.text()


def test_names_codes_and_populations_are_the_cogs() -> None:
    cog = read_cog(django_settings.COG_PATH)
    members = {code for code, epci in cog.epci_of.items() if epci == build_aurillac.EPCI}
    ours = {code: (nom, population) for code, nom, population, _lon, _lat in build_aurillac.COMMUNES}
    theirs = {code: (cog.communes[code].nom, cog.communes[code].population) for code in members}
    if cog.millesime == 2026:
        assert ours == theirs
    assert set(ours) == members


def test_cells_are_whole_disjoint_and_say_they_are_approximate() -> None:
    document = json.loads(build_aurillac.text())
    cells = [shapely.geometry.shape(feature["geometry"]) for feature in document["features"]]
    assert len(cells) == 25
    assert all(cell.is_valid for cell in cells)
    assert all(feature["properties"]["approximate"] is True for feature in document["features"])
    assert sum(cell.area for cell in cells) == pytest.approx(shapely.union_all(cells).area, rel=1e-6)


@needs_data
def test_every_town_hall_stands_in_its_true_commune() -> None:
    document = json.loads(CANTAL.read_text(encoding="utf-8"))
    outlines = {f["properties"]["code"]: shapely.geometry.shape(f["geometry"]) for f in document["features"]}
    outside = [
        nom
        for code, nom, _population, lon, lat in build_aurillac.COMMUNES
        if not outlines[code].contains(shapely.Point(lon, lat))
    ]
    assert outside == []


@needs_data
def test_the_cells_are_not_copied_from_true_outlines() -> None:
    true = json.loads(CANTAL.read_text(encoding="utf-8"))["features"]
    corners = {
        tuple(xy)
        for feature in true
        for xy in shapely.get_coordinates(shapely.geometry.shape(feature["geometry"]))
    }
    ours = json.loads(build_aurillac.text())["features"]
    assert not any(tuple(xy) in corners for feature in ours for xy in feature["geometry"]["coordinates"][0])


@pytest.mark.django_db
def test_without_network_or_file_the_approximate_cells_are_used_and_said(settings: Any) -> None:
    settings.GEO_API_URL = "non"
    assert "approximatives" in load_territory()
    assert Commune.objects.filter(approximate=True).count() == 25
    assert locate(Point(2.4397, 44.9262, srid=4326)).commune.code_insee == "15014"
    assert locate(Point(2.3630, 44.9120, srid=4326)).commune.code_insee == "15267"
    assert Commune.objects.get(pk="15014").chef_lieu.coords == (2.4397, 44.9262)
    with pytest.raises(OutsideLoadedTerritory):
        locate(Point(2.35, 48.85, srid=4326))
    loads = BoundaryLoad.objects.count()
    load_territory()
    assert (BoundaryLoad.objects.count(), Commune.objects.exclude(geom=None).count()) == (loads, 25)


@needs_data
@pytest.mark.django_db
def test_the_file_given_comes_first_and_stays(settings: Any) -> None:
    settings.GEO_API_URL = "non"
    assert CANTAL.name in load_territory(boundaries=CANTAL)
    assert Commune.objects.filter(departement="15").exclude(geom=None).count() == 250
    assert not Commune.objects.filter(approximate=True).exists()
    assert "déjà chargés" in load_territory()


@pytest.mark.django_db
def test_a_bad_file_is_refused_not_replaced_by_ours(tmp_path: Path) -> None:
    bad = tmp_path / "x.geojson"
    bad.write_text("<OGRVRTDataSource/>", encoding="utf-8")
    with pytest.raises(Refused):
        load_territory(boundaries=bad)
    assert not Commune.objects.exists()
    assert FIXTURE.is_file()
