"""The reading process: one driver, no secret, no other file, no network, bounded, and honest about failure."""

import http.server
import os
import threading
import time
from pathlib import Path

import psutil
import pyogrio
import pytest
import shapely

from territoires import sandbox
from territoires.archive import OpenedFile
from territoires.refusals import FileRefused
from territoires.sandbox import ALLOWED_DRIVERS, read_vector_file, skipped_drivers
from tests.territoires.made import cell, write_geojson, write_vector


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(FileRefused) as caught, read_vector_file(path, max_features=100, **options) as source:  # type: ignore[arg-type]
        list(source.features)
    return caught.value.text


def test_features_come_back_with_their_columns_and_crs(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "communes.geojson", {"15014": cell(0), "15267": cell(1)})
    with read_vector_file(path, max_features=10) as source:
        assert (source.crs, source.fields) == ("EPSG:4326", ["code", "nom"])
        rows = list(source.features)
    assert [properties for _wkb, properties in rows] == [
        {"code": "15014", "nom": "Nom 15014"},
        {"code": "15267", "nom": "Nom 15267"},
    ]
    assert shapely.from_wkb(rows[1][0]).equals(cell(1))


def test_a_vrt_named_geojson_reads_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("code,nom\n15014,canari\n", encoding="utf-8")
    path = tmp_path / "communes.geojson"
    path.write_text(
        f"<OGRVRTDataSource><OGRVRTLayer name='secret'><SrcDataSource>{secret}</SrcDataSource>"
        "</OGRVRTLayer></OGRVRTDataSource>",
        encoding="utf-8",
    )
    assert "canari" not in refusal(path)


@pytest.mark.parametrize("driver", ALLOWED_DRIVERS)
def test_the_child_has_one_driver_only(tmp_path: Path, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even past the sniffing, a VRT finds no driver: the gate is made to lie here."""
    secret = write_geojson(tmp_path / "secret.geojson", {"15014": cell(0)})
    path = tmp_path / "x.vrt"
    path.write_text(
        f"<OGRVRTDataSource><OGRVRTLayer name='secret'><SrcDataSource>{secret}</SrcDataSource>"
        "</OGRVRTLayer></OGRVRTDataSource>",
        encoding="utf-8",
    )
    assert pyogrio.read_info(path)["features"] == 1  # unprotected, GDAL obeys the file
    opened = OpenedFile(path=path, driver=driver, name=path.name)
    monkeypatch.setattr(sandbox, "open_through_gate", lambda *_args, **_options: opened)
    assert refusal(path)


def test_every_other_driver_is_skipped() -> None:
    drivers = set(pyogrio.list_drivers())
    for driver in ALLOWED_DRIVERS:
        assert set(skipped_drivers(driver).split(",")) == drivers - {driver}


def test_a_forgotten_skip_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child counts its drivers itself before it opens anything."""
    path = write_geojson(tmp_path / "x.geojson", {"15014": cell(0)})
    monkeypatch.setattr(sandbox, "skipped_drivers", lambda driver: "CSV")
    assert "d'autres formats" in refusal(path)


def test_no_secret_enters_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "canari-canari-canari")
    heavy = cell(0).segmentize(0.0002)  # more than a pipe holds: the child waits for us
    path = write_geojson(tmp_path / "x.geojson", {f"{code:05}": heavy for code in range(1000, 1090)})
    monkeypatch.setattr(sandbox, "BATCH_SIZE", 1)
    before = {child.pid for child in psutil.Process().children()}
    with read_vector_file(path, max_features=100):
        [child] = [child for child in psutil.Process().children() if child.pid not in before]
        environment = Path(f"/proc/{child.pid}/environ").read_bytes()
    assert b"canari" not in environment
    assert b"DATABASE_URL" not in environment
    assert not psutil.pid_exists(child.pid)


def test_a_url_in_the_file_is_never_fetched(tmp_path: Path) -> None:
    hits = []

    class Canary(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Canary) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/x.geojson"
        for name, text in (
            ("a.geojson", f'{{"type": "FeatureCollection", "features": [], "url": "{url}"}}'),
            (
                "b.geojson",
                f'{{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {url}"}}',
            ),
            ("c.geojson", url),
            ("d.geojson", f"/vsicurl/{url}"),
        ):
            path = tmp_path / name
            path.write_text(text, encoding="utf-8")
            assert refusal(path, columns=[["code"]])
        server.shutdown()
    assert hits == []


def test_a_shapefile_without_prj_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = write_vector(
        tmp_path / "COMMUNE.shp", {"15014": cell(0)}, crs="EPSG:4326", code_column="INSEE_COM"
    )
    path.with_suffix(".prj").unlink()
    assert ".prj" in refusal(path)


def test_too_many_features_are_refused(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "x.geojson", {f"{code:05}": cell(0) for code in range(1000, 1101)})
    assert "plus de 100" in refusal(path)


def test_a_file_cut_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = write_vector(tmp_path / "x.fgb", {f"{code:05}": cell(0) for code in range(1000, 1090)})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "abîmé" in refusal(path)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"type": "FeatureCollection"}',
        '{"type": "Topology", "objects": {}}',
        '{"a":' * 5000 + "1" + "}" * 5000,
        '{"type": "FeatureCollection", "features": [null, 1, "x"]}',
    ],
)
def test_json_that_is_no_geojson_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.geojson"
    path.write_text(text, encoding="utf-8")
    assert refusal(path, columns=[["code"]])


def test_the_clock_stops_a_reader_that_takes_too_long(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "x.geojson", {f"{code:05}": cell(0) for code in range(1000, 1090)})
    assert "temps permis" in refusal(path, wall_seconds=0.01)


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_geojson(tmp_path / "x.geojson", {"15014": cell(0)})
    monkeypatch.setattr(sandbox, "MEMORY_BYTES", 300 << 20)
    assert refusal(path)


def test_leaving_early_ends_the_child_and_removes_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(sandbox, "BATCH_SIZE", 1)
    before = len(psutil.Process().children())
    path = write_geojson(tmp_path / "x.geojson", {f"{code:05}": cell(0) for code in range(1000, 1090)})
    with read_vector_file(path, max_features=100) as source:
        next(source.features)
    assert len(psutil.Process().children()) == before
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("encoding", "cpg"), [("UTF-8", True), ("UTF-8", False), ("ISO-8859-1", True), ("ISO-8859-1", False)]
)
def test_a_shapefile_speaks_utf8_or_latin1_with_or_without_cpg(
    tmp_path: Path, encoding: str, cpg: bool
) -> None:
    names = ["Arpajon-sur-Cère", "L'Haÿ-les-Roses"]
    path = write_vector(
        tmp_path / "COMMUNE.shp",
        {"15012": cell(0), "94038": cell(1)},
        code_column="INSEE_COM",
        names=names,
        encoding=encoding,
    )
    if not cpg:
        path.with_suffix(".cpg").unlink(missing_ok=True)
    with read_vector_file(path, max_features=10) as source:
        assert [properties["nom_offici"] for _wkb, properties in source.features] == names


def test_a_cpg_that_lies_is_not_believed(tmp_path: Path) -> None:
    names = ["Arpajon-sur-Cère"]
    path = write_vector(
        tmp_path / "COMMUNE.shp",
        {"15012": cell(0)},
        code_column="INSEE_COM",
        names=names,
        encoding="ISO-8859-1",
    )
    path.with_suffix(".cpg").write_text("UTF-8", encoding="ascii")
    with read_vector_file(path, max_features=10) as source:
        assert [properties["nom_offici"] for _wkb, properties in source.features] == names


def test_the_layer_is_chosen_by_name_then_by_columns(tmp_path: Path) -> None:
    path = tmp_path / "france.gpkg"
    write_vector(path, {"15": cell(0)}, layer="departement", code_column="code_insee_du_departement")
    write_vector(path, {"15027": cell(1)}, layer="commune_associee_ou_deleguee", append=True)
    write_vector(path, {"15014": cell(2)}, layer="commune", append=True)
    with read_vector_file(path, max_features=10, layers=["commune"], columns=[["code_insee"]]) as source:
        assert source.layer == "commune"
        assert [properties["code_insee"] for _wkb, properties in source.features] == ["15014"]
    assert "Lu : " in refusal(path, columns=[["inconnue"]])


def test_reading_is_over_before_the_clock_and_the_thread_goes(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "x.geojson", {"15014": cell(0)})
    threads = threading.active_count()
    with read_vector_file(path, max_features=10) as source:
        list(source.features)
    deadline = time.monotonic() + 5
    while threading.active_count() > threads and time.monotonic() < deadline:
        os.sched_yield()
    assert threading.active_count() == threads
