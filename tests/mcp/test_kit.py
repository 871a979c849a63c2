"""The kit's parts against their servers: SQL Server's pool, other servers, kept answers, the limit of requests."""

from __future__ import annotations

import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import anyio
import pymssql._mssql
import pytest
from mart_readers import FilledWarehouse
from mcp_types import CallToolResult, TextContent
from pydantic import SecretStr
from redis.asyncio import Redis
from served import Served, served

from mcp_servers.kit.caller import Caller
from mcp_servers.kit.calls import Calls, unversioned
from mcp_servers.kit.errors import Code, ToolError
from mcp_servers.kit.metrics import Metrics
from mcp_servers.kit.peers import Peer, PeerAnswer
from mcp_servers.kit.rate_limit import RateLimit
from mcp_servers.kit.result_cache import ResultCache
from mcp_servers.kit.sqlserver import POOL_SIZE, SqlServer, seen_by
from mcp_servers.kit.tool import tool, tools_of
from promptsales.local.engines import environment
from promptsales.settings import Settings

T = TypeVar("T")

DEAD = "redis://127.0.0.1:1/0"
ANSWER = CallToolResult(content=[TextContent(type="text", text="doce")])


def caller(*scopes: str, countries: frozenset[str] | None = None, token: str = "x") -> Caller:
    return Caller(1, "s", frozenset(scopes), countries, SecretStr(token))


@pytest.fixture(scope="module")
def settings(filled_warehouse: FilledWarehouse) -> Settings:
    return Settings.model_validate(environment(filled_warehouse.folder))


# --- answering ---


class Slow:
    """A part whose first call ends when it is told to, and the others once all of them run at the same time."""

    def __init__(self, together: int) -> None:
        self._together = together
        self._running = 0
        self._enough = anyio.Event()
        self.first_may_end = anyio.Event()

    @tool("ask", title="Ask", description="Asks.", scope="sales:read", seconds=20, fresh_for=timedelta(minutes=1))
    async def ask(self, *, caller: Caller) -> str:
        self._running += 1
        if self._running == self._together:
            self._enough.set()
        await (self.first_may_end if self._running == 1 else self._enough).wait()
        return "doce"


class Known:
    async def current(self) -> Caller:
        return caller("sales:read")


def test_who_waits_for_an_answer_that_is_not_kept_waits_once() -> None:
    async def ask() -> list[CallToolResult]:
        redis = Redis.from_url(DEAD, socket_connect_timeout=0.1)
        cache = ResultCache(redis, "prueba")
        # Redis is dead, and from now on left alone: nobody waits for anything but each other.
        assert await cache.get("x", timedelta(minutes=1)) is None
        calls = Calls(Known(), cache, Metrics("prueba"), unversioned)
        part = Slow(together=8)
        [ask] = tools_of(part, calls)
        results: list[CallToolResult] = []

        async def one() -> None:
            results.append(await calls.answer(ask, {}))

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(one)
            await anyio.wait_all_tasks_blocked()
            part.first_may_end.set()
        await redis.aclose()
        return results

    assert [result.is_error for result in anyio.run(ask)] == [False] * 8


# --- SQL Server ---


@pytest.fixture
def ads(settings: Settings) -> SqlServer:
    return SqlServer(settings.url("ads_mcp"), "PROMPTSALES_ADS_MCP_URL", {50101: Code.CONFLICT})


def told(work: Callable[[], Awaitable[object]]) -> ToolError:
    with pytest.raises(ToolError) as failure:
        anyio.run(work)
    return failure.value


def test_rows_come_by_name_and_values_only_as_parameters(ads: SqlServer) -> None:
    async def ask() -> tuple[object, object]:
        found = await ads.rows("SELECT nombre FROM etl.canales WHERE nombre = %(nombre)s", {"nombre": "TikTok"})
        hostile = {"nombre": "x' OR '1' = '1"}
        return found, await ads.rows("SELECT nombre FROM etl.canales WHERE nombre = %(nombre)s", hostile)

    assert anyio.run(ask) == ([{"nombre": "TikTok"}], [])


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("EXECUTE dbo.usp_cerrar_campanas_vencidas", Code.NEEDS_SQL_SERVER),
        ("SELECT nombre FROM dbo.campanas", Code.INTERNAL),
        ("SELECT nombre FROM etl.bajas", Code.INTERNAL),
        ("UPDATE etl.campanas SET nombre = nombre", Code.INTERNAL),
    ],
)
def test_what_the_login_may_not_do_is_told_without_names_of_tables(ads: SqlServer, statement: str, code: Code) -> None:
    async def ask() -> None:
        await ads.rows(statement, {})

    failure = told(ask)
    assert failure.code is code
    assert "campanas" not in str(failure)
    assert "bajas" not in str(failure)


@pytest.mark.parametrize(
    ("countries", "written"),
    [(frozenset({"MX", "ES"}), b"0 = 1 OR codigo_pais IN ('ES','MX')"), (None, b"1 = 1 OR codigo_pais IN ('')")],
)
def test_countries_are_compared_as_the_type_of_their_column(countries: frozenset[str] | None, written: bytes) -> None:
    caller = Caller(user_id=1, session_id="s", scopes=frozenset(), countries=countries, token=SecretStr("t"))
    condition = "%(todos)s = 1 OR codigo_pais IN %(paises)s"
    assert pymssql._mssql.substitute_params(condition, seen_by(caller)) == written


def test_after_an_error_the_pool_goes_on(ads: SqlServer) -> None:
    async def ask() -> int:
        for _ in range(POOL_SIZE + 1):
            with pytest.raises(ToolError):
                await ads.rows("SELECT nombre FROM dbo.campanas", {})
        return len(await ads.rows("SELECT nombre FROM etl.canales", {}))

    assert anyio.run(ask) > 0


def test_no_more_connections_than_the_pool_has_places(ads: SqlServer) -> None:
    open_now, most = 0, 0

    def work(connection: object) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        time.sleep(0.02)
        open_now -= 1

    async def ask() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(4 * POOL_SIZE):
                group.start_soon(ads.run, work)

    anyio.run(ask)
    assert 1 < most <= POOL_SIZE


def test_a_server_that_is_away_is_unavailable() -> None:
    away = SqlServer("mssql://u:secreto@127.0.0.1:1/PromptAds", "PROMPTSALES_ADS_MCP_URL")

    async def ask() -> None:
        await away.check()

    failure = told(ask)
    assert failure.code is Code.UNAVAILABLE
    assert "127.0.0.1" not in str(failure)


# --- other servers ---


@pytest.fixture(scope="module")
def dashboard(filled_warehouse: FilledWarehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("mcp")
    with served("sales_dashboard", filled_warehouse, folder) as running:
        yield running


def asked(peer: Peer, who: Caller, metric: str = "sales") -> PeerAnswer:
    async def ask() -> PeerAnswer:
        return await peer.call("querySales", {"metric": metric}, who)

    return anyio.run(ask)


def test_a_peer_answers_in_the_caller_s_name(dashboard: Served) -> None:
    peer = Peer("sales_dashboard", f"{dashboard.url}/mcp", 10)
    own = caller(token=dashboard.token(dashboard.user("analista", countries=("CR",))))
    found = asked(peer, own)
    assert found.note is None
    assert found.content is not None
    assert found.content["countries"] == ["CR"]


@pytest.mark.parametrize("audience", ["sales_dashboard", "crm_analyzer"])
def test_a_peer_that_refuses_leaves_a_note(dashboard: Served, audience: str) -> None:
    peer = Peer("sales_dashboard", f"{dashboard.url}/mcp", 10)
    token = dashboard.token(dashboard.user("analista"), audience=(audience,))
    found = asked(peer, caller(token=token), metric="precio" if audience == "sales_dashboard" else "sales")
    assert found.content is None
    assert found.note is not None
    assert "sales_dashboard" in found.note
    assert token not in found.note


def test_a_silent_peer_costs_its_time_and_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        peer = Peer("crm_analyzer", f"http://127.0.0.1:{silent.getsockname()[1]}/mcp", 0.2)
        found = asked(peer, caller())
    assert found == PeerAnswer(None, found.note)
    assert "did not answer within 0.2 s" in str(found.note)
    gone = asked(Peer("crm_analyzer", "http://127.0.0.1:1/mcp", 5), caller())
    assert "does not answer" in str(gone.note)


# --- Redis ---


def with_redis(url: str, work: Callable[[Redis], Awaitable[T]]) -> T:
    async def run() -> T:
        async with Redis.from_url(url, decode_responses=True) as redis:
            return await work(redis)

    return anyio.run(run)


def test_a_kept_answer_is_found_until_it_is_forgotten_or_old(settings: Settings) -> None:
    async def work(redis: Redis) -> list[object]:
        cache = ResultCache(redis, "prueba")
        key, other = (cache.key(tool, {"a": 1}, caller("x"), "1") for tool in ("una", "otra"))
        await cache.put(key, ANSWER)
        await cache.put(other, ANSWER)
        found = [await cache.get(key, timedelta(hours=1)), await cache.get(key, timedelta(seconds=-1))]
        await cache.drop("una")
        return [*found, await cache.get(key, timedelta(hours=1)), await cache.get(other, timedelta(hours=1))]

    assert with_redis(settings.url("redis"), work) == [ANSWER, None, None, ANSWER]


def test_a_key_is_of_the_question_the_rights_and_the_state() -> None:
    async def work(redis: Redis) -> list[str]:
        cache = ResultCache(redis, "prueba")
        return [
            cache.key("una", {"a": 1, "b": 2}, caller("x"), "1"),
            cache.key("otra", {"a": 1, "b": 2}, caller("x"), "1"),
            cache.key("una", {"a": 2, "b": 2}, caller("x"), "1"),
            cache.key("una", {"a": 1, "b": 2}, caller("x", "y"), "1"),
            cache.key("una", {"a": 1, "b": 2}, caller("x", countries=frozenset()), "1"),
            cache.key("una", {"a": 1, "b": 2}, caller("x", countries=frozenset({"CR"})), "1"),
            cache.key("una", {"a": 1, "b": 2}, caller("x"), "2"),
            cache.key("una", {"b": 2, "a": 1}, caller("x", token="another"), "1"),
        ]

    keys = with_redis(DEAD, work)
    assert len(set(keys)) == len(keys) - 1
    assert keys[-1] == keys[0]


def test_without_redis_nothing_is_kept_and_the_limit_fails_as_it_was_told() -> None:
    async def work(redis: Redis) -> tuple[object, int, int]:
        cache = ResultCache(redis, "prueba")
        key = cache.key("una", {}, caller(), "")
        await cache.put(key, ANSWER)
        kept = await cache.get(key, timedelta(hours=1))
        waits = [await RateLimit(redis, "prueba", 10, fails).wait_seconds(1) for fails in ("open", "closed")]
        return kept, waits[0], waits[1]

    kept, opened, closed = with_redis(DEAD, work)
    assert (kept, opened) == (None, 0)
    assert closed > 0
