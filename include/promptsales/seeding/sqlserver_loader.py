"""Tables into SQL Server: ascending keys, committed piece by piece, continued where the last load ended."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pymssql

from promptsales.connections import sqlserver_message
from promptsales.errors import PromptSalesError
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.record import complete_tables, mark_complete
from promptsales.seeding.table import Table

BATCH_STATEMENTS = 5

Advance = Callable[[str, int], None]
"""Called with a table's name and how many more of its rows are there."""


class LoadError(PromptSalesError):
    """A table could not be seeded."""


def load_tables(
    connection: pymssql.Connection, database: str, plan: SeedPlan, tables: list[Table], advance: Advance
) -> dict[str, int]:
    """Load what is missing of each table, in order; returns the rows inserted now.

    Args:
        connection: to the database; left in a transaction of its own, with nothing open in it.
        database: its name, for errors.
        plan: what is seeded.
        tables: parents before children.
        advance: told of rows that are already there, too.

    Raises:
        LoadError: naming the table and the server's message. What was committed stays; another run goes on from it.
    """
    inserted: dict[str, int] = {}
    try:
        connection.autocommit(False)
        complete = complete_tables(connection)
    except pymssql.Error as error:
        raise LoadError(f"{database}.dbo.siembra: {sqlserver_message(error)}. Run `promptsales db init`.") from error
    for table in tables:
        if table.name in complete:
            inserted[table.name] = 0
            advance(table.name, table.rows)
            continue
        try:
            inserted[table.name] = _load(connection, plan, table, advance)
        except pymssql.Error as error:
            raise LoadError(
                f"{database}.dbo.{table.name}: {sqlserver_message(error)}. What was committed stays: "
                "mend the cause and run the same `promptsales seed` again to continue."
            ) from error
    return inserted


def _load(connection: pymssql.Connection, plan: SeedPlan, table: Table, advance: Advance) -> int:
    done = _rows_there(connection, table)
    advance(table.name, done)
    inserted = 0
    # The server works on one chunk while the next is being written out.
    with ThreadPoolExecutor(1) as sender:
        sending: Future[None] | None = None
        rows_sent = 0
        for rows, statements in table.chunks(plan, done):
            if sending is not None:
                sending.result()
                advance(table.name, rows_sent)
            sending, rows_sent = sender.submit(_send, connection, statements), rows
            inserted += rows
        if sending is not None:
            sending.result()
            advance(table.name, rows_sent)
    _finish(connection, table)
    return inserted


def _rows_there(connection: pymssql.Connection, table: Table) -> int:
    keys = ", ".join(table.key)
    descending = ", ".join(f"{key} DESC" for key in table.key)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT TOP (1) {keys} FROM dbo.{table.name} ORDER BY {descending}")  # noqa: S608 - own names
        last = cursor.fetchone()
    return 0 if last is None else table.position(tuple(int(str(value)) for value in last))


def _send(connection: pymssql.Connection, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for start in range(0, len(statements), BATCH_STATEMENTS):
            cursor.execute(";\n".join(statements[start : start + BATCH_STATEMENTS]))
            # Errors of a batch's later statements arrive with their results.
            while cursor.nextset():
                pass
    connection.commit()


def _finish(connection: pymssql.Connection, table: Table) -> None:
    with connection.cursor() as cursor:
        if table.sequence:
            cursor.execute(f"ALTER SEQUENCE dbo.seq_{table.name} RESTART WITH {table.rows + 1}")
        cursor.execute(f"UPDATE STATISTICS dbo.{table.name}")
    mark_complete(connection, table.name, table.rows)
    connection.commit()
