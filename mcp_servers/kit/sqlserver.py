"""SQL Server for the MCP servers: a bounded pool, each statement with its time limit, blocking work in threads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import pymssql

from mcp_servers.kit.caller import Caller
from mcp_servers.kit.errors import Code, ToolError
from promptsales.connections import connect_sqlserver, sqlserver_message, sqlserver_number
from promptsales.errors import UnreachableError

logger = logging.getLogger(__name__)

POOL_SIZE = 8
WAIT_SECONDS = 10.0
"""For a connection of the pool: a crowd is served one after the other, rather than sent away."""

STATEMENT_SECONDS = 5
"""Of one statement, by the client, which then cancels it at the server."""

NEEDS_SQL_SERVER = frozenset({2812, 40510})
"""What the stand-in of the local profile answers to a procedure: it runs none."""


REPEATED = (2601, 2627)
"""A unique key that is there already."""

CONNECTION_LOST = frozenset({20004, 20006, 20047, 596, 6005})
"""DB-Library: read, write or the connection failed; the session was killed, the server shuts down."""


class SqlServer:
    """A database as one login sees it.

    Args:
        url: `mssql://login:password@host:port/database`.
        variable: the setting that it comes from, for errors.
        known_errors: numbers that procedures raise on purpose (50xxx), each with the code that callers are told.
    """

    def __init__(self, url: str, variable: str, known_errors: Mapping[int, Code] | None = None) -> None:
        self._connect: Callable[[], pymssql.Connection] = partial(
            connect_sqlserver, url, variable, statement_seconds=STATEMENT_SECONDS
        )
        self._known_errors = known_errors or {}
        self._idle: list[pymssql.Connection] = []
        self._places = anyio.CapacityLimiter(POOL_SIZE)

    async def rows(self, statement: str, values: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        """The rows of a statement, whose values are its named parameters, `%(name)s`.

        Raises:
            ToolError: the server does not answer, not in time, or refuses with one of the known errors.
        """
        rows: Sequence[dict[str, Any]] = await self.run(lambda connection: _rows(connection, statement, values))
        return rows

    async def results(self, statement: str, values: Mapping[str, Any]) -> Sequence[Sequence[dict[str, Any]]]:
        """The rows of each result of a statement that gives several, as procedures do.

        Raises:
            ToolError: as `rows` does.
        """
        found: Sequence[Sequence[dict[str, Any]]] = await self.run(
            lambda connection: _results(connection, statement, values)
        )
        return found

    async def run(self, work: Callable[[pymssql.Connection], Any]) -> Any:
        """Do blocking work on a connection of the pool, in autocommit, in a thread.

        Raises:
            ToolError: as `rows` does.
        """
        try:
            with anyio.fail_after(WAIT_SECONDS):
                await self._places.acquire_on_behalf_of(token := object())
        except TimeoutError:
            raise ToolError(Code.UNAVAILABLE, "The database is busy: try again.") from None
        try:
            return await anyio.to_thread.run_sync(self._worked, work)
        finally:
            self._places.release_on_behalf_of(token)

    async def check(self) -> None:
        """Raise unless the server answers."""
        await self.rows("SELECT 1 AS uno", {})

    async def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _worked(self, work: Callable[[pymssql.Connection], Any]) -> Any:
        try:
            connection = self._idle.pop() if self._idle else self._connect()
            try:
                result = work(connection)
            except BaseException:
                # What it still holds, a transaction or half an answer, is nobody's to inherit.
                connection.close()
                raise
        except UnreachableError as error:
            logger.warning("%s", error)
            raise ToolError(Code.UNAVAILABLE, "The database does not answer now.") from None
        except pymssql.Error as error:
            if sqlserver_number(error) in CONNECTION_LOST or isinstance(error, pymssql.InterfaceError):
                # The server went away: what waits in the pool is as dead as this one.
                self._idle.clear()
                logger.warning("connection lost: SQL Server error %s", sqlserver_number(error))
                raise ToolError(Code.UNAVAILABLE, "The database went away for a moment: try again.") from None
            raise self._failure(error) from None
        self._idle.append(connection)
        return result

    def _failure(self, error: pymssql.Error) -> ToolError:
        number = sqlserver_number(error)
        if number is not None and number in self._known_errors:
            # The server's own words of a repeated key name tables and constraints.
            return ToolError(
                self._known_errors[number], "It exists already." if number in REPEATED else _sentence(error)
            )
        if number in NEEDS_SQL_SERVER:
            return ToolError(
                Code.NEEDS_SQL_SERVER,
                "This runs a stored procedure, which takes a real SQL Server: the local stand-in has none.",
            )
        if number == 20003:
            # DB-Library: the statement took too long; the connection is dead.
            return ToolError(Code.TIMEOUT, "The database took too long: narrow the question.")
        if number in (1205, 3960):
            return ToolError(Code.UNAVAILABLE, "Another transaction was in the way: try again.")
        # Its text quotes statements and values: the number is what the operator needs.
        logger.error("SQL Server error %s", number)
        return ToolError(Code.INTERNAL, f"The database refused the statement (error {number}).")


def _rows(connection: pymssql.Connection, statement: str, values: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    with connection.cursor(as_dict=True) as cursor:
        cursor.execute(statement, dict(values))
        rows: Sequence[dict[str, Any]] = cursor.fetchall()
    return rows


def _results(
    connection: pymssql.Connection, statement: str, values: Mapping[str, Any]
) -> Sequence[Sequence[dict[str, Any]]]:
    with connection.cursor(as_dict=True) as cursor:
        cursor.execute(statement, dict(values))
        results = [cursor.fetchall()]
        while cursor.nextset():
            results.append(cursor.fetchall())
    return results


def seen_by(caller: Caller) -> dict[str, Any]:
    """The values of `%(todos)s` and `%(paises)s`: whether a caller sees every country, or else which ones."""
    # An empty list is no SQL; no country has an empty code. Bytes go to the server as varchar, which the codes are:
    # beside nvarchar, which text goes as, the indexed column would be converted row by row.
    codes = tuple(code.encode("ascii") for code in sorted(caller.countries or {""}))
    return {"todos": int(caller.countries is None), "paises": codes}


def _sentence(error: pymssql.Error) -> str:
    """The words of a procedure's own error, which are written for people."""
    return sqlserver_message(error).split(": ", 1)[-1] + "."
