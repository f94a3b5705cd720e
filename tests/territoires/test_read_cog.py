"""The COG as its package gives it, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from territoires.cog import CogRefused, read_cog, year_in_name
from territoires.moves import MovesRefused, read_moves
from tests.territoires.made import commune, delegated, write_cog, write_moves


def test_the_installed_package_is_whole() -> None:
    cog = read_cog(settings.COG_PATH)
    assert cog.millesime >= 2026
    assert len(cog.communes) > 34_000
    assert cog.today("15136") == "15027"
    assert cog.today("12076") == "12218"
    assert cog.today("75101") == "75056"
    assert cog.today("99999") is None
    assert len({code for code, epci in cog.epci_of.items() if epci == "241500230"}) == 25
    assert {"975", "987", "988"} <= cog.covered_departements


def test_one_file_holding_the_lists_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "referentiel-cog2026.json"
    rows = [commune("15027", "Puycapel", former=["15136"]), delegated("15136", "Mourjou", "15027")]
    path.write_text(json.dumps({"communes": rows, "epci": []}), encoding="utf-8")
    cog = read_cog(path)
    assert (cog.millesime, list(cog.communes), cog.today("15136")) == (2026, ["15027"], "15027")


def test_the_list_of_communes_finds_the_others_beside_it(tmp_path: Path) -> None:
    folder = write_cog(tmp_path, 2026, [commune("15014", "Aurillac")])
    assert read_cog(folder / "communes.json", millesime=2026).departements == [("15", "Cantal", "84")]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"type": "commune-actuelle"}],
        [commune("1014", "Aurillac")],
        [commune("15014", "")],
        [commune("15014", "x" * 500)],
        [commune("15014", "Aurillac", population=-1)],
        [commune("15014", "Aurillac", population="beaucoup")],
        ["15014"],
        [{"type": "commune-actuelle", "code": ["15014"], "nom": "Aurillac", "departement": "15"}],
    ],
)
def test_a_list_that_is_not_the_cog_is_refused(tmp_path: Path, rows: list[Any]) -> None:
    path = tmp_path / "cog-2026.json"
    path.write_text(json.dumps({"communes": rows, "epci": []}), encoding="utf-8")
    with pytest.raises(CogRefused):
        read_cog(path)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", "{}", '"x"'])
def test_a_file_that_is_no_json_of_communes_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cog-2026.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CogRefused):
        read_cog(path)


def test_a_missing_file_and_an_unknown_year_name_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CogRefused) as caught:
        read_cog(tmp_path / "absent-2026")
    assert "npm ci" in caught.value.text
    path = tmp_path / "communes.json"
    path.write_text('{"communes": []}', encoding="utf-8")
    with pytest.raises(CogRefused) as caught:
        read_cog(path)
    assert "--millesime" in caught.value.text


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("communes-france-2018.geojson.zip", 2018),
        ("ADMIN-EXPRESS-COG_4-0__GPKG_WGS84G_FRA_2026-01-01.gpkg", 2026),
        ("cantal-communes-cog2026-derived.geojson", 2026),
        ("communes-20220101.shp", 2022),
        ("communes-5m.geojson", None),
        ("lambert-2154.gpkg", None),
        ("x-120181.gpkg", None),
    ],
)
def test_the_year_is_read_in_the_name(name: str, year: int | None) -> None:
    assert year_in_name(name) == year


def test_the_register_tells_splits_and_dates(tmp_path: Path) -> None:
    path = write_moves(
        tmp_path,
        [
            ("21", "2025-01-01", "15141", "15031"),
            ("21", "2025-01-01", "15141", "15141"),
            ("32", "2019-01-01", "15136", "15027"),
            ("10", "2020-01-01", "15500", "15500"),
        ],
    )
    moves = read_moves(path)
    assert moves.children_of == {"15141": {"15031"}}
    assert str(moves.ended["15136"]) == "2019-01-01"
    assert str(moves.began["15031"]) == "2025-01-01"


@pytest.mark.parametrize("content", [b"a;b\n1;2\n", b"\xff\xfe\x00", b""])
def test_a_file_that_is_no_register_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mouvements.csv"
    path.write_bytes(content)
    with pytest.raises(MovesRefused):
        read_moves(path)
    with pytest.raises(MovesRefused):
        read_moves(tmp_path / "absent.csv")
