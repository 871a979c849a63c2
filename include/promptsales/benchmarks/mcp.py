"""How fast the MCP servers answer, with and without a kept answer, and how many sessions at once they stand.

Beside the bare SDK in the same run: what it takes to carry a call is nobody's to save. Clients and servers share the
machine, so the figures err to the slow side.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
from mcp.client.streamable_http import streamable_http_client

from mcp import Client
from promptsales.benchmarks.etl import fresh_engines
from promptsales.benchmarks.mcp_figures import CrowdFigures, McpFigures, ToolFigures
from promptsales.benchmarks.refresh import fill
from promptsales.connections import connect_postgres, connect_redis, from_settings
from promptsales.content.images.embedder import embedder_of
from promptsales.content.images.indexing import index_images
from promptsales.content.images.vector_index import connect_index
from promptsales.errors import PromptSalesError
from promptsales.local import engines
from promptsales.security.sso.sign_in import AUDIENCES, SignOn
from promptsales.security.sso.users import Users
from promptsales.seeding.plan import SeedPlan
from promptsales.settings import Settings

SESSIONS = 300
"""Of the design's section 7: concurrent users."""

CALLS_A_SESSION = 3
DIFFERENT_QUESTIONS = 10
"""Of a tool in the run of many sessions: people who come at once ask much the same."""

ROUNDS = 100
START_SECONDS = 120.0
CALL_SECONDS = 60.0

Notify = Callable[[str], None]
Question = Callable[[int], dict[str, Any]]
"""The arguments of a tool's n-th question; no two are the same."""

BARE = "bare SDK"


def measure(root: Path, plan: SeedPlan, notify: Notify) -> McpFigures:
    """Fill engines under `root`, which are gone in the end, and ask every server.

    Raises:
        PromptSalesError: an engine, the seeding, a load or a server failed.
    """
    with fresh_engines(root) as settings:
        fill(settings, plan, notify)
        return ask(engines.environment(root), plan.as_of, notify)


def ask(environment: Mapping[str, str], today: date, notify: Notify) -> McpFigures:
    """Ask every server, started for it beside the engines that the settings name.

    Args:
        environment: the settings of filled engines.
        today: the day the data ends on.
        notify: called with what is being done.
    """
    # A session that fails is counted among the errors; the SDK's own report of each would bury the figures.
    logging.getLogger("mcp.client").setLevel(logging.CRITICAL)
    settings = Settings.model_validate(environment)
    notify("indexing images")
    _index(settings)
    tools, crowds = [], []
    questions_of = questions(today)
    with _token(settings) as token, _bare_server() as bare:
        echo = {"echo": lambda number: {"text": f"question {number}"}}
        notify(f"{BARE}: one question at a time")
        tools.append(_tool(BARE, bare, None, "echo", echo["echo"]))
        notify(f"{BARE}: {SESSIONS} sessions")
        crowds.append(_crowd(BARE, bare, None, echo))
        for server, asked in questions_of.items():
            with _server(server, environment) as url:
                for tool, question in asked.items():
                    notify(f"{server}.{tool}")
                    tools.append(_tool(server, url, token, tool, question))
                notify(f"{server}: {SESSIONS} sessions")
                crowds.append(_crowd(server, url, token, asked))
    return McpFigures(tools, crowds)


def _index(settings: Settings) -> None:
    embedder = embedder_of(settings)
    index = connect_index(settings, embedder.model)
    index.open(create=True)
    connections = from_settings(settings, admin=True)
    database = connections.mongo()
    with database.client, closing(connections.redis()) as redis:
        index_images(database["imagenes"], index, embedder, redis)


def questions(today: date) -> Mapping[str, Mapping[str, Question]]:
    """What each server's reading tools are asked."""

    def day(back: int) -> str:
        return (today - timedelta(days=back)).isoformat()

    dimensions = [
        "month",
        "channel",
        "country",
        "brand",
        "campaign",
        "sector",
        "objective",
        "city",
        "quarter",
        "region",
    ]
    metrics = ["revenue_usd", "sales", "cost_usd", "reach", "clicks", "roi", "units", "conversions", "impressions"]
    subjects = [
        "playa",
        "familia",
        "café",
        "montaña",
        "moda urbana",
        "deporte",
        "tecnología",
        "mascotas",
        "viaje",
        "cena",
    ]
    return {
        "sales_dashboard": {
            "querySales": lambda number: {
                "metric": metrics[number % len(metrics)],
                "by": [dimensions[number % len(dimensions)]],
                "limit": 200 - number // 90,
            },
            "plotSales": lambda number: {"metric": metrics[number % len(metrics)], "limit": 200 - number // 9},
            "getEtlStatus": lambda number: {},
        },
        "ads_optimizer": {
            "listCampaigns": lambda number: {"limit": 50, "running_on": day(number)},
            "getCampaignPerformance": lambda number: {"campaign_id": number + 1, "by": "month"},
            "findNegativeSentiment": lambda number: {"since": day(30 + number)},
            "recommendBudget": lambda number: {"campaign_id": number + 1, "weeks": 104},
        },
        "crm_analyzer": {
            "rankCustomers": lambda number: {"since": day(60 + number)},
            "getSalesFunnel": lambda number: {"since": day(60 + number)},
            "getCustomer": lambda number: {"customer_id": number + 1},
        },
        "content_generator": {
            "getContent": lambda number: {"query": f"{subjects[number % len(subjects)]} número {number}"},
        },
    }


def _tool(server: str, url: str, token: str | None, tool: str, question: Question) -> ToolFigures:
    with httpx.Client(headers=_headers(token), timeout=CALL_SECONDS) as client:
        # Connections, pools and plans are there before anything is timed.
        for number in range(3):
            _timed(client, url, tool, question(10_000 + number) if server == BARE else question(ROUNDS + number))
        uncached = sorted(_timed(client, url, tool, question(number)) for number in range(ROUNDS))
        cached = sorted(_timed(client, url, tool, question(0)) for _ in range(ROUNDS))
    return ToolFigures(server, tool, uncached, cached)


def _timed(client: httpx.Client, url: str, tool: str, arguments: dict[str, Any]) -> float:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    start = time.perf_counter()
    response = client.post(url, json=body)
    milliseconds = (time.perf_counter() - start) * 1000
    if response.status_code != 200:
        raise PromptSalesError(f"{tool} at {url}: HTTP {response.status_code}.")
    result = response.json()["result"]
    # An answer that there is nothing of the kind is an answer; anything else is a failure of the run.
    if result.get("isError") and "not_found" not in str(result["content"]):
        raise PromptSalesError(f"{tool} at {url}: {result['content'][0].get('text', '')[:300]}")
    return milliseconds


def _crowd(server: str, url: str, token: str | None, questions: Mapping[str, Question]) -> CrowdFigures:
    asked = [(tool, question(number)) for number in range(DIFFERENT_QUESTIONS) for tool, question in questions.items()]
    # Loopback is not encrypted; without this each client would read the certificates of the machine.
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    errors: list[str] = []
    call_ms: list[float] = []

    async def session(number: int) -> None:
        try:
            async with (
                httpx2.AsyncClient(headers=_headers(token), timeout=CALL_SECONDS, verify=no_tls) as http,
                Client(streamable_http_client(url, http_client=http)) as client,
            ):
                for step in range(CALLS_A_SESSION):
                    tool, arguments = asked[(number * CALLS_A_SESSION + step) % len(asked)]
                    start = time.perf_counter()
                    result = await client.call_tool(tool, arguments)
                    call_ms.append((time.perf_counter() - start) * 1000)
                    if result.is_error and "not_found" not in str(result.content):
                        errors.append(f"{tool}: {str(result.content)[:200]}")
        except Exception as error:
            errors.append(_first_reason(error))

    async def all_at_once() -> None:
        async with anyio.create_task_group() as group:
            for number in range(SESSIONS):
                group.start_soon(session, number)

    start = time.perf_counter()
    anyio.run(all_at_once)
    seconds = time.perf_counter() - start
    return CrowdFigures(server, SESSIONS, SESSIONS * CALLS_A_SESSION, errors, sorted(call_ms), seconds)


def _first_reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def _headers(token: str | None) -> dict[str, str]:
    return {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2025-06-18",
        **({"Authorization": f"Bearer {token}"} if token else {}),
    }


@contextmanager
def _token(settings: Settings) -> Iterator[str]:
    """An access token of a user who reads everything, and who is disabled in the end."""
    with (
        closing(connect_postgres(settings.url("sso"))) as connection,
        closing(connect_redis(settings.url("redis"))) as redis,
    ):
        connection.autocommit = True
        users = Users(connection, redis)
        name, password = f"bench-{secrets.token_hex(4)}", secrets.token_urlsafe(24)
        users.add(name, "Banco de pruebas", password, ["analista"], ["*"])
        sign_on = SignOn(connection, redis, settings.sso_key_dir, settings.sso_issuer)
        try:
            yield sign_on.sign_in(name, password, AUDIENCES, timedelta(hours=2)).access
        finally:
            users.disable(name)


@contextmanager
def _server(name: str, environment: Mapping[str, str]) -> Iterator[str]:
    """One of the project's servers, without a limit to what one user may ask."""
    with _process(["mcp_servers", "serve", name, "--port"], environment) as url:
        yield url


@contextmanager
def _bare_server() -> Iterator[str]:
    with _process(["promptsales.benchmarks.bare_mcp"], {}) as url:
        yield url


@contextmanager
def _process(module: Sequence[str], environment: Mapping[str, str]) -> Iterator[str]:
    """A server in a process of its own, ready, until the end of the block; its last argument is its port."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    process = subprocess.Popen(
        [sys.executable, "-m", *module, str(port)],
        env={**os.environ, **environment, "PROMPTSALES_MCP_CALLS_PER_MINUTE": "10000000"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, url)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    """Until the server is ready; one that has no such probe, until it answers at all."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(url.replace("/mcp", "/readyz"), timeout=2).status_code in (200, 404):
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise PromptSalesError(f"The server at {url} did not become ready within {START_SECONDS:.0f} s.")
