"""The warehouse as the MCP servers' login reads it: one transaction a question, in the name of the signed-on user."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from mcp_servers.kit.caller import Caller
from mcp_servers.kit.errors import Code, ToolError

Reader = Callable[[str, Mapping[str, Any]], Awaitable[Sequence[dict[str, Any]]]]
"""The rows of a statement, whose values are its named parameters, `%(name)s`."""

POOL_SIZE = 8
WAIT_SECONDS = 5.0
"""For a connection of the pool."""

STATEMENT_SECONDS = 5
"""The server's own limit for one statement: a caller who left must not leave a query running."""


class Warehouse:
    """A bounded pool of the role `promptsales_mcp`, which reads `mart` and nothing else."""

    def __init__(self, url: str) -> None:
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[DictRow]] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=POOL_SIZE,
            timeout=WAIT_SECONDS,
            open=False,
            kwargs={
                "row_factory": dict_row,
                "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c default_transaction_read_only=on "
                "-c idle_in_transaction_session_timeout=10s "
                # A plan for any values cannot leave out what these values rule out: querySales then takes six times as
                # long.
                "-c plan_cache_mode=force_custom_plan "
                "-c default_transaction_isolation=repeatable\\ read",
                "application_name": "promptsales-mcp",
            },
        )

    async def open(self) -> None:
        """Begin to make connections; none need be there yet."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close them."""
        await self._pool.close()

    @asynccontextmanager
    async def reading(self, caller: Caller) -> AsyncIterator[Reader]:
        """A reader for one answer, however many statements it takes: all see the same moment, and these countries.

        Raises:
            ToolError: the warehouse does not answer, or not in time.
        """
        async with self._as(caller) as connection:

            async def rows(statement: str, values: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
                return await (await connection.execute(statement.encode(), values)).fetchall()

            yield rows

    async def epoch(self, caller: Caller) -> str:
        """What an answer out of `mart` depends on beside its question (see `promptsales.cache.invalidation.epoch`).

        Raises:
            ToolError: the warehouse does not answer.
        """
        async with self._as(caller) as connection:
            row = await (await connection.execute("SELECT mart.epoca() AS epoca")).fetchone()
        assert row is not None
        return str(row["epoca"])

    async def check(self) -> None:
        """Raise unless the warehouse answers."""
        async with self._pool.connection() as connection:
            await connection.execute("SELECT 1")

    @asynccontextmanager
    async def _as(self, caller: Caller) -> AsyncIterator[psycopg.AsyncConnection[DictRow]]:
        try:
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute("SELECT set_config('promptsales.id_usuario', %s, TRUE)", [str(caller.user_id)])
                yield connection
        except psycopg.errors.QueryCanceled:
            raise ToolError(Code.TIMEOUT, "The warehouse took too long: narrow the question.") from None
        except (psycopg.OperationalError, PoolTimeout):
            raise ToolError(Code.UNAVAILABLE, "The warehouse does not answer now.") from None
