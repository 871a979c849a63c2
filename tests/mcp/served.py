"""A running MCP server with its users: real processes, the real client, and HTTP where the protocol is the point."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import httpx
from mart_readers import FilledWarehouse
from mcp_types import CallToolResult
from pydantic import SecretStr

from mcp_servers.client import connected
from promptsales.connections import connect_postgres, connect_redis
from promptsales.local.engines import environment
from promptsales.security.sso.sign_in import AUDIENCES, SignOn
from promptsales.security.sso.users import Users
from promptsales.settings import Settings

PASSWORD = "una clave larga y secreta"
START_SECONDS = 60


@dataclass(frozen=True)
class Served:
    """One server.

    Attributes:
        name: its name.
        port: of loopback.
        environment: of its process, and for other processes that belong to it.
        process: the server.
        log: what it wrote to standard error.
        warehouse: behind it.
    """

    name: str
    port: int
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes]
    log: Path
    warehouse: FilledWarehouse

    @property
    def url(self) -> str:
        """Of its root."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        """Of the platform, with this server's place."""
        urls = {self.name: f"{self.url}/mcp"}
        return Settings.model_validate({**self.environment, "PROMPTSALES_MCP_URLS": urls})

    @contextmanager
    def sign_on(self) -> Iterator[SignOn]:
        """What signs users in."""
        settings = self.settings
        with (
            closing(connect_postgres(settings.url("sso"))) as connection,
            closing(connect_redis(settings.url("redis"))) as redis,
        ):
            connection.autocommit = True
            yield SignOn(connection, redis, settings.sso_key_dir, settings.sso_issuer)

    def user(self, *roles: str, countries: tuple[str, ...] = ("*",)) -> str:
        """The name of a new user."""
        name = f"u{uuid4().hex[:12]}"
        with self.sign_on() as sign_on:
            Users(sign_on.connection, sign_on.redis).add(name, "Usuaria de prueba", PASSWORD, roles, countries)
        return name

    def token(self, name: str, audience: tuple[str, ...] = AUDIENCES, lifetime: timedelta = timedelta(hours=1)) -> str:
        """An access token of a user."""
        with self.sign_on() as sign_on:
            return sign_on.sign_in(name, PASSWORD, audience, lifetime).access

    def call(self, tool: str, arguments: dict[str, Any], token: str) -> CallToolResult:
        """A tool's answer, through the project's own client."""
        settings = self.settings.model_copy(update={"mcp_token": SecretStr(token)})

        async def ask() -> CallToolResult:
            async with connected(self.name, settings) as client:
                return await client.call_tool(tool, arguments)

        return anyio.run(ask)

    def post(self, body: bytes | dict[str, Any], token: str | None, **headers: str) -> httpx.Response:
        """The answer to one plain HTTP request."""
        sent = {
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            "MCP-Protocol-Version": "2025-06-18",
            **({"Authorization": f"Bearer {token}"} if token else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        content = {"json": body} if isinstance(body, dict) else {"content": body}
        return httpx.post(f"{self.url}/mcp", headers=sent, timeout=20, **content)  # type: ignore[arg-type]


def call_body(tool: str, arguments: Any) -> dict[str, Any]:
    """A JSON-RPC request that calls a tool."""
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


@contextmanager
def served(
    name: str, warehouse: FilledWarehouse, folder: Path, peers: Mapping[str, str] | None = None, **settings: str
) -> Iterator[Served]:
    """Run a server until the end of the block.

    Args:
        name: which.
        warehouse: filled engines.
        folder: for its log.
        peers: where other servers are, by name.
        settings: environment variables that differ from the engines' own.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {
        **environment(warehouse.folder),
        "PROMPTSALES_MCP_URLS": json.dumps({**(peers or {}), name: f"http://127.0.0.1:{port}/mcp"}),
        **settings,
    }
    log = folder / f"{name}-{port}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "mcp_servers", "serve", name, "--port", str(port)],
            env={**os.environ, **given},
            stdout=subprocess.DEVNULL,
            stderr=stream,
        )
    running = Served(name, port, given, process, log, warehouse)
    try:
        _wait(running)
        yield running
    finally:
        process.terminate()
        process.wait(20)


def _wait(server: Served) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            if httpx.get(f"{server.url}/healthz", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
        assert server.process.poll() is None, server.log.read_text()
    raise AssertionError(f"{server.name} did not start: {server.log.read_text()}")
