"""Files and cells meant to harm: refused in words, and nothing of them is left."""

import io
import zipfile
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from contributions.imports.run import MAX_BYTES
from contributions.models import Import
from territoires.sandbox import read_vector_file
from tests.imports.conftest import Send, csv_of, told, tried

pytestmark = pytest.mark.django_db

BOMB = io.BytesIO()
with zipfile.ZipFile(BOMB, "w", zipfile.ZIP_DEFLATED) as _bomb:
    _bomb.writestr("couche.geojson", b"0" * 200_000_000)
ODS_DTD = io.BytesIO()
with zipfile.ZipFile(ODS_DTD, "w", zipfile.ZIP_DEFLATED) as _ods:
    _ods.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    _ods.writestr("content.xml", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
ESCAPE = io.BytesIO()
with zipfile.ZipFile(ESCAPE, "w") as _escape:
    _escape.writestr("../couche.geojson", b"{}")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "vide.csv"),
        (b"nom;kind\n", "sans-ligne.csv"),
        (b"nom;nom\na;b\n", "deux-fois.csv"),
        (b"nom;\x00\na;b\n", "nul.csv"),
        (b"<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>", "piege.csv"),
        (b"<OGRVRTDataSource/>", "piege.gpkg"),
        (b'{"type": "x"}', "objet.csv"),
        (b"nom\n" + b"x" * 3_000_000, "ligne.csv"),
        (b"a;" * 500 + b"a\n" + b"1;" * 500 + b"1\n", "large.csv"),
        (b"MZ\x90", "programme.exe"),
        (b"nom;kind\na;b", "rien"),
        (b"PK\x03\x04abc", "abime.zip"),
        (b"PK\x03\x04abc", "abime.ods"),
        (BOMB.getvalue(), "bombe.zip"),
        (ESCAPE.getvalue(), "sortie.zip"),
        (ODS_DTD.getvalue(), "entites.ods"),
        (b"SQLite format 3\x00" + b"\x00" * 2000, "abime.gpkg"),
        (b"nom;kind\na;b", "../../etc/passwd"),
    ],
)
def test_a_hostile_file_is_refused_in_words_and_leaves_nothing(
    send: Send, media: Path, content: bytes, name: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        send(content, name)
    [text] = refused.value.message_dict["fichier"]
    assert text.endswith(".") or text.endswith(")."), text
    assert not Import.objects.exists() and not list(media.glob("imports/*"))


def test_nonsense_cells_are_told_row_by_row(send: Send) -> None:
    rows = [
        "A;cafe;;nan;44,93",
        "B;cafe;;1e999;44,93",
        "C;cafe;;2,44;",
        "D;cafe;;deux;44,93",
        "E;cafe;;2,44;444",
        ";cafe;;2,44;44,93",
        "=cmd|x;cafe;;2,44;44,93",
    ]
    row = tried(send(csv_of(*rows)))
    assert {line[0] for line in told(row)} >= {"1", "2", "3", "4", "5"}
    assert row.counts["rows"] == 7 and row.counts["create"] + row.counts["refused"] == 7


def test_a_table_is_read_apart_with_its_texts_as_texts(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_bytes("code,nom\n01001,L'Abergement-Clémenciat\n".encode("utf-8-sig"))
    with read_vector_file(path, max_features=10, max_bytes=MAX_BYTES, tables=True) as file:
        assert [cells for _wkb, cells in file.features] == [
            {"code": "01001", "nom": "L'Abergement-Clémenciat"}
        ]
