"""`reperes-suivre`: what it does to a table, what it refuses to touch, what it says."""

import json
import re
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from django.contrib.gis.geos import Point

from couches.models import CoucheVersion
from couches.publication import revert
from territoires.models import Commune
from tests.client.conftest import SCHEMA, TABLE, Client, differences, held_version
from tests.exports import factories as made
from tests.exports.conftest import FIRST, version  # noqa: F401  # the published couche is a fixture

NEW = uuid.UUID("22222222-2222-4222-8222-222222222222")
ELSEWHERE = Point(2.3412345, 44.9212345, srid=4326)
Follower = psycopg.Connection[Any]


def one(follower: Follower, query: str) -> Any:
    row = follower.execute(query).fetchone()  # type: ignore[call-overload]
    return row[0] if row and len(row) == 1 else row


@pytest.fixture
def second(version: CoucheVersion, client_program: Client) -> CoucheVersion:  # noqa: F811
    """The table holds version 1, and version 2 is out: one moved to Ytrac, one added, one withdrawn."""
    assert "Version 1 (entière)" in client_program.run()
    gone = version.couche.features.exclude(pk=FIRST).order_by("number").first()
    assert gone is not None
    return made.release(
        made.change("update", FIRST, geom=ELSEWHERE, commune_id="15267", accuracy_m=12.5),
        made.change(feature_id=NEW),
        made.change("delete", gone.pk),
    )


def test_a_delta_is_applied_then_nothing_is_left_to_do(
    second: CoucheVersion, client_program: Client, follower: Follower
) -> None:
    said = client_program.run()
    assert "Version 2 (depuis la 1) : 2 objets écrits, 1 retirés" in said and "empreinte vérifiée" in said
    assert differences(follower, 2) == []
    writes = f"SELECT array_agg(xmin::text ORDER BY id) FROM {TABLE}"
    before = one(follower, writes)
    assert "À jour : version 2" in client_program.run("--verifier")
    assert one(follower, writes) == before, "an idle run wrote rows"
    assert list(client_program.folder.iterdir()) == [], "downloads are left behind"


def test_a_revert_brings_the_rows_back(
    second: CoucheVersion, client_program: Client, follower: Follower
) -> None:
    client_program.run()
    revert(couche=second.couche, number=1, by=None)
    client_program.run()
    assert differences(follower, 3) == differences(follower, 1) == []


def test_it_stops_where_it_is_told(second: CoucheVersion, client_program: Client, follower: Follower) -> None:
    revert(couche=second.couche, number=1, by=None)
    client_program.run("--jusqu-a", "2")
    assert (held_version(follower), differences(follower, 2)) == (2, [])
    assert "déjà en version 2" in client_program.run("--jusqu-a", "1")


def test_the_table_is_in_the_projection_asked(
    version: CoucheVersion,  # noqa: F811
    client_program: Client,
    follower: Follower,
) -> None:
    client_program.run("--crs", "2154")
    shift = f"SELECT max(ST_Distance(geom, ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), 2154))) FROM {TABLE}"
    assert one(follower, f"SELECT DISTINCT ST_SRID(geom) FROM {TABLE}") == 2154
    assert one(follower, shift) < 0.001
    assert "donnez les mêmes options" in client_program.run("--crs", "4326", code=2)


def test_a_territory_is_followed_across_its_border(
    version: CoucheVersion,  # noqa: F811
    client_program: Client,
    follower: Follower,
) -> None:
    places = {"15014": f"{SCHEMA}.aurillac", "15267": f"{SCHEMA}.ytrac"}
    for code, table in places.items():
        client_program.run("--territoire", f"commune:{code}", table=table)
    made.release(
        made.change("update", FIRST, geom=ELSEWHERE, commune_id="15267", accuracy_m=12.5),
        made.change(feature_id=NEW),
    )
    for code, table in places.items():
        assert "depuis la 1" in client_program.run("--territoire", f"commune:{code}", table=table)
        assert differences(follower, 2, table=table, commune=code) == []
    assert one(follower, f"SELECT count(*) FROM {SCHEMA}.ytrac WHERE id = '{FIRST}'") == 1


def test_withdrawn_objects_are_kept_on_demand_and_come_back(
    second: CoucheVersion, client_program: Client, follower: Follower
) -> None:
    client_program.run("--garder-retires")
    retired = f"SELECT count(*), min(retired_in) FROM {TABLE} WHERE retired_at IS NOT NULL"
    assert one(follower, retired) == (1, 2)
    assert differences(follower, 2) == []
    revert(couche=second.couche, number=1, by=None)
    client_program.run("--garder-retires")
    assert one(follower, retired) == (1, 3)
    assert differences(follower, 3) == []


def test_what_somebody_changed_here_is_seen_and_repaired(
    second: CoucheVersion, client_program: Client, follower: Follower
) -> None:
    follower.execute(f"UPDATE {TABLE} SET observations = 99 WHERE id <> %s", [FIRST])  # type: ignore[arg-type]
    said = client_program.run()
    assert "Écart" in said and "reprise en entier" in said
    assert differences(follower, 2) == []
    follower.execute(f"DELETE FROM {TABLE} WHERE id = %s", [FIRST])  # type: ignore[arg-type]
    assert "À jour" in client_program.run()
    assert "Écart" in client_program.run("--verifier")
    assert differences(follower, 2) == []


def test_the_flat_view_follows_the_schema(
    version: CoucheVersion,  # noqa: F811
    client_program: Client,
    follower: Follower,
) -> None:
    client_program.run("--vue", f"{SCHEMA}.a_plat")
    assert one(follower, f"SELECT display FROM {SCHEMA}.a_plat WHERE id = '{FIRST}'") == "emergency_only"
    schema = version.couche.attribute_schema
    schema["properties"]["nouvelle"] = {"type": "boolean", "title": "Nouvelle"}
    try:
        type(version.couche).objects.filter(pk=version.couche_id).update(attribute_schema=schema)
        made.release(made.change("update", FIRST, attributes={**made.REPORT, "nouvelle": True}))
        client_program.run("--vue", f"{SCHEMA}.a_plat")
        assert one(follower, f"SELECT nouvelle FROM {SCHEMA}.a_plat WHERE id = '{FIRST}'") == "true"
    finally:
        del schema["properties"]["nouvelle"]
        type(version.couche).objects.filter(pk=version.couche_id).update(attribute_schema=schema)


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_what_it_did_not_make_is_never_touched(
    version: CoucheVersion,  # noqa: F811
    client_program: Client,
    follower: Follower,
    kind: str,
) -> None:
    follower.execute(f"CREATE SCHEMA {SCHEMA}")  # type: ignore[arg-type]
    follower.execute(f"CREATE {kind} {TABLE} AS SELECT 'précieux' AS texte")  # type: ignore[arg-type]
    assert "n'a pas été faite par reperes-suivre" in client_program.run(code=2)
    assert one(follower, f"SELECT texte FROM {TABLE}") == "précieux"


def test_a_table_made_again_by_another_is_not_touched(
    second: CoucheVersion, client_program: Client, follower: Follower
) -> None:
    follower.execute(f"DROP TABLE {TABLE}")  # type: ignore[arg-type]
    follower.execute(f"CREATE TABLE {TABLE} AS SELECT 'précieux' AS texte")  # type: ignore[arg-type]
    assert "refaite par quelqu'un d'autre" in client_program.run(code=2)
    assert one(follower, f"SELECT texte FROM {TABLE}") == "précieux"


def test_a_refusal_of_the_site_is_said_once(aurillac: Commune, client_program: Client) -> None:
    said = client_program.run(code=3)
    assert "pas encore de version publiée" in said and "nouvel essai" not in said


def test_other_addresses_are_refused(aurillac: Commune, client_program: Client) -> None:
    client_program.url = "file:///etc"
    assert "Adresse illisible" in client_program.run(code=2)
    client_program.url = "http://127.0.0.1:9"
    assert "après 2 essais" in client_program.run(code=4)


class _Between(BaseHTTPRequestHandler):
    """A site that fails as real ones do, before the real one."""

    site: str
    fault: str
    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        wanted = self.headers.get("Range")
        type(self).asked.append((path, wanted))
        answer = requests.get(self.site + self.path, headers={"accept": "*/*"}, timeout=30)
        content, status, more = answer.content, answer.status_code, {}
        delta, times = "/depuis/" in path, [one[0] for one in self.asked].count(path)
        if self.fault == "busy" and times == 1:
            content, status, more = b"{}", 503, {"Retry-After": "0"}
        elif self.fault == "corrupted" and delta:
            content = re.sub(rb'"observations":1\b', b'"observations":7', content)
        elif self.fault == "cut" and delta:
            content = content[: len(content) // 2]
        elif self.fault == "resumable" and delta:
            more = {"Accept-Ranges": "bytes", "ETag": '"un"'}
            if wanted:
                first = int(wanted[6:-1])
                more["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
                status, content = 206, content[first:]
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        half = len(content) // 2 if self.fault == "resumable" and delta and not wanted else len(content)
        self.wfile.write(content[:half])

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def between(site: str, client_program: Client) -> Iterator[type[_Between]]:
    """Put a faulty site between the client and the real one."""
    handler = type("Handler", (_Between,), {"site": site, "fault": "", "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    client_program.url = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_busy_site_is_asked_again(
    between: type[_Between], second: CoucheVersion, client_program: Client, follower: Follower
) -> None:
    between.fault, between.asked = "busy", []
    assert "réponse 503 : nouvel essai dans 0 s." in client_program.run()
    assert differences(follower, 2) == []


def test_a_cut_download_goes_on_where_it_stopped(
    between: type[_Between], second: CoucheVersion, client_program: Client, follower: Follower
) -> None:
    between.fault, between.asked = "resumable", []
    client_program.run()
    ranges = [wanted for path, wanted in between.asked if "/depuis/" in path]
    assert ranges[0] is None and re.fullmatch(r"bytes=\d+-", ranges[1] or "") and len(ranges) == 2
    assert differences(follower, 2) == []


def test_a_cut_delta_changes_nothing(
    between: type[_Between], second: CoucheVersion, client_program: Client, follower: Follower
) -> None:
    between.fault = "cut"
    assert "coupé" in client_program.run(code=4)
    assert held_version(follower) == 1 and differences(follower, 1) == []


def test_a_corrupted_delta_is_seen_and_the_whole_taken_instead(
    between: type[_Between], second: CoucheVersion, client_program: Client, follower: Follower
) -> None:
    between.fault = "corrupted"
    said = client_program.run()
    assert "Écart" in said and "Version 2 (entière)" in said
    assert differences(follower, 2) == []


def test_without_verification_the_comparison_sees_the_divergence(
    between: type[_Between],
    second: CoucheVersion,
    client_program: Client,
    follower: Follower,
    tmp_path: Path,
) -> None:
    """The control: a client that does not check, on a corrupted delta, is caught by `differences`."""
    (tmp_path / "sitecustomize.py").write_text(
        "import reperes_suivre.table as table\ntable.Table.check = lambda *arguments: None\n"
    )
    between.fault = "corrupted"
    from tests.client.conftest import SOURCE

    client_program.environment["PYTHONPATH"] = f"{tmp_path}:{SOURCE}"
    client_program.run()
    assert {row[0] for row in differences(follower, 2)} == {"missing", "extra"}


def test_a_hostile_answer_never_runs(
    between: type[_Between], second: CoucheVersion, client_program: Client, follower: Follower
) -> None:
    """Names and texts go to the database as values: nothing of theirs is SQL."""
    last = made.release(
        made.change("update", FIRST, attributes={"comment": "'); DROP TABLE x; --", "b\\c": 1})
    )
    client_program.run()
    assert differences(follower, last.number) == []
    assert json.loads(json.dumps(one(follower, f"SELECT attributes FROM {TABLE} WHERE id = '{FIRST}'")))
