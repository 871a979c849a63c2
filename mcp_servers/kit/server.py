"""From a server's class to a running MCP server: streamable HTTP for pods, stdio for desktop clients."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Protocol

import anyio
import uvicorn
from mcp.server import MCPServer
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.server.auth.settings import AuthSettings
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.resources import Resource
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS
from pydantic import AnyHttpUrl
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from mcp_servers.kit import logs
from mcp_servers.kit.authentication import Countries, HttpCallers, SsoTokens, StdioCaller
from mcp_servers.kit.calls import Callers, Calls, Epoch, unversioned
from mcp_servers.kit.gate import MAX_BODY, Gate, RequestIds
from mcp_servers.kit.health import Check, health_routes
from mcp_servers.kit.heartbeat import beat
from mcp_servers.kit.metrics import Metrics
from mcp_servers.kit.peers import Peer
from mcp_servers.kit.rate_limit import RateLimit
from mcp_servers.kit.result_cache import ResultCache
from mcp_servers.kit.tool import tools_of
from promptsales.connections import connect_postgres, connect_redis
from promptsales.security.sso.verifier import Verifier
from promptsales.settings import Settings
from promptsales.urls import REDIS, parse_url

PATH = "/mcp"
WELL_KNOWN = "/.well-known/oauth-protected-resource"
"""RFC 9728."""

PORTS: Mapping[str, int] = {
    "content_generator": 8101,
    "ads_optimizer": 8102,
    "crm_analyzer": 8103,
    "sales_dashboard": 8104,
}
"""Where each server listens unless it is told otherwise."""

REDIS_SECONDS = 0.3
"""How long one command may take. A slow cache is worse than none."""

SHUTDOWN_SECONDS = 10
KEEP_ALIVE_SECONDS = 75
"""Longer than clients keep an idle connection: whoever closes first must not be the one who did not ask."""


class Part(Protocol):
    """What a server is made of: its class has the tools as methods, and says what else there is.

    One that inherits from it has nothing else to say than what differs.
    """

    async def open(self) -> None:
        """Begin to connect, where that is not left to the first call. A server that does not answer yet is no error:
        `checks` tell of it."""

    async def close(self) -> None:
        """Close every connection."""

    @property
    def checks(self) -> Mapping[str, Check]:
        """What has to answer before this server can."""

    @property
    def epoch(self) -> Epoch:
        """The state of what the tools read; none that is known, unless a part says otherwise."""
        return unversioned

    @property
    def resources(self) -> Sequence[Resource]:
        """What clients may read; nothing, unless a part says otherwise."""
        return ()

    @property
    def prompts(self) -> Sequence[Prompt]:
        """Prompts for people to choose; none, unless a part says otherwise."""
        return ()


@dataclass(frozen=True)
class Surroundings:
    """What a part may need besides its own databases.

    Attributes:
        settings: of the platform.
        forget: drops a tool's kept answers, after a write that they would not show.
    """

    settings: Settings
    cache: ResultCache = field(repr=False)

    def peer(self, name: str, seconds: float) -> Peer:
        """Another server, to be asked on a caller's behalf for so many seconds at most."""
        return Peer(name, endpoint(name, self.settings), seconds)

    async def forget(self, tool: str) -> None:
        """Drop the kept answers of one of the server's own tools."""
        await self.cache.drop(tool)


@dataclass(frozen=True)
class Definition:
    """One of the four servers.

    Attributes:
        name: as audience of tokens, in Redis and in metrics.
        title: as people see it.
        instructions: for the model, when to use this server; English and Spanish.
        make: its part.
    """

    name: str
    title: str
    instructions: str
    make: Callable[[Surroundings], Part]


def endpoint(name: str, settings: Settings) -> str:
    """The URL by which clients and other servers reach a server."""
    return settings.mcp_public_urls.get(name, f"http://127.0.0.1:{PORTS[name]}{PATH}")


class Server:
    """A server with everything it needs, not running yet.

    Args:
        definition: which one.
        settings: of the platform.
        port: to listen on, where it is not the server's own; for `over_http` alone.

    Raises:
        SettingsError: a URL is missing or malformed.
    """

    def __init__(self, definition: Definition, settings: Settings, port: int | None = None) -> None:
        self.definition = definition
        self.settings = settings
        self.port = port or PORTS[definition.name]
        self.url = settings.mcp_public_urls.get(definition.name, f"http://127.0.0.1:{self.port}{PATH}")
        self.metrics = Metrics(definition.name)
        self._redis = _redis(settings)
        self._countries = Countries(settings.url("sso_verifier"))
        # The sign-on's own look-ups are short and blocking, and run in threads.
        self._session_redis = connect_redis(settings.url("redis"), settings.variable("redis"))
        self._tokens = SsoTokens(
            Verifier(
                definition.name,
                settings.sso_issuer,
                lambda: connect_postgres(settings.url("sso_verifier"), settings.variable("sso_verifier")),
                self._session_redis,
            ),
            self._countries,
        )
        self._cache = ResultCache(self._redis, definition.name)
        self._part = definition.make(Surroundings(settings, self._cache))

    def http_app(self) -> ASGIApp:
        """The whole server as an ASGI application, which opens and closes what it needs with its lifespan."""
        server = self._mcp(HttpCallers(), authenticated=True)
        app: Starlette = server.streamable_http_app(
            streamable_http_path=PATH,
            json_response=True,
            stateless_http=True,
            max_request_body_size=MAX_BODY,
            transport_security=self._transport_security(),
        )
        settings = self.settings
        scopes = {tool.name: tool.spec.scope for tool in self._tools}
        # The SDK's own names no scopes: it knows of none that every request takes.
        metadata = create_protected_resource_routes(
            resource_url=AnyHttpUrl(self.url),
            authorization_servers=[AnyHttpUrl(settings.sso_issuer)],
            scopes_supported=sorted(set(scopes.values())),
            resource_name=self.definition.title,
        )
        app.router.routes = [route for route in app.routes if not getattr(route, "path", "").startswith(WELL_KNOWN)]
        app.routes.extend(metadata)
        # Behind the SDK's authentication, before its protocol.
        app.user_middleware.append(
            Middleware(
                Gate,
                path=PATH,
                scopes=scopes,
                limit=RateLimit(
                    self._redis, self.definition.name, settings.mcp_calls_per_minute, settings.mcp_limit_fails
                ),
                metrics=self.metrics,
                metadata_url=str(build_resource_metadata_url(AnyHttpUrl(self.url))),
            )
        )
        app.routes.extend(health_routes(self._part.checks, self.metrics))
        inner = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(starlette: Any) -> AsyncIterator[Any]:
            async with self._running(), inner(starlette) as state:
                yield state

        app.router.lifespan_context = lifespan
        return RequestIds(app)

    async def over_http(self) -> None:
        """Serve until SIGINT or SIGTERM; requests that are being answered are finished."""
        config = uvicorn.Config(
            self.http_app(),
            host=self.settings.mcp_host,
            port=self.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            backlog=1024,
        )
        await uvicorn.Server(config).serve()

    async def over_stdio(self) -> None:
        """Serve the process's standard input and output until they end."""
        server = self._mcp(StdioCaller(self._tokens, self.settings.mcp_token), authenticated=False)
        async with self._running():
            await server.run_stdio_async()

    def _mcp(self, callers: Callers, *, authenticated: bool) -> MCPServer:
        calls = Calls(callers, self._cache, self.metrics, self._part.epoch)
        self._tools = tools_of(self._part, calls)
        auth: dict[str, Any] = {}
        if authenticated:
            auth = {
                "token_verifier": self._tokens,
                "auth": AuthSettings(
                    issuer_url=AnyHttpUrl(self.settings.sso_issuer),
                    resource_server_url=AnyHttpUrl(self.url),
                    # The verifier checks the audience, which is the server's name.
                    validate_token_resource=False,
                ),
            }
        server: MCPServer = MCPServer(
            self.definition.name,
            title=self.definition.title,
            instructions=self.definition.instructions,
            version=version("promptsales"),
            tools=list(self._tools),
            middleware=[_refuse_unknown_tools({tool.name for tool in self._tools})],
            resources=list(self._part.resources),
            subscriptions=False,
            log_level="WARNING",
            **auth,
        )
        for prompt in self._part.prompts:
            server.add_prompt(prompt)
        # The SDK sets up logging of its own when a server is made.
        logs.configure(self.definition.name)
        return server

    def _transport_security(self) -> TransportSecuritySettings:
        local = ["127.0.0.1:*", "localhost:*", "[::1]:*"]
        return TransportSecuritySettings(
            enable_dns_rebinding_protection=True,
            allowed_hosts=[*local, *self.settings.mcp_allowed_hosts],
            allowed_origins=[*(f"http://{host}" for host in local), *self.settings.mcp_allowed_origins],
        )

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._session_redis.close)
            stack.callback(self._countries.close)
            stack.push_async_callback(self._redis.aclose)
            stack.push_async_callback(self._part.close)
            await self._part.open()
            async with anyio.create_task_group() as group:
                group.start_soon(beat, self._redis, self.definition.name, self.url, self.metrics)
                yield
                group.cancel_scope.cancel()


def _refuse_unknown_tools(known: Set[str]) -> ServerMiddleware[Any]:
    """An unknown tool is the protocol's error, not an answer of a tool.

    https://modelcontextprotocol.io/specification/2025-11-25/server/tools#error-handling
    """

    async def refuse(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        name = (ctx.params or {}).get("name")
        if ctx.method == "tools/call" and isinstance(name, str) and name not in known:
            raise MCPError(INVALID_PARAMS, f"Unknown tool. This server has {', '.join(sorted(known))}.")
        return await call_next(ctx)

    return refuse


def _redis(settings: Settings) -> Redis:
    url, variable = settings.url("redis"), settings.variable("redis")
    parse_url(url, REDIS, variable)
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=REDIS_SECONDS,
        socket_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
        max_connections=64,
    )
