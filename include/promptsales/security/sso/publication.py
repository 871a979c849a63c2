"""Publishing the public keys (JWKS, RFC 7517) over HTTP, for whoever checks tokens without the warehouse."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

import psycopg

from promptsales.errors import UnreachableError
from promptsales.security.sso.keys import key_set

logger = logging.getLogger(__name__)

PATH = "/.well-known/jwks.json"

KEPT_SECONDS = 60
"""How long an answer may be kept, here and by who asked: as the servers keep the keys."""

REQUEST_SECONDS = 10
"""What a request may take to arrive."""


class KeyServer(ThreadingHTTPServer):
    """Serves the keys at `PATH`, and nothing else.

    Args:
        address: host and port; port 0 is any free one.
        connect: opens a connection of the role `promptsales_verificador`.

    Raises:
        OSError: the address is taken, or not of this machine.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], connect: Callable[[], psycopg.Connection[Any]]) -> None:
        super().__init__(address, _Request)
        self._connect = connect
        self._answer = b""
        self._asked_at = float("-inf")
        self._lock = Lock()

    def keys(self) -> bytes:
        """The JWKS as JSON.

        Raises:
            UnreachableError: the warehouse does not answer.
            psycopg.Error: it does not tell.
        """
        with self._lock:
            if time.monotonic() - self._asked_at > KEPT_SECONDS:
                with closing(self._connect()) as connection:
                    self._answer = json.dumps(key_set(connection)).encode()
                self._asked_at = time.monotonic()
            return self._answer


class _Request(BaseHTTPRequestHandler):
    server: KeyServer
    server_version = "promptsales"
    sys_version = ""
    timeout = REQUEST_SECONDS

    def do_GET(self) -> None:
        if self.path != PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            answer = self.server.keys()
        except (psycopg.Error, UnreachableError) as error:
            logger.warning("the keys cannot be read: %s", type(error).__name__)
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/jwk-set+json")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Cache-Control", f"public, max-age={KEPT_SECONDS}")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        logger.info(format, *args)
