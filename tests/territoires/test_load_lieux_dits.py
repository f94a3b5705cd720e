"""`load_lieux_dits`: dry by default, repeatable, and deaf to files that are something else."""

import gzip
import io
from pathlib import Path

import pytest
from django.contrib.gis.geos import Point
from django.core.management import CommandError, call_command

from territoires.lieux_dits import MAX_LINE, run
from territoires.models import Commune, FormerCode, LieuDit
from territoires.refusals import FileRefused

HEAD = (
    "id;nom_lieu_dit;code_postal;code_insee;nom_commune;code_insee_ancienne_commune;nom_ancienne_commune;"
    "x;y;lon;lat;source_position;source_nom_voie"
)
BELBEX = "15014_b001;Belbex;15000;15014;Aurillac;;;655000;6425000;2.4241;44.9101;commune;commune"
CUEILHES = "15014_b002;Cueilhes;15000;15014;Aurillac;;;655000;6425000;2.45;44.92;commune;commune"


def written(folder: Path, *rows: str, head: str = HEAD, name: str = "lieux-dits-15-beta.csv") -> Path:
    """Write a file of lieux-dits, gzipped when its name says so."""
    content = "\n".join([head, *rows, ""]).encode()
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def loaded() -> list[tuple[str, str]]:
    return list(LieuDit.objects.order_by("commune", "nom").values_list("commune", "nom"))


def test_a_dry_run_says_what_would_change_and_writes_nothing(aurillac: Commune, tmp_path: Path) -> None:
    said = io.StringIO()
    call_command("load_lieux_dits", str(written(tmp_path, BELBEX, CUEILHES)), stdout=said)
    assert "Cantal (15) : 2 lieux-dits, 2 ajoutés, 0 retirés" in said.getvalue()
    assert "--wet-run" in said.getvalue()
    assert not LieuDit.objects.exists()


def test_a_wet_run_writes_once_and_says_so_twice(aurillac: Commune, tmp_path: Path) -> None:
    path = written(tmp_path, BELBEX, CUEILHES, BELBEX, name="lieux-dits-15-beta.csv.gz")
    assert run(path, wet_run=True).written
    assert loaded() == [("15014", "Belbex"), ("15014", "Cueilhes")]
    place = LieuDit.objects.get(nom="Belbex")
    assert place.point.coords == (2.4241, 44.9101)
    assert place.nom_folded == "belbex"
    again = run(path, wet_run=True)
    assert not again.changed and not again.written
    assert LieuDit.objects.get(nom="Belbex").pk == place.pk


def test_what_the_file_no_longer_says_goes_and_other_communes_keep_theirs(
    aurillac: Commune, ytrac: Commune, tmp_path: Path
) -> None:
    LieuDit.objects.create(commune=ytrac, nom="Espinat", point=Point(2.36, 44.91, srid=4326))
    run(written(tmp_path, BELBEX, CUEILHES), wet_run=True)
    report = run(written(tmp_path, CUEILHES), wet_run=True)
    assert report.departements == {"15": (0, 1, 2)}
    assert loaded() == [("15014", "Cueilhes"), ("15267", "Espinat")]


def test_commas_and_another_order_of_columns_are_read_by_name(aurillac: Commune, tmp_path: Path) -> None:
    path = written(
        tmp_path, '44.91,2.42,15014,"Le Bourg, haut"', head="\ufefflat,lon,code_insee,nom_lieu_dit"
    )
    run(path, wet_run=True)
    assert loaded() == [("15014", "Le Bourg, haut")]


def test_a_former_code_leads_to_the_commune_of_today(aurillac: Commune, tmp_path: Path) -> None:
    FormerCode.objects.create(code="15200", nom="Ancienne", kind="ancien-code", commune=aurillac)
    run(written(tmp_path, BELBEX.replace(";15014;", ";15200;")), wet_run=True)
    assert loaded() == [("15014", "Belbex")]


def test_the_places_of_an_absorbed_commune_are_replaced_with_the_new_ones(
    aurillac: Commune, ytrac: Commune, tmp_path: Path
) -> None:
    LieuDit.objects.create(commune=ytrac, nom="Espinat", point=Point(2.36, 44.91, srid=4326))
    Commune.objects.filter(pk=ytrac.pk).update(successor=aurillac, valid_to="2026-01-01")
    run(written(tmp_path, BELBEX), wet_run=True)
    assert loaded() == [("15014", "Belbex")]


def test_unusable_lines_are_counted_and_left_out(aurillac: Commune, tmp_path: Path) -> None:
    said = io.StringIO()
    rows = (
        BELBEX,
        BELBEX.replace(";2.4241;44.9101;", ";;;"),  # no position
        BELBEX.replace(";2.4241;", ";NaN;"),
        BELBEX.replace("Belbex", "\u200b "),  # no name
        BELBEX.replace(";15014;", ";99999;"),  # no such commune
        BELBEX.replace(";44.9101;", ";48.8;"),  # in Paris
        "15014_b009;Coupé",
    )
    report = run(written(tmp_path, *rows), wet_run=True, stdout=said)
    assert loaded() == [("15014", "Belbex")]
    assert (report.unplaced, report.unnamed, sum(report.unknown.values()), report.strays) == (2, 1, 2, 1)
    assert "2 lignes sans position" in said.getvalue() and "99999" in said.getvalue()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "lieux-dits"),
        (b"code;nom\n15014;Aurillac\n", "nom_lieu_dit"),
        (b"PK\x03\x04rest", "zip"),
        (b"\x1f\x8b\x08\x00broken", "abîmé"),
        (gzip.compress((HEAD + "\n" + BELBEX).encode())[:-12], "abîmé"),
        ((HEAD + "\n" + BELBEX).encode() + b"\n15014_b3;Caf\xe9;;15014", "UTF-8"),
        ((HEAD + "\n" + "x" * (MAX_LINE + 1)).encode(), "plus grand"),
        ((HEAD + "\n" + BELBEX.replace("15014", "75056")).encode(), "sync_territoires"),
        ((HEAD + "\n").encode(), "utilisable"),
    ],
    ids=["empty", "other", "zip", "bad-gzip", "cut-gzip", "latin-1", "endless-line", "elsewhere", "no-line"],
)
def test_what_is_not_such_a_file_is_refused_in_french(
    aurillac: Commune, tmp_path: Path, content: bytes, word: str
) -> None:
    LieuDit.objects.create(commune=aurillac, nom="Tronquières", point=Point(2.42, 44.9, srid=4326))
    path = tmp_path / "fichier"
    path.write_bytes(content)
    with pytest.raises(FileRefused) as refusal:
        run(path, wet_run=True)
    assert word in refusal.value.text
    assert loaded() == [("15014", "Tronquières")]


def test_a_missing_file_ends_with_a_sentence(aurillac: Commune, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="n'existe pas"):
        call_command("load_lieux_dits", str(tmp_path / "absent.csv"))


def test_two_places_of_one_name_are_kept_apart(aurillac: Commune, tmp_path: Path) -> None:
    other = BELBEX.replace("2.4241", "2.4301")
    run(written(tmp_path, BELBEX, other), wet_run=True)
    assert LieuDit.objects.filter(commune=aurillac, nom="Belbex").count() == 2
