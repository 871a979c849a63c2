"""Deltas out of SQL Server: rowversion windows below the ceiling of the open transactions, and tombstones.

A window is `version > low AND version <= high`. `high` is read from `etl.limite` before any row is, so every
version up to it belongs to a finished transaction: what an open one wrote is numbered above it and comes with a
later window. Versions may tie, so pages are cut by (version, key). Predicates are on `rv`, the version's indexed form:
on `version`, which is computed from it, every window would scan the whole table.
Rule: https://learn.microsoft.com/sql/t-sql/functions/min-active-rowversion-transact-sql
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pymssql

from promptsales.connections import sqlserver_message, sqlserver_number
from promptsales.etl.errors import LoadError, SourceShapeError
from promptsales.etl.piece import PAGE_ROWS, Piece, Position
from promptsales.etl.spec import TableSpec
from promptsales.etl.sql import text

LOCK_WAIT_MS = 30_000

# A bare number above 2^31 is numeric in T-SQL, whose binary form is another one: first bigint, then rowversion.
_ROWVERSION = "CAST(CAST(%s AS bigint) AS rowversion)"


# The DB-API families that pymssql reports for each declared type. It counts what it does not know (date, datetime2,
# uniqueidentifier) as BINARY; PostgreSQL then judges the values.
_TYPE_FAMILIES = {
    "text": (pymssql.STRING,),
    "uuid": (pymssql.BINARY, pymssql.STRING),
    "bytea": (pymssql.BINARY,),
    "smallint": (pymssql.NUMBER,),
    "integer": (pymssql.NUMBER,),
    "bigint": (pymssql.NUMBER,),
    "boolean": (pymssql.NUMBER,),
    "double precision": (pymssql.NUMBER,),
    "numeric": (pymssql.DECIMAL, pymssql.NUMBER),
    "date": (pymssql.DATETIME, pymssql.BINARY),
    "timestamp": (pymssql.DATETIME, pymssql.BINARY),
    "timestamptz": (pymssql.DATETIME, pymssql.BINARY),
    "jsonb": (pymssql.STRING,),
}


def read_pieces(
    connection: pymssql.Connection, table: TableSpec, low: Position | None, page_rows: int = PAGE_ROWS
) -> Generator[Piece]:
    """The changes of one table since `low`, in pieces of at most `page_rows` rows.

    The first piece carries every deletion of the window; the last one's position is the window's high end. Each
    piece must be committed before the next is asked for.

    Args:
        connection: to the source database, with no other result open on it.
        table: what to read.
        low: the committed position, `{"version": int, "key": [..] | null}`; None reads everything.
        page_rows: upper bound of the rows held in memory.

    Raises:
        SourceShapeError: the view, a column or a permission is missing, or a column changed type.
        LoadError: the source is behind the committed position, or did not answer.
    """
    with closing(_Source(connection, table, page_rows)) as source:
        high = source.ceiling()
        position: Position = low or {"version": 0, "key": None}
        if high < position["version"]:
            raise LoadError(
                f"{table.source}: the source's version ceiling is {high}, behind the committed watermark "
                f"{position['version']}: the database was restored or replaced. Its mirror must be reconciled: delete "
                "the table's row from etl.watermarks to read it whole again."
            )
        deletions = source.deletions(position["version"], high)
        page = source.page_after(position, high)
        while True:
            rows = page.result()
            last = len(rows) < page_rows
            end: Position = {"version": high, "key": None} if last else source.position_of(rows[-1])
            if not last:
                page = source.page_after(end, high)
            yield Piece(low=low, high=end, rows=rows, deletions=deletions, last=last)
            if last:
                return
            low, deletions = end, iter(())


class _Source:
    """One source view, read page by page over one connection.

    A connection carries one result at a time, so every query runs in one worker thread, in the order asked for. That
    thread reads the next page while the warehouse commits the last one.
    """

    def __init__(self, connection: pymssql.Connection, table: TableSpec, page_rows: int) -> None:
        self.connection = connection
        self.table = table
        self.page_rows = page_rows
        self.key_at = [table.column_names.index(name) for name in table.key]
        self.worker = ThreadPoolExecutor(1, thread_name_prefix=table.source)
        connection.autocommit(True)
        self._query(f"SET LOCK_TIMEOUT {LOCK_WAIT_MS}")

    def close(self) -> None:
        """Wait for the query under way, if any; nothing else is asked for."""
        self.worker.shutdown(cancel_futures=True)

    def ceiling(self) -> int:
        """The highest version that no open transaction can still write below."""
        rows = self._query(text("source_ceiling"))
        return int(rows[0][0])

    def position_of(self, row: tuple[Any, ...]) -> Position:
        return {"version": row[-1], "key": [row[at] for at in self.key_at]}

    def page_after(self, position: Position, high: int) -> Future[list[tuple[Any, ...]]]:
        """The next rows after `position`, on their way: at most `page_rows`, fewer only at the window's end."""
        return self.worker.submit(self._page, position, high)

    def _page(self, position: Position, high: int) -> list[tuple[Any, ...]]:
        """First the rows that tie with the position's version, then the later versions."""
        rows: list[tuple[Any, ...]] = []
        if position["key"] is not None:
            after, values = _after(self.table.key, position["key"])
            rows = self._select(f"rv = {_ROWVERSION} AND ({after})", (position["version"], *values), self.page_rows)
        if (room := self.page_rows - len(rows)) > 0:
            rows += self._select(f"rv > {_ROWVERSION} AND rv <= {_ROWVERSION}", (position["version"], high), room)
        return rows

    def deletions(self, low: int, high: int) -> Iterator[tuple[Any, ...]]:
        """Keys deleted in the window, with the version of each tombstone; streamed page by page."""
        query = text("source_deletions").format(limit=self.page_rows)
        version, key = low + 1, ""
        while True:
            values = {"table": self.table.source.removeprefix("etl."), "after": version, "high": high, "key": key}
            rows = self.worker.submit(self._query, query, values).result()
            for values_of_key, at in rows:
                yield (*json.loads(values_of_key), at)
            if len(rows) < self.page_rows:
                return
            key, version = rows[-1]

    def _select(self, condition: str, values: tuple[Any, ...], limit: int) -> list[tuple[Any, ...]]:
        query = text("source_rows").format(
            limit=limit,
            columns=", ".join(self.table.column_names),
            view=self.table.source,
            condition=condition,
            key=", ".join(self.table.key),
        )
        return self._query(query, values, check_types=True)

    def _query(
        self, query: str, values: tuple[Any, ...] | dict[str, Any] | None = None, *, check_types: bool = False
    ) -> list[tuple[Any, ...]]:
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(query, values)
                if cursor.description is None:
                    return []
                if check_types:
                    self._check_types(cursor.description)
                return cursor.fetchall()
        except pymssql.Error as error:
            raise self._explained(error) from error

    def _check_types(self, description: tuple[tuple[Any, ...], ...]) -> None:
        for column, (_, type_code, *_) in zip(self.table.columns, description, strict=False):
            families = _TYPE_FAMILIES[column.type.partition("(")[0]]
            if not any(family == type_code for family in families):
                raise SourceShapeError(
                    f"{self.table.source}.{column.name} changed type: its spec says {column.type}, which the source "
                    "no longer sends. Correct the source view, or the spec and its mirror."
                )

    def _explained(self, error: pymssql.Error) -> LoadError:
        message = sqlserver_message(error)
        match sqlserver_number(error):
            case 207:
                return SourceShapeError(
                    f"{self.table.source} lacks a column of its spec ({message}). Restore it in the view, or remove it "
                    "from the spec."
                )
            case 208:
                return SourceShapeError(f"{self.table.source} does not exist ({message}). Run `promptsales db init`.")
            case 229:
                return SourceShapeError(
                    f"the ETL login may not read {self.table.source} ({message}). Grant SELECT on schema etl."
                )
            case 1222:
                return LoadError(f"{self.table.source}: a lock was held for {LOCK_WAIT_MS // 1000} s ({message}).")
        return LoadError(f"{self.table.source} could not be read: {message}.")


def _after(key: list[str], values: list[Any]) -> tuple[str, list[Any]]:
    """The condition that a composite key is greater than `values`: a > x OR (a = x AND b > y) ..."""
    branches, parameters = list[str](), list[Any]()
    for at, name in enumerate(key):
        equal = [f"{earlier} = %s" for earlier in key[:at]]
        branches.append("(" + " AND ".join([*equal, f"{name} > %s"]) + ")")
        parameters += [*values[:at], values[at]]
    return " OR ".join(branches), parameters
