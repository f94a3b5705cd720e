"""The yearly update: what changes is told, what is written is right, what is wrong changes nothing."""

import datetime as dt
import io
from pathlib import Path

import pytest
import shapely
from django.contrib.gis.geos import Point
from django.core.management import CommandError, call_command
from django.db import connection

from comptes.models import Membership
from comptes.roles import Role
from territoires.location import locate
from territoires.models import BoundaryLoad, Commune, CommunePiece, Departement, Epci, FormerCode
from territoires.report import SyncReport
from territoires.sync import Progress, run
from tests import factories
from tests.territoires.made import cell, commune, delegated, write_cog, write_geojson, write_moves

pytestmark = pytest.mark.django_db

AURILLAC, YTRAC, CARLAT = commune("15014", "Aurillac"), commune("15267", "Ytrac"), commune("15028", "Carlat")


@pytest.fixture(autouse=True)
def no_register_beside(settings: object, tmp_path: Path) -> None:
    """The machine's own INSEE register must not help a test that does not give one."""
    settings.REPERES_DATA = tmp_path / "vide"  # type: ignore[attr-defined]


@pytest.fixture
def loaded(tmp_path: Path) -> Path:
    """Three communes of 2025 side by side, written; returns the folder."""
    cog = write_cog(tmp_path, 2025, [AURILLAC, YTRAC, CARLAT])
    outlines = {"15014": cell(0), "15028": cell(1), "15267": cell(2)}
    run(cog=cog, boundaries=write_geojson(tmp_path / "communes-2025.geojson", outlines), wet_run=True)
    return tmp_path


def sync(**options: object) -> tuple[SyncReport, str]:
    out = io.StringIO()
    report = run(stdout=out, **options)  # type: ignore[arg-type]
    return report, out.getvalue()


def at(column: float) -> str:
    return locate(Point(2.05 + column / 10, 44.85, srid=4326)).commune.code_insee


def counts() -> tuple[int, ...]:
    models = (Commune, CommunePiece, FormerCode, Epci, Departement, BoundaryLoad)
    return tuple(model._default_manager.count() for model in models)


def test_the_first_load_brings_communes_outlines_and_what_is_around(loaded: Path) -> None:
    aurillac = Commune.objects.get(pk="15014")
    assert (aurillac.nom, aurillac.population, aurillac.codes_postaux) == ("Aurillac", 100, ["15000"])
    assert (aurillac.epci_id, aurillac.departement_id, aurillac.departement.srid) == ("241500230", "15", 2154)
    assert (aurillac.millesime, aurillac.outline_year, aurillac.valid_from) == (2025, 2025, None)
    assert [at(0), at(1), at(2)] == ["15014", "15028", "15267"]
    load = BoundaryLoad.objects.get()
    assert (load.millesime, load.boundaries_year, load.complete, load.approximate) == (
        2025,
        2025,
        True,
        False,
    )


def test_without_wet_run_the_difference_is_printed_and_nothing_is_written(tmp_path: Path) -> None:
    before = counts()
    cog = write_cog(tmp_path, 2025, [AURILLAC])
    report, text = sync(cog=cog, boundaries=write_geojson(tmp_path / "c.geojson", {"15014": cell(0)}))
    assert counts() == before
    assert report.outlines.written == ["15014"]
    assert not report.written
    assert "rien n'est écrit" in text


def test_a_second_run_changes_nothing(loaded: Path) -> None:
    before = counts()
    report, text = sync(cog=loaded / "cog-2025", boundaries=loaded / "communes-2025.geojson", wet_run=True)
    assert not report.changed
    assert counts() == before
    assert "Rien à changer" in text


def test_a_merger_closes_the_commune_and_joins_the_outlines(loaded: Path) -> None:
    ytrac = Commune.objects.get(pk="15267")
    mandate = factories.MembershipFactory(
        user=factories.UserFactory(email="chloe@reperes.demo"), role=Role.MODERATOR, commune=ytrac
    )
    rows = [
        AURILLAC,
        commune("15028", "Carlat-et-Ytrac", former=["15267"]),
        delegated("15267", "Ytrac", "15028"),
    ]
    moves = write_moves(loaded, [("32", "2026-01-01", "15267", "15028")])
    report, text = sync(cog=write_cog(loaded, 2026, rows), moves=moves, wet_run=True)
    ytrac.refresh_from_db()
    assert (ytrac.valid_to, ytrac.successor_id) == (dt.date(2026, 1, 1), "15028")
    assert [at(0), at(1), at(2)] == ["15014", "15028", "15028"]
    assert Membership.objects.get(pk=mandate.pk).commune == ytrac
    assert FormerCode.objects.filter(code="15267", nom="Ytrac", commune="15028").exists()
    assert report.registry.merged == {"15028": ["15267"]}
    assert report.registry.renamed == [("15028", "Carlat", "Carlat-et-Ytrac")]
    assert "15267 → 15028 Carlat-et-Ytrac" in text
    assert not CommunePiece.objects.filter(commune="15267").exists()


def test_old_names_found_in_the_register_outlive_a_run_without_it(loaded: Path) -> None:
    cog = write_cog(loaded, 2026, [AURILLAC, commune("15028", "Carlat", former=["15267"])])
    run(cog=cog, moves=write_moves(loaded, [("32", "2026-01-01", "15267", "15028")]), wet_run=True)
    (loaded / "registre.csv").unlink()
    run(cog=cog, wet_run=True)
    assert FormerCode.objects.get(code="15267").nom == "Nom 15267"


def test_an_older_file_is_rebuilt_to_todays_communes(tmp_path: Path) -> None:
    cog = write_cog(tmp_path, 2026, [AURILLAC, commune("15028", "Carlat", former=["15267", "15999"])])
    outlines = {"15014": cell(0), "15028": cell(1), "15267": cell(2)}
    report, _ = sync(cog=cog, boundaries=write_geojson(tmp_path / "c-2018.geojson", outlines), wet_run=True)
    assert report.outlines.rebuilt == {"15028": ["15028", "15267"]}
    union = shapely.from_wkt(Commune.objects.get(pk="15028").geom.wkt)
    assert union.normalize().equals(shapely.union(cell(1), cell(2)).normalize())
    assert [at(1), at(2)] == ["15028", "15028"]


@pytest.mark.parametrize(("before", "after"), [("12076", "12218"), ("69159", "69114"), ("49069", "49126")])
def test_a_swapped_code_takes_the_outline_as_it_is(tmp_path: Path, before: str, after: str) -> None:
    cog = write_cog(tmp_path, 2026, [commune(after, "Nouvelle", former=[before, "12999"])])
    boundaries = write_geojson(tmp_path / "c-2018.geojson", {before: cell(0)})
    report, _ = sync(cog=cog, boundaries=boundaries, wet_run=True)
    assert report.outlines.rebuilt == {after: [before]}
    assert at(0) == after


def test_a_swap_after_the_first_load_closes_the_old_code(loaded: Path) -> None:
    rows = [AURILLAC, CARLAT, commune("15300", "Ytrac", former=["15267"])]
    run(cog=write_cog(loaded, 2026, rows), wet_run=True)
    assert Commune.objects.get(pk="15267").successor_id == "15300"
    assert Commune.objects.get(pk="15300").valid_from == dt.date(2026, 1, 1)
    assert at(2) == "15300"


def test_a_split_is_named_and_the_parents_outline_is_to_confirm(loaded: Path) -> None:
    rows = [AURILLAC, YTRAC, CARLAT, commune("15031", "Celles")]
    moves = write_moves(
        loaded, [("21", "2026-01-01", "15267", "15031"), ("21", "2026-01-01", "15267", "15267")]
    )
    report, text = sync(cog=write_cog(loaded, 2026, rows), moves=moves, wet_run=True)
    assert report.registry.split == {"15267": ["15031"]}
    assert report.outlines.missing == ["15031"]
    assert report.outlines.to_confirm == ["15267"]
    assert "15031 Celles" in text
    assert "à confirmer" in text
    assert locate(Point(2.25, 44.85, srid=4326)).near_border is True
    assert locate(Point(2.05, 44.85, srid=4326)).near_border is False


def test_the_outlines_of_the_year_lift_the_doubt(loaded: Path) -> None:
    rows = [AURILLAC, YTRAC, CARLAT, commune("15031", "Celles")]
    moves = write_moves(loaded, [("21", "2026-01-01", "15267", "15031")])
    cog = write_cog(loaded, 2026, rows)
    run(cog=cog, moves=moves, wet_run=True)
    west, east = shapely.box(2.2, 44.8, 2.25, 44.9), shapely.box(2.25, 44.8, 2.3, 44.9)
    outlines = {"15014": cell(0), "15028": cell(1), "15267": west, "15031": east}
    boundaries = write_geojson(loaded / "communes-2026.geojson", outlines)
    report, text = sync(cog=cog, moves=moves, boundaries=boundaries, wet_run=True)
    assert report.outlines.to_confirm == []
    assert [code for code, _share in report.outlines.moved] == ["15267"]
    assert "15267 Ytrac (50%)" in text
    assert not Commune.objects.filter(to_confirm=True).exists()
    assert [at(1.9), at(2.4)] == ["15267", "15031"]


def test_without_the_register_the_whole_epci_is_to_confirm_and_the_report_says_why(tmp_path: Path) -> None:
    cog = write_cog(tmp_path, 2026, [AURILLAC, YTRAC, commune("15031", "Celles")])
    outlines = {"15014": cell(0), "15267": cell(2)}
    report, text = sync(
        cog=cog, boundaries=write_geojson(tmp_path / "c-2018.geojson", outlines), wet_run=True
    )
    assert report.outlines.to_confirm == ["15014", "15267"]
    assert "--moves" in text


def test_a_commune_that_comes_back_is_opened_again(loaded: Path) -> None:
    """27676 ended in 2021 and came back in 2023."""
    run(cog=write_cog(loaded, 2026, [AURILLAC, commune("15028", "Carlat", former=["15267"])]), wet_run=True)
    run(cog=write_cog(loaded, 2027, [AURILLAC, CARLAT, YTRAC]), wet_run=True)
    ytrac = Commune.objects.get(pk="15267")
    assert (ytrac.valid_to, ytrac.successor_id) == (None, None)


def test_an_older_cog_is_refused(loaded: Path) -> None:
    older = write_cog(loaded, 2024, [AURILLAC])
    with pytest.raises(CommandError, match="plus ancien que celui déjà chargé"):
        call_command("sync_territoires", cog=older, wet_run=True)
    assert Commune.objects.current().count() == 3


def test_older_outlines_are_refused(loaded: Path) -> None:
    boundaries = write_geojson(loaded / "communes-2018.geojson", {"15014": cell(5)})
    with pytest.raises(CommandError, match="plus ancien ou moins précis"):
        call_command("sync_territoires", cog=loaded / "cog-2025", boundaries=boundaries, wet_run=True)
    assert at(0) == "15014"


def test_an_older_file_completes_and_never_replaces(loaded: Path) -> None:
    cog = write_cog(loaded, 2026, [AURILLAC, YTRAC, CARLAT, commune("15012", "Arpajon-sur-Cère")])
    boundaries = write_geojson(loaded / "communes-2018.geojson", {"15014": cell(5), "15012": cell(3)})
    report, text = sync(cog=cog, boundaries=boundaries, wet_run=True)
    assert (report.outlines.kept, report.outlines.written) == (["15014"], ["15012"])
    assert "gardés car meilleurs : 1" in text
    assert [at(0), at(3)] == ["15014", "15012"]


def test_outlines_of_unknown_age_need_a_year_once_dated_ones_are_there(loaded: Path) -> None:
    boundaries = write_geojson(loaded / "communes.geojson", {"15014": cell(5)})
    with pytest.raises(CommandError, match="--millesime"):
        call_command("sync_territoires", cog=loaded / "cog-2025", boundaries=boundaries, wet_run=True)
    call_command(
        "sync_territoires",
        cog=loaded / "cog-2025",
        boundaries=boundaries,
        millesime=2025,
        wet_run=True,
        stdout=io.StringIO(),
    )
    assert at(5) == "15014"


def test_outlines_newer_than_the_cog_are_refused(loaded: Path) -> None:
    boundaries = write_geojson(loaded / "communes-2031.geojson", {"15014": cell(0)})
    with pytest.raises(CommandError, match="2031"):
        call_command("sync_territoires", cog=loaded / "cog-2025", boundaries=boundaries)


def test_approximate_cells_yield_to_true_outlines_and_never_the_reverse(tmp_path: Path) -> None:
    cog = write_cog(tmp_path, 2026, [AURILLAC, YTRAC])
    rough = write_geojson(
        tmp_path / "cellules.geojson", {"15014": cell(0), "15267": cell(1)}, approximate=True
    )
    _, text = sync(cog=cog, boundaries=rough, wet_run=True)
    assert "approximatifs" in text
    assert Commune.objects.filter(approximate=True).count() == 2
    assert not BoundaryLoad.objects.latest().complete
    true = write_geojson(tmp_path / "c-2018.geojson", {"15014": cell(0)})
    run(cog=cog, boundaries=true, wet_run=True)
    assert list(Commune.objects.filter(approximate=True).values_list("pk", flat=True)) == ["15267"]
    run(cog=cog, boundaries=rough, wet_run=True)
    assert not Commune.objects.get(pk="15014").approximate


def test_unknown_missing_and_overlapping_are_named(tmp_path: Path) -> None:
    cog = write_cog(tmp_path, 2026, [AURILLAC, YTRAC, CARLAT])
    outlines = {"15014": cell(0), "15267": shapely.box(2.05, 44.8, 2.2, 44.9), "15998": cell(4)}
    report, text = sync(cog=cog, boundaries=write_geojson(tmp_path / "c-2026.geojson", outlines))
    assert report.staged is not None
    assert report.staged.unknown == {"15998": "Nom 15998"}
    assert report.outlines.missing == ["15028"]
    assert [(one, other) for one, other, _share in report.outlines.overlaps] == [("15014", "15267")]
    assert "15998 Nom 15998" in text
    assert "15028 Carlat" in text
    assert "15014 Aurillac / 15267 Ytrac (50.0%)" in text


def test_a_partial_cog_closes_nothing_elsewhere(loaded: Path) -> None:
    elsewhere = [commune("01001", "L'Abergement-Clémenciat", departement="01")]
    run(cog=write_cog(loaded, 2026, elsewhere), wet_run=True)
    assert Commune.objects.current().count() == 4


def test_a_commune_that_vanishes_without_successor_is_closed_and_named(loaded: Path) -> None:
    report, text = sync(cog=write_cog(loaded, 2026, [AURILLAC, YTRAC]), wet_run=True)
    assert report.registry.gone == {"15028": ""}
    assert "Disparues sans successeur (1) : 15028" in text
    assert Commune.objects.get(pk="15028").valid_to == dt.date(2026, 1, 1)


def test_arrondissements_make_their_commune_when_it_is_not_in_the_file(tmp_path: Path) -> None:
    arrondissement = {
        "type": "arrondissement-municipal",
        "nom": "Paris",
        "commune": "75056",
        "departement": "75",
    }
    rows = [
        commune("75056", "Paris", departement="75"),
        *({**arrondissement, "code": c} for c in ("75101", "75102")),
    ]
    cog = write_cog(tmp_path, 2026, rows)
    boundaries = write_geojson(tmp_path / "c-2026.geojson", {"75101": cell(0), "75102": cell(1)})
    report, _ = sync(cog=cog, boundaries=boundaries, wet_run=True)
    assert report.outlines.rebuilt == {"75056": ["75101", "75102"]}
    assert [at(0), at(1)] == ["75056", "75056"]


def test_a_crossed_outline_is_repaired_and_named(tmp_path: Path) -> None:
    cog = write_cog(tmp_path, 2026, [AURILLAC])
    bow_tie = shapely.Polygon([(2, 44.8), (2.1, 44.9), (2.1, 44.8), (2, 44.9)])
    report, text = sync(
        cog=cog, boundaries=write_geojson(tmp_path / "c.geojson", {"15014": bow_tie}), wet_run=True
    )
    assert "Contours réparés" in text
    assert Commune.objects.get(pk="15014").geom.valid
    assert report.outlines.written == ["15014"]


def test_pieces_have_at_most_64_vertices_and_cover_the_outline(tmp_path: Path) -> None:
    cog = write_cog(tmp_path, 2026, [AURILLAC])
    round_one = shapely.Point(2.4, 44.9).buffer(0.05, quad_segs=500)
    run(cog=cog, boundaries=write_geojson(tmp_path / "c.geojson", {"15014": round_one}), wet_run=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(ST_NPoints(geom)), count(*), sum(ST_Area(geom)) FROM territoires_communepiece"
        )
        vertices, pieces, area = cursor.fetchone()
    assert vertices <= 64
    assert pieces > 10
    assert area == pytest.approx(round_one.area, rel=1e-9)


def test_the_command_prints_in_french_and_exits_0(tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("sync_territoires", cog=write_cog(tmp_path, 2026, [AURILLAC]), stdout=out)
    assert "COG 2026 : 1 communes." in out.getvalue()


def test_progress_is_silent_for_two_seconds_then_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 1.5, 3.0, 3.2, 4.5, 5.0])
    monkeypatch.setattr("territoires.sync.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    progress = Progress(stream)
    progress.step("Lecture")
    progress.advance(10)
    assert stream.getvalue() == ""
    progress.advance(10)
    progress.advance(10)
    progress.advance(10)
    progress.close()
    assert "Lecture… 20 (3 s)" in stream.getvalue()
    assert "Lecture… 40 (4 s)" in stream.getvalue()
    assert stream.getvalue().endswith("\n")
