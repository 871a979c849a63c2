"""A client of the servers over HTTP, as `promptsales mcp` and other tools of the project use one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError

from mcp import Client
from mcp_servers.kit.server import endpoint
from promptsales.errors import PromptSalesError, SettingsError
from promptsales.settings import Settings


class CallError(PromptSalesError):
    """A server did not answer, or refused."""


@asynccontextmanager
async def connected(server: str, settings: Settings) -> AsyncIterator[Client]:
    """A client of a running server, with the token in `PROMPTSALES_MCP_TOKEN`.

    Args:
        server: its name.
        settings: of the platform.

    Raises:
        SettingsError: there is no token.
        CallError: the server does not answer, or refuses the token, the tool or so many requests.
    """
    if settings.mcp_token is None:
        raise SettingsError(
            "PROMPTSALES_MCP_TOKEN is not set: export PROMPTSALES_MCP_TOKEN=$(promptsales sso token USER)"
        )
    url = endpoint(server, settings)
    headers = {"Authorization": f"Bearer {settings.mcp_token.get_secret_value()}"}
    statuses: list[int] = []

    async def note(response: Any) -> None:
        statuses.append(response.status_code)

    try:
        async with create_mcp_http_client(headers=headers) as http:
            http.event_hooks = {"request": [], "response": [note]}
            async with Client(streamable_http_client(url, http_client=http)) as client:
                yield client
    except Exception as error:
        raise CallError(_why(server, url, statuses, error)) from None


def _why(server: str, url: str, statuses: list[int], error: Exception) -> str:
    match statuses[-1] if statuses else None:
        case None:
            return f"{server} does not answer at {url}: run `promptsales mcp serve {server}`."
        case 401:
            return f"{server} refuses the token: make a new one with `promptsales sso token USER`."
        case 403:
            return f"{server}: the user's roles do not allow this."
        case 429:
            return f"{server}: too many requests; wait a minute."
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, MCPError):
        return f"{server}: {error}"
    return f"{server}: {type(error).__name__} (HTTP {statuses[-1]})."
