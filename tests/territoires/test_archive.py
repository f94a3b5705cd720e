"""The gate: hostile archives are refused before a byte leaves them, and nothing is written outside."""

import gzip
import stat
import zipfile
from pathlib import Path

import pytest

from territoires.archive import MAX_ENTRIES, open_through_gate
from territoires.refusals import FileRefused

GEOJSON = b'{"type": "FeatureCollection", "features": []}'


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def refusal(path: Path, tmp_path: Path, **options: int) -> str:
    """Return the sentence; check that nothing was left beside the work folder."""
    workdir = tmp_path / "work"
    workdir.mkdir()
    before = {found for found in tmp_path.rglob("*") if workdir not in found.parents}
    with pytest.raises(FileRefused) as caught:
        open_through_gate(path, workdir, **options)
    assert {found for found in tmp_path.rglob("*") if workdir not in found.parents} == before
    return caught.value.text


@pytest.mark.parametrize(
    "name",
    [
        "../evil.geojson",
        "/etc/evil.geojson",
        "a/../../evil.geojson",
        "C:/evil.geojson",
        "a\\..\\evil.geojson",
    ],
)
def test_a_path_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "x.zip", {"communes.geojson": GEOJSON})
    # zipfile tidies names when it writes: put the hostile one in afterwards, same length.
    entry = name.replace("\\", "/")
    path = zipped(tmp_path / "x.zip", {"communes.geojson": GEOJSON, "z" * len(entry): GEOJSON})
    path.write_bytes(path.read_bytes().replace(b"z" * len(entry), name.encode()))
    assert "sort de son dossier" in refusal(path, tmp_path)


def test_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    link = zipfile.ZipInfo("communes.geojson")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/hostname")
    assert "lien" in refusal(path, tmp_path)


@pytest.mark.parametrize("inner", ["more.zip", "more.gz", "more.7z", "more.TAR"])
def test_an_archive_in_an_archive_is_refused(tmp_path: Path, inner: str) -> None:
    path = zipped(tmp_path / "x.zip", {"communes.geojson": GEOJSON, inner: b"PK"})
    assert "décompressez-la d'abord" in refusal(path, tmp_path)


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"communes.geojson": b'{"a": "' + b" " * 20_000_000 + b'"}'})
    assert "sans mesure" in refusal(path, tmp_path)


def test_a_bomb_is_refused_by_what_it_declares(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"communes.geojson": bytes(range(256)) * 40})
    assert "dépasse" in refusal(path, tmp_path, max_bytes=5_000)


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """The declared size is halved in both headers: the bytes that come out are what counts."""
    content = bytes(range(256)) * 400
    path = zipped(tmp_path / "x.zip", {"communes.geojson": content})
    true, false = len(content).to_bytes(4, "little"), (100).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(true, false))
    assert refusal(path, tmp_path)


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {f"{number}.txt": b"" for number in range(MAX_ENTRIES + 1)})
    assert "plus de 50" in refusal(path, tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_twins_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("communes.geojson", GEOJSON)
        archive.writestr("COMMUNES.geojson", GEOJSON)
    assert "même nom" in refusal(path, tmp_path)


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"communes.geojson": GEOJSON})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "chiffrée" in refusal(path, tmp_path)


@pytest.mark.parametrize("cut", [4, 30, 60, 100])
def test_a_damaged_archive_is_refused(tmp_path: Path, cut: int) -> None:
    path = zipped(tmp_path / "x.zip", {"communes.geojson": GEOJSON * 50})
    path.write_bytes(path.read_bytes()[:cut])
    assert "abîmé" in refusal(path, tmp_path)


def test_several_layers_need_a_choice_and_none_is_an_error(tmp_path: Path) -> None:
    two = zipped(tmp_path / "x.zip", {"a.geojson": GEOJSON, "b.geojson": GEOJSON})
    assert "plusieurs couches" in refusal(two, tmp_path)
    (tmp_path / "work").rmdir()
    assert "aucune couche" in refusal(zipped(tmp_path / "y.zip", {"lisez-moi.txt": b"..."}), tmp_path)


def test_names_on_disk_are_ours(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"dossier/Ma couche; rm -rf.geojson": GEOJSON, "LISEZ.txt": b""})
    workdir = tmp_path / "work"
    workdir.mkdir()
    opened = open_through_gate(path, workdir)
    assert opened.path == workdir / "couche.geojson"
    assert opened.name == "Ma couche; rm -rf.geojson"
    assert list(workdir.iterdir()) == [opened.path]


def test_gzip_is_bounded_and_named(tmp_path: Path) -> None:
    bomb = tmp_path / "x.geojson.gz"
    bomb.write_bytes(gzip.compress(b"{" + b" " * 20_000_000))
    assert "sans mesure" in refusal(bomb, tmp_path)
    (tmp_path / "work" / "couche.geojson").unlink()
    (tmp_path / "work").rmdir()
    tar = tmp_path / "x.tar.gz"
    tar.write_bytes(gzip.compress(b"..."))
    assert ".geojson.gz" in refusal(tar, tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.geojson", b"<OGRVRTDataSource><OGRVRTLayer name='a'/></OGRVRTDataSource>"),
        ("x.geojson", b'\xef\xbb\xbf  <?xml version="1.0"?><OGRVRTDataSource/>'),
        ("x.kml", b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "b">]><kml/>'),
        ("x.gpkg", b'{"type": "FeatureCollection"}'),
        ("x.geojson", b"SQLite format 3\x00" + b"\x00" * 100),
        ("x.shp", b"fgb\x03fgb\x00"),
        ("x.geojson", b""),
        ("x.csv", b"code;nom\n15014;Aurillac\n"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c"),
        ("x", b'{"type": "FeatureCollection"}'),
    ],
)
def test_content_and_name_must_agree_and_be_known(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "introuvable" in refusal(tmp_path / "absent.geojson", tmp_path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "introuvable" in refusal(tmp_path, tmp_path)
