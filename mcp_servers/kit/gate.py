"""What stands before the protocol: the request's id, the limit of requests, and the scope that a tool takes.

MCP answers a tool call with HTTP 200 whatever comes of it. What gateways and clients act on by status is decided here:
403 with the missing scope (RFC 6750, section 3.1), 429 with Retry-After, 503 where tokens cannot be checked.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_servers.kit.caller import Caller
from mcp_servers.kit.logs import request_id
from mcp_servers.kit.metrics import Metrics
from mcp_servers.kit.rate_limit import RateLimit
from promptsales.security.sso.errors import UnavailableError

logger = logging.getLogger(__name__)

MAX_BODY = 256_000
"""Bytes of a request. No tool takes arguments near to it."""

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")


class RequestIds:
    """Outermost: gives each request an id, and answers 503 where what tokens are checked against is away."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if _REQUEST_ID.match(given) else uuid4().hex
        token = request_id.set(name)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = name
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except UnavailableError as error:
            logger.warning("503: %s", error)
            body = {"error": "temporarily_unavailable", "error_description": str(error)}
            await JSONResponse(body, 503, headers={"Retry-After": "5"})(scope, receive, send_with_id)
        except ClientDisconnect:
            pass
        finally:
            request_id.reset(token)


@dataclass(frozen=True)
class Gate:
    """Innermost, behind the authentication: lets through what its caller may ask, as often as they may.

    Attributes:
        app: what it guards.
        path: of the protocol; every other path is let through.
        scopes: the scope that each tool takes.
        limit: of requests.
        metrics: where refusals are counted.
        metadata_url: of the protected resource (RFC 9728), for whoever is refused.
    """

    app: ASGIApp
    path: str
    scopes: Mapping[str, str]
    limit: RateLimit
    metrics: Metrics
    metadata_url: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != self.path:
            await self.app(scope, receive, send)
            return
        caller = _caller(scope)
        if caller is None:
            # The SDK's own 401, with the address of the metadata.
            self.metrics.refused(401)
            await self.app(scope, receive, send)
            return
        if seconds := await self.limit.wait_seconds(caller.user_id):
            await self._refuse(
                429,
                "rate_limited",
                f"Too many requests: wait {seconds} s.",
                scope,
                receive,
                send,
                {"Retry-After": str(seconds)},
            )
            return
        body = await _body(Request(scope, receive))
        if body is None:
            await self._refuse(413, "too_large", f"A request has {MAX_BODY:,} bytes at most.", scope, receive, send)
            return
        needed = {self.scopes[tool] for tool in _called_tools(body) if tool in self.scopes}
        if missing := sorted(needed - caller.scopes):
            challenge = (
                f'Bearer error="insufficient_scope", scope="{" ".join(missing)}", '
                f'error_description="This takes the scope {" ".join(missing)}", '
                f'resource_metadata="{self.metadata_url}"'
            )
            text = f"This takes the scope {' '.join(missing)}."
            await self._refuse(403, "insufficient_scope", text, scope, receive, send, {"WWW-Authenticate": challenge})
            return
        await self.app(scope, _replay(body, receive), send)

    async def _refuse(
        self,
        status: int,
        error: str,
        description: str,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.metrics.refused(status)
        response = JSONResponse({"error": error, "error_description": description}, status, headers=headers)
        await response(scope, receive, send)


def _caller(scope: Scope) -> Caller | None:
    user = scope.get("user")
    caller = (user.access_token.claims or {}).get("caller") if isinstance(user, AuthenticatedUser) else None
    return caller if isinstance(caller, Caller) else None


async def _body(request: Request) -> bytes | None:
    """The whole body; None where it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _called_tools(body: bytes) -> set[str]:
    """Tools that a message, or one of a batch, calls. What is no JSON is the protocol's to refuse."""
    try:
        message: Any = json.loads(body)
    except (ValueError, RecursionError):
        return set()
    names = set()
    for each in message if isinstance(message, list) else [message]:
        if isinstance(each, dict) and each.get("method") == "tools/call" and isinstance(each.get("params"), dict):
            names.add(str(each["params"].get("name")))
    return names


def _replay(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body again, and after it what the server says, such as a hang-up."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
