"""`import_points`: a file's points through the one door, once."""

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from django.contrib.gis.geos import Point
from django.core.management import call_command
from django.core.management.base import CommandError

from contributions.imports import answers
from contributions.imports.choices import Choice
from contributions.models import Contribution
from couches.columns import Column
from territoires.models import Commune

ACCESS = "Accès internet et matériel informatique"
pytestmark = pytest.mark.django_db


def feature(lon: float, lat: float, **properties: Any) -> dict[str, Any]:
    geometry = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


@pytest.fixture
def cafes(tmp_path: Path) -> Path:
    rows = [
        feature(2.44, 44.93, kind="cafe", nom="Café des Amis", services=ACCESS, couleur="rouge"),
        feature(
            2.45, 44.94, kind="cafe", nom="Café du Centre", adresse="1 place du Square", date="2026-05-04"
        ),
    ]
    path = tmp_path / "cafes.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    return path


def run(*arguments: Any) -> str:
    out = io.StringIO()
    call_command("import_points", *map(str, arguments), stdout=out, stderr=out)
    return out.getvalue()


def test_a_dry_run_keeps_nothing(aurillac: Commune, cafes: Path) -> None:
    said = run("services", cafes)
    assert "À blanc" in said and "2 proposés" in said and "couleur" in said
    assert not Contribution.objects.exists()


def test_points_enter_as_proposals_and_a_second_run_doubles_nothing(aurillac: Commune, cafes: Path) -> None:
    assert "2 proposés, 0 déjà connus" in run("services", cafes, "--wet-run")
    assert "0 proposés, 2 déjà connus" in run("services", cafes, "--wet-run")
    rows = Contribution.objects.order_by("attributes__nom")
    assert [(row.channel, row.status, row.commune_id) for row in rows] == [
        ("import", "SUBMITTED", "15014")
    ] * 2
    assert rows[0].attributes["services"] == [ACCESS]
    assert rows[1].attributes["adresse"] == "1 place du Square"
    assert rows[1].observed_at.date().isoformat() == "2026-05-04"


def test_the_same_file_renamed_and_redated_is_the_same(aurillac: Commune, cafes: Path) -> None:
    run("services", cafes, "--wet-run")
    copy = cafes.with_name("copie.geojson")
    copy.write_bytes(cafes.read_bytes())
    assert "0 proposés, 2 déjà connus" in run("services", copy, "--wet-run")


def test_each_bad_row_says_why_and_the_good_ones_enter(aurillac: Commune, tmp_path: Path) -> None:
    rows = [
        feature(2.44, 44.93, kind="cafe", nom="Bon"),
        feature(2.44, 44.93, kind="dragon", nom="Mauvais"),
        feature(-3.7, 40.4, kind="cafe", nom="Madrid"),
        {"type": "Feature", "geometry": None, "properties": {"kind": "cafe", "nom": "Nulle part"}},
    ]
    path = tmp_path / "mixte.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    out = io.StringIO()
    with pytest.raises(CommandError, match="3 lignes refusées"):
        call_command("import_points", "services", str(path), "--wet-run", stdout=out, stderr=out)
    said = out.getvalue()
    assert (
        "Ligne 2 : attributes.kind" in said and "Ligne 3 : geometry" in said and "Ligne 4 : geometry" in said
    )
    assert Contribution.objects.get().attributes["nom"] == "Bon"


def test_another_projection_is_brought_to_wgs84(aurillac: Commune, tmp_path: Path) -> None:
    """The Lambert 93 coordinates of 2.44 E 44.93 N, to the centimetre."""
    path = tmp_path / "l93.gpkg"
    x, y = pyproj.Transformer.from_crs(4326, 2154, always_xy=True).transform(2.44, 44.93)
    geometry = shapely.to_wkb([shapely.Point(x, y)])
    pyogrio.raw.write(
        path, geometry=geometry, field_data=[np.array(["cafe"]), np.array(["Chez nous"])], fields=["kind", "nom"],
        geometry_type="Point", crs="EPSG:2154", driver="GPKG",
    )  # fmt: skip
    run("services", path, "--wet-run")
    assert Contribution.objects.get().geom.distance(Point(2.44, 44.93, srid=4326)) < 1e-7


@pytest.mark.parametrize(
    ("cell", "column", "answer"),
    [
        (" oui ", {"kind": "boolean"}, True),
        ("Non", {"kind": "boolean"}, False),
        ("peut-être", {"kind": "boolean"}, "peut-être"),
        (1, {"kind": "boolean"}, True),
        ("3", {"kind": "integer"}, 3.0),
        ("1,5", {"kind": "number"}, 1.5),
        ("1 234,5", {"kind": "number"}, 1234.5),
        ("trois", {"kind": "number"}, "trois"),
        ('["a", "b"]', {"kind": "list"}, ["a", "b"]),
        ("a | b", {"kind": "list"}, ["a", "b"]),
        ("Libre|a", {"kind": "list", "labels": {"free": "Libre"}}, ["free", "a"]),
        ("[a", {"kind": "list"}, "[a"),
        ("Libre", {"kind": "string", "labels": {"free": "Libre"}}, "free"),
        ("FREE", {"kind": "string", "labels": {"free": "Libre"}}, "free"),
        ("texte", {"kind": "string"}, "texte"),
        ("'=1+1", {"kind": "string"}, "=1+1"),
        ("l'école", {"kind": "string"}, "l'école"),
        (7, {"kind": "string"}, "7"),
        (7, {"kind": "integer"}, 7),
        (dt.date(2026, 5, 4), {"kind": "date"}, "2026-05-04"),
        ("  ", {"kind": "string"}, None),
    ],
)
def test_a_cell_is_read_as_its_column_asks(cell: Any, column: dict[str, Any], answer: Any) -> None:
    asked = Column(name="c", short="c", title="C", path=("c",), **column)
    assert answers._converter(asked, Choice(asked, {}))(cell) == answer


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2026-05-04", "2026-05-04"),
        ("04/05/2026", "2026-05-04"),
        ("2026-05-04T10:00:00+02:00", "2026-05-04T10:00:00+02:00"),
        (dt.date(2026, 5, 4), "2026-05-04"),
        (dt.datetime(2026, 5, 4, 8, tzinfo=dt.UTC), "2026-05-04T08:00:00+00:00"),
        ("2026-99-99", "2026-99-99"),
        ("hier", "hier"),
        (" ", None),
        (None, None),
    ],
)
def test_a_date_gives_the_instant_or_the_day(cell: Any, instant: str | None) -> None:
    assert answers._instant(cell) == instant


def test_only_points_are_taken(aurillac: Commune, tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[2.44, 44.93], [2.45, 44.93]]}
    row = {"type": "Feature", "geometry": line, "properties": {"kind": "cafe", "nom": "Rue"}}
    path = tmp_path / "lignes.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [row]}), encoding="utf-8")
    with pytest.raises(CommandError, match="1 lignes refusées"):
        run("services", path, "--wet-run")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("inconnue", "x.geojson"), "zones-blanches"), (("services", "absent.geojson"), "introuvable")],
)
def test_a_wrong_argument_says_what_to_do(db: None, arguments: tuple[str, str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(*arguments)


def test_a_disguised_file_is_refused(aurillac: Commune, tmp_path: Path) -> None:
    path = tmp_path / "piege.geojson"
    path.write_text("<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>", encoding="utf-8")
    with pytest.raises(CommandError):
        run("services", path, "--wet-run")
    assert not Contribution.objects.exists()
