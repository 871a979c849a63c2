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
from promptsales.etl.selection import Selection
from promptsales.etl.spec import TableSpec
from promptsales.etl.sql import text

LOCK_WAIT_MS = 30_000

# A bare number above 2^31 is numeric in T-SQL, whose binary form is another one: first bigint, then rowversion.
_ROWVERSION = "CAST(CAST(%s AS bigint) AS rowversion)"


SNAPSHOT_VERSION = 1
"""Below every rowversion: a mirror row that a full read leaves below it is no longer in the source."""

_WHOLE_NUMBERS = ("tinyint", "smallint", "int", "bigint")
_TEXTS = ("char", "nchar", "varchar", "nvarchar")

# Which source types fit a declared one: the same, or one whose every value it holds.
_SOURCE_TYPES: dict[str, tuple[str, ...]] = {
    "text": _TEXTS,
    "jsonb": _TEXTS,
    "smallint": _WHOLE_NUMBERS[:2],
    "integer": _WHOLE_NUMBERS[:3],
    "bigint": _WHOLE_NUMBERS,
    "boolean": ("bit",),
    "double precision": ("real", "float"),
    "numeric": ("decimal", "numeric", "money", "smallmoney"),
    "date": ("date",),
    "timestamp": ("datetime2", "datetime", "smalldatetime"),
    "timestamptz": ("datetimeoffset",),
    "uuid": ("uniqueidentifier",),
    "bytea": ("binary", "varbinary"),
}


def read_pieces(
    connection: pymssql.Connection, table: TableSpec, low: Position | None, page_rows: int = PAGE_ROWS
) -> Generator[Piece]:
    """The changes of one table since `low`, in pieces of at most `page_rows` rows.

    The first piece carries every deletion of the window; the last one's position is the window's high end. Each
    piece must be committed before the next is asked for. Without a committed position the table is read whole, and
    its last piece removes from the mirror what the source does not have.

    Args:
        connection: to the source database, with no other result open on it.
        table: what to read.
        low: the committed position, `{"version": int, "key": [..] | null}`, and `"snapshot": true` while a full read
            is under way; None begins one.
        page_rows: upper bound of the rows held in memory.

    Raises:
        SourceShapeError: the view, a column or a permission is missing, or a column changed type.
        LoadError: the source is behind the committed position, or did not answer.
    """
    with closing(_Source(connection, table, page_rows)) as source:
        source.check_columns()
        newest = source.newest()
        high = source.ceiling()
        position: Position = low or {"version": 0, "key": None, "snapshot": True}
        if high < position["version"]:
            raise LoadError(
                f"{table.source}: the source's version ceiling is {high}, behind the committed watermark "
                f"{position['version']}: the database was restored or replaced. Delete the table's row from "
                "etl.watermarks: the next run reads it whole and removes what the source no longer has."
            )
        snapshot = "snapshot" in position
        deletions = source.deletions(position["version"], high)
        page = source.page_after(position, high)
        while True:
            rows = page.result()
            last = len(rows) < page_rows
            end: Position = {"version": high, "key": None} if last else source.position_of(rows[-1], snapshot=snapshot)
            if not last:
                page = source.page_after(end, high)
            yield Piece(
                low=low,
                high=end,
                rows=rows,
                deletions=deletions,
                delete_older_than=SNAPSHOT_VERSION if snapshot and last else None,
                reset_versions=low is None,
                last=last,
                held_back=last and newest > high,
            )
            if last:
                return
            low, deletions = end, iter(())


def read_all(
    connection: pymssql.Connection, table: TableSpec, page_rows: int = PAGE_ROWS
) -> Generator[tuple[Any, ...]]:
    """Every row of the view in the order of its key, each with its version last; a page is in memory at a time.

    Raises:
        SourceShapeError: the view, a column or a permission is missing, or a column changed type.
        LoadError: the source did not answer.
    """
    with closing(_Source(connection, table, page_rows)) as source:
        source.check_columns()
        yield from source.all_rows()


def changed_since(connection: pymssql.Connection, table: TableSpec, position: Position) -> list[tuple[Any, ...]]:
    """The keys of all rows that were inserted, updated or deleted after a position and are committed now.

    Raises:
        LoadError: the source did not answer.
    """
    with closing(_Source(connection, table, PAGE_ROWS)) as source:
        return source.newer_keys(position)


def is_behind(connection: pymssql.Connection, table: TableSpec, position: Position) -> bool:
    """Whether the source has not come as far as the position yet, as after a restore.

    Raises:
        LoadError: the source did not answer.
    """
    with closing(_Source(connection, table, PAGE_ROWS)) as source:
        return source.ceiling() < int(position["version"])


class _Source:
    """One source view, read page by page over one connection.

    A connection carries one result at a time, so every query runs in one worker thread, in the order asked for. That
    thread reads the next page while the warehouse commits the last one.
    """

    def __init__(self, connection: pymssql.Connection, table: TableSpec, page_rows: int) -> None:
        self.connection = connection
        self.table = table
        self.page_rows = page_rows
        self.selection = Selection(table)
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

    def newest(self) -> int:
        """The highest version committed in this table. Asked before `ceiling`: what lies above that, waits."""
        view = self.table.source
        rows = self._query(text("source_newest_row").format(view=view))
        deletions = self._query(text("source_newest_deletion"), {"table": view.removeprefix("etl.")})
        return max((int(version) for (version,) in [*rows, *deletions]), default=0)

    def check_columns(self) -> None:
        """Hold the view's columns against the spec's; what is selected follows from them.

        Raises:
            SourceShapeError: naming every column that is missing or has a type that the declared one cannot hold.
        """
        rows = self._query(text("source_columns"), {"view": self.table.source.removeprefix("etl.")})
        found = {name.lower(): (kind, precision, scale) for name, kind, precision, scale, _ in rows}
        if not found:
            raise SourceShapeError(
                f"{self.table.source} does not exist, or the ETL login may not read it. Run `promptsales db init`, and "
                "make the login a member of etl_reader."
            )
        if missing := [column.name for column in self.table.columns if column.name not in found]:
            raise SourceShapeError(
                f"{self.table.source} lacks {', '.join(missing)}, which its spec declares. Restore it in the view, or "
                "remove it from the spec."
            )
        for column in self.table.columns:
            if not _fits(column.type, *found[column.name]):
                kind, precision, scale = found[column.name]
                sized = f"{kind}({precision},{scale})" if kind in ("decimal", "numeric") else kind
                raise SourceShapeError(
                    f"{self.table.source}.{column.name} changed type: it is {sized} now and its spec says "
                    f"{column.type}. Correct the source view, or the spec and its mirror."
                )
        self.selection = Selection.of(self.table, {name.lower(): length for name, _, _, _, length in rows})

    def position_of(self, row: tuple[Any, ...], *, snapshot: bool) -> Position:
        position: Position = {"version": row[-1], "key": [row[at] for at in self.key_at]}
        return {**position, "snapshot": True} if snapshot else position

    def page_after(self, position: Position, high: int) -> Future[list[tuple[Any, ...]]]:
        """The next rows after `position`, on their way: at most `page_rows`, fewer only at the window's end."""
        return self.worker.submit(self._page, position, high)

    def _page(self, position: Position, high: int) -> list[tuple[Any, ...]]:
        """First the rows that tie with the position's version, then the later versions."""
        rows: list[tuple[Any, ...]] = []
        if position["key"] is not None:
            after, values = _after(self.table.key, position["key"])
            ties = f"rv = {_ROWVERSION} AND ({after})"
            rows = self._rows("source_rows", ties, (position["version"], *values), self.page_rows)
        if (room := self.page_rows - len(rows)) > 0:
            later = f"rv > {_ROWVERSION} AND rv <= {_ROWVERSION}"
            rows += self._rows("source_rows", later, (position["version"], high), room)
        return rows

    def all_rows(self) -> Iterator[tuple[Any, ...]]:
        """By pages of the key; the next page is read while this one is used."""
        page = self._submit_by_key(None)
        while True:
            rows = page.result()
            if len(rows) < self.page_rows:
                yield from rows
                return
            page = self._submit_by_key([rows[-1][at] for at in self.key_at])
            yield from rows

    def _submit_by_key(self, after: list[Any] | None) -> Future[list[tuple[Any, ...]]]:
        condition, values = ("1 = 1", list[Any]()) if after is None else _after(self.table.key, after)
        return self.worker.submit(self._rows, "source_all_rows", condition, tuple(values), self.page_rows)

    def newer_keys(self, position: Position) -> list[tuple[Any, ...]]:
        """Of rows and of tombstones after a position."""
        version, view = position["version"], self.table.source
        later: list[tuple[str, tuple[Any, ...]]] = [(f"rv > {_ROWVERSION}", (version,))]
        if position["key"] is not None:
            # What ties with the position: a load stopped there. Asked apart, as pages are, to seek the index.
            after, key = _after(self.table.key, position["key"])
            later.append((f"rv = {_ROWVERSION} AND ({after})", (version, *key)))
        columns, keys = ", ".join(self.table.key), list[tuple[Any, ...]]()
        for condition, values in later:
            query = text("source_changed_keys").format(key=columns, view=view, condition=condition)
            keys += self._query(query, values)
        deleted = self._query(text("source_newer_deletions"), {"table": view.removeprefix("etl."), "version": version})
        return [*keys, *(tuple(self._key_of(key)) for (key,) in deleted)]

    def deletions(self, low: int, high: int) -> Iterator[tuple[Any, ...]]:
        """Keys deleted in the window, with the version of each tombstone; streamed page by page.

        The first page is asked for at once: after the next page of rows the worker would come to it too late.
        """
        return self._deletions(high, self._deletions_from(low + 1, "", high))

    def _deletions(self, high: int, page: Future[list[tuple[Any, ...]]]) -> Iterator[tuple[Any, ...]]:
        while True:
            rows = page.result()
            for key_text, at in rows:
                yield (*self._key_of(key_text), at)
            if len(rows) < self.page_rows:
                return
            key, version = rows[-1]
            page = self._deletions_from(version, key, high)

    def _deletions_from(self, version: int, key: str, high: int) -> Future[list[tuple[Any, ...]]]:
        values = {"table": self.table.source.removeprefix("etl."), "after": version, "high": high, "key": key}
        return self.worker.submit(self._query, text("source_deletions").format(limit=self.page_rows), values)

    def _key_of(self, key_text: str) -> list[Any]:
        try:
            values = json.loads(key_text)
        except ValueError:
            values = None
        if not isinstance(values, list) or len(values) != len(self.table.key):
            raise LoadError(
                f"etl.bajas holds the key {key_text!r} for {self.table.source}, which is no JSON array of "
                f"{', '.join(self.table.key)}: correct that tombstone in dbo.bajas."
            )
        return values

    def _rows(self, name: str, condition: str, values: tuple[Any, ...], limit: int) -> list[tuple[Any, ...]]:
        """Rows of the view, their values in the order of the spec's columns, each with its version last."""

        def query(columns: str) -> list[tuple[Any, ...]]:
            statement = text(name).format(
                limit=limit,
                columns=columns,
                view=self.table.source,
                condition=condition,
                key=", ".join(self.table.key),
            )
            return self._query(statement, values)

        return self.selection.read(query)

    def _query(self, query: str, values: tuple[Any, ...] | dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall() if cursor.description else []
        except pymssql.Error as error:
            raise self._explained(error) from error

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


def _fits(declared: str, kind: str, precision: int | None, scale: int | None) -> bool:
    """Whether every value of the source type has a place in the declared one."""
    name, _, size = declared.partition("(")
    if kind not in _SOURCE_TYPES[name]:
        return False
    if not size:
        return True
    whole, fraction = (int(part) for part in size.rstrip(")").split(","))
    return (scale or 0) <= fraction and (precision or 0) - (scale or 0) <= whole - fraction


def _after(key: list[str], values: list[Any]) -> tuple[str, list[Any]]:
    """The condition that a composite key is greater than `values`: a > x OR (a = x AND b > y) ..."""
    branches, parameters = list[str](), list[Any]()
    for at, name in enumerate(key):
        equal = [f"{earlier} = %s" for earlier in key[:at]]
        branches.append("(" + " AND ".join([*equal, f"{name} > %s"]) + ")")
        parameters += [*values[:at], values[at]]
    return " OR ".join(branches), parameters
