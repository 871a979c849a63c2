"""Other MCP servers, asked as an MCP client in the caller's name; one that is silent costs its time-out, no more."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import anyio
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from mcp import Client
from mcp_servers.kit.caller import Caller
from mcp_servers.kit.logs import request_id

logger = logging.getLogger(__name__)

peer_asked: ContextVar[bool] = ContextVar("peer_asked", default=False)
"""Whether the call that is being answered asked a peer: what it said is the caller's own, and its silence is of now."""


@dataclass(frozen=True)
class PeerAnswer:
    """What another server said.

    Attributes:
        content: its structured answer; None where it gave none.
        note: why there is none, for the caller to read; None where there is one.
    """

    content: dict[str, Any] | None
    note: str | None = None


@dataclass(frozen=True)
class Peer:
    """Another server.

    Attributes:
        name: its name.
        url: of its protocol endpoint.
        seconds: how long to wait for an answer, in all.
    """

    name: str
    url: str
    seconds: float

    async def call(self, tool: str, arguments: dict[str, Any], caller: Caller) -> PeerAnswer:
        """Ask one of its tools with the caller's own token, which it checks for itself.

        The token has to name that server in its audience; one that does not is refused there. Never raises: an answer
        without the peer's part is better than none, as long as it says so.
        """
        peer_asked.set(True)
        headers = {"Authorization": f"Bearer {caller.token.get_secret_value()}", "X-Request-Id": request_id.get()}
        try:
            with anyio.fail_after(self.seconds):
                async with (
                    create_mcp_http_client(headers=headers) as http,
                    Client(streamable_http_client(self.url, http_client=http), mode="2026-07-28") as client,
                ):
                    result = await client.call_tool(tool, arguments)
        except TimeoutError:
            return self._silent(tool, f"did not answer within {self.seconds:g} s")
        except Exception as error:
            logger.warning("%s.%s: %s", self.name, tool, type(error).__name__)
            return self._silent(tool, "does not answer, or refused the request")
        if result.is_error or result.structured_content is None:
            return self._silent(tool, "refused the request")
        return PeerAnswer(result.structured_content)

    def _silent(self, tool: str, why: str) -> PeerAnswer:
        return PeerAnswer(None, f"{self.name} {why}: what {tool} would have added is missing from this answer.")
