"""An outside service on loopback that answers what it is told to, well or badly, and remembers what it was asked."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass(frozen=True)
class Scripted:
    """One answer."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Sent as it is, in place of the JSON body."""
    missing: int = 0
    """Bytes that Content-Length promises and that do not come."""
    silent: bool = False
    """No answer at all until the service stops."""


@dataclass(frozen=True)
class Received:
    """One request."""

    verb: str
    path: str
    headers: Message
    body: str
    """Bytes that are no UTF-8 are escaped as surrogates."""


class LocalService:
    """What it was asked, and what it will answer next; by default, whatever `otherwise` makes of the request."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: deque[Scripted] = deque()
        self.otherwise: Callable[[Received], Scripted] = lambda request: Scripted(500)
        self.url = ""
        self.stopping = Event()

    def answer(self, request: Received) -> Scripted:
        """The next answer."""
        self.received.append(request)
        return self.answers.popleft() if self.answers else self.otherwise(request)


@contextmanager
def local_service() -> Iterator[LocalService]:
    """A service that runs until the block ends."""
    service = LocalService()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode("utf-8", "surrogateescape")
            scripted = service.answer(Received(self.command, self.path, self.headers, body))
            self.close_connection = True
            if scripted.silent:
                service.stopping.wait()
                return
            content = json.dumps(scripted.body).encode() if scripted.raw is None else scripted.raw
            self.send_response(scripted.status)
            for name, value in scripted.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Connection", "close")
            self.send_header("Content-Length", str(len(content) + scripted.missing))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Not to the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        service.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
