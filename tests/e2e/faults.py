"""A network that fails on command: a proxy on the loopback, between the browser and the site.

Each answer closes its connection: on one that is used again, Chromium sends a cut request a
second time by itself, POST included, and the tests count requests.
"""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

# What the queue asks of the server, by the names that the tests use.
DEFI, TEXT, PHOTO, OTHER = "defi", "text", "photo", "other"
PORTAL = b"<!DOCTYPE html><title>Wifi</title><h1>Acceptez les conditions du wifi</h1>"
# Faults that never reach the site: status, headers, body.
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "portal": (200, {"Content-Type": "text/html"}, PORTAL),
    "redirect": (302, {"Location": "/a-propos-du-wifi"}, b""),
    "filter": (403, {"Content-Type": "text/html"}, PORTAL),
    "429": (
        429,
        {"Content-Type": "application/problem+json", "Retry-After": "2"},
        b'{"detail": "Plus tard.", "type": "urn:trop"}',
    ),
    **{str(code): (code, {"Content-Type": "text/html"}, b"<h1>%d</h1>" % code) for code in (500, 502, 503)},
    # 200, JSON, and not a word of the report: what a careless queue would take for a success.
    "empty": (200, {"Content-Type": "application/json"}, b"{}"),
}
# Faults that do: nothing came through, the answer is lost, stops half-way, or takes its time.
CUTS = ("drop_before", "drop_after", "half", "torn", "slow", "slow_after")
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Seen:
    """One request as the network saw it; `status` is what the browser was told, 0 when it was cut."""

    call: str
    id: str
    fault: str
    status: int


class FaultyNetwork:
    """The browser's only way to the site."""

    def __init__(self, site: str) -> None:
        """Listen on a free port and forward to `site`."""
        self.site = urlsplit(site).netloc
        self.is_up = True
        self.seen: list[Seen] = []
        self._plan: list[tuple[str, str]] = []
        self._held = 0
        self._asked = 0
        self._gate = threading.Event()
        self._changed = threading.Condition()
        handler = type("Handler", (_Handler,), {"network": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def plan(self, *faults: str, on: str = "") -> None:
        """Fail the next requests of the queue, each once, in order; `on` waits for one kind of them."""
        for fault in faults:
            assert fault in ANSWERS or fault in CUTS, fault
        with self._changed:
            self._plan += [(fault, on) for fault in faults]
            self._gate.clear()

    def heal(self) -> None:
        """Let everything through from now on, what is held included."""
        with self._changed:
            self._plan.clear()
            self.is_up = True
            self._gate.set()

    def stop(self) -> None:
        """Stop listening, once the site has answered all that it was asked."""
        self.heal()
        self.is_up = False
        self._await(lambda: self._asked == 0)
        self._server.shutdown()
        self._server.server_close()

    def count(self, call: str, report_id: str = "") -> int:
        """Return how many requests of a kind were answered or cut, of one report or of all."""
        return sum(one.call == call and report_id in ("", one.id) for one in self.seen)

    def await_holding(self, patience_s: float = PATIENCE_S) -> bool:
        """Return once a slow request is held; False when none came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._held > 0, patience_s)

    def await_seen(self, condition: Callable[[list[Seen]], Any]) -> None:
        """Return once what was seen satisfies `condition`."""
        self._await(lambda: bool(condition(self.seen)))

    def await_stored(self, *ids: str) -> None:
        """Return once each report was answered 200 or 201."""
        self.await_seen(
            lambda seen: set(ids) <= {one.id for one in seen if one.call == TEXT and one.status in (200, 201)}
        )

    def _await(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), self.seen

    def fault_for(self, call: str) -> str:
        """Return what the plan keeps for this request, "" to let it pass."""
        with self._changed:
            if not self.is_up:
                return "drop_before"
            for rank, (fault, on) in enumerate(self._plan):
                if call != OTHER and on in ("", call):
                    del self._plan[rank]
                    return fault
        return ""

    def hold(self) -> None:
        """Wait for the network to heal."""
        with self._changed:
            self._held += 1
            self._changed.notify_all()
        self._gate.wait(PATIENCE_S)
        with self._changed:
            self._held -= 1

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Count a request that the site is answering."""
        with self._changed:
            self._asked += 1
        try:
            yield
        finally:
            with self._changed:
                self._asked -= 1
                self._changed.notify_all()

    def note(self, seen: Seen) -> None:
        """Remember a request, once its fate is known."""
        with self._changed:
            self.seen.append(seen)
            self._changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The browser hung up: that is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    network: FaultyNetwork

    def do_GET(self) -> None:
        """Any method is treated alike."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call, report_id = _named(self.command, self.path, body)
        fault = self.network.fault_for(call)
        status = 0
        # The browser may be gone when its answer comes: the request has happened all the same.
        with contextlib.suppress(ConnectionError):
            try:
                status = self._live_through(fault, body)
            finally:
                self.network.note(Seen(call, report_id, fault, status))

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the tests read `seen`."""

    def _live_through(self, fault: str, body: bytes) -> int:
        if fault in ANSWERS:
            return self._answer(*ANSWERS[fault])
        if fault == "drop_before":
            return self._cut()
        if fault == "slow":
            self.network.hold()
        status, headers, answer = self._forward(body)
        if fault == "slow_after":
            self.network.hold()
        if fault == "drop_after":
            return self._cut()
        if fault == "half":
            # Whole for HTTP, half for JSON.
            self._answer(status, headers, answer[: len(answer) // 2])
            return 0
        if fault == "torn":
            self._answer(status, headers, answer, sent=len(answer) // 2)
            return self._cut()
        return self._answer(status, headers, answer)

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Ask the site, with the host that the browser knows: origin and cookies are the proxy's."""
        link = http.client.HTTPConnection(self.network.site, timeout=60)
        with self.network.asking(), contextlib.closing(link):
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            link.request(self.command, self.path, body=body, headers={**headers, "Connection": "close"})
            response = link.getresponse()
            # A HEAD keeps its length: the page shows a weight from it.
            kept = _kept(response, with_length=self.command == "HEAD")
            return response.status, kept, response.read()

    def _answer(self, status: int, headers: dict[str, str], body: bytes, sent: int | None = None) -> int:
        self.send_response_only(status)
        for name, value in headers.items():
            for one in value.split("\n"):
                self.send_header(name, one)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:sent])
        return status

    def _cut(self) -> int:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        return 0


def _kept(response: http.client.HTTPResponse, *, with_length: bool) -> dict[str, str]:
    """Return the headers to pass on; a name that comes twice (cookies) has its values on lines."""
    left_out = {"connection", "transfer-encoding", *(() if with_length else ("content-length",))}
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        if name.lower() not in left_out:
            headers[name] = f"{headers[name]}\n{value}" if name in headers else value
    return headers


def _named(method: str, path: str, body: bytes) -> tuple[str, str]:
    """Return the kind of a request, and the report it is about."""
    where = urlsplit(path).path
    if method == "POST" and where == "/api/v1/contributions/":
        with contextlib.suppress(ValueError, AttributeError):
            return TEXT, str(json.loads(body).get("id"))
        return TEXT, ""
    if method == "PUT" and "/photos/" in where:
        return PHOTO, where.split("/")[4]
    return (DEFI if where == "/api/v1/defi/" else OTHER), ""
