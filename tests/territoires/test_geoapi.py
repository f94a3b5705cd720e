"""geo.api.gouv.fr: a true HTTP server on the loopback plays its part, well and badly."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import shapely

from territoires.geoapi import GeoApiUnavailable, fetch_outlines
from tests.territoires.made import cell

CODES = {"15014", "15267"}
Answer = Callable[[BaseHTTPRequestHandler], None]


def collection(codes: set[str], **geometry: Any) -> bytes:
    outline = geometry or json.loads(shapely.to_geojson(cell(0)))
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": outline} for code in sorted(codes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def ok(body: bytes) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/geo+json")
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], tuple[str, list[str]]]]:
    servers = []

    def start(answer: Answer) -> tuple[str, list[str]]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                try:
                    answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    asked.append("left")

            def log_message(self, *_args: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def fetch(base_url: str, target: Path, timeout: float = 5) -> None:
    fetch_outlines(siren="241500230", expected=CODES, target=target, base_url=base_url, timeout=timeout)


def test_the_outlines_of_the_epci_are_fetched(serve: Any, tmp_path: Path) -> None:
    base_url, asked = serve(ok(collection(CODES)))
    fetch(base_url, tmp_path / "c.geojson")
    assert asked == ["/epcis/241500230/communes?fields=code,nom&format=geojson&geometry=contour"]
    assert len(json.loads((tmp_path / "c.geojson").read_bytes())["features"]) == 2


def redirect(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "file:///etc/hostname")
    handler.end_headers()


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _second in range(40):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def flood(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _megabyte in range(12):
        handler.wfile.write(b" " * (1 << 20))


@pytest.mark.parametrize(
    "answer",
    [
        redirect,
        drip,
        flood,
        lambda handler: handler.send_error(500),
        lambda handler: handler.send_error(404),
        ok(b""),
        ok(b"<html></html>"),
        ok(b"[" * 100_000),
        ok(b'{"features": 3}'),
        ok(b'{"features": [{"properties": {"code": ["15014"]}, "geometry": null}]}'),
        ok(collection({"15014"})),
        ok(collection(CODES | {"75056"})),
        ok(collection(CODES, type="Point", coordinates=[2, 45])),
    ],
)
def test_any_other_answer_is_unavailable_and_writes_nothing(
    serve: Any, tmp_path: Path, answer: Answer
) -> None:
    base_url, _asked = serve(answer)
    with pytest.raises(GeoApiUnavailable):
        fetch(base_url, tmp_path / "c.geojson", timeout=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("base_url", ["file:///etc", "ftp://127.0.0.1", "non", "", "http://127.0.0.1:9"])
def test_an_address_that_is_not_http_or_silent_is_unavailable(tmp_path: Path, base_url: str) -> None:
    with pytest.raises(GeoApiUnavailable):
        fetch(base_url, tmp_path / "c.geojson")
