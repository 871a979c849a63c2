"""Tables into SQL Server: ascending keys, committed piece by piece, continued where the last load ended.

A table is begun, loaded and completed. In between its constraints are off, as for every bulk load: `complete` checks
them and turns them on again, and a table that an ended run left begun is completed by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pymssql

from promptsales.connections import sqlserver_message
from promptsales.errors import PromptSalesError
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.record import complete_tables, mark_complete
from promptsales.seeding.table import Table

BATCH_STATEMENTS = 5

LOCK_WAIT_MS = 30_000
"""How long ALTER TABLE waits for those who read or write the table. It would wait for ever, and Ctrl-C with it."""

Advance = Callable[[str, int], None]
"""Called with a table's name and how many more of its rows are there."""


class LoadError(PromptSalesError):
    """A table could not be seeded."""


def begin(connection: pymssql.Connection, database: str, tables: list[Table]) -> list[Table]:
    """The tables that are not complete; until they are, the server holds none of their rows against a constraint.

    Checking all foreign keys of a table in one pass at the end is many times cheaper than row by row, and lets parents
    and children load side by side.
    Source: https://learn.microsoft.com/sql/relational-databases/tables/disable-foreign-key-constraints-with-insert-and-update-statements

    Args:
        connection: to the database, with nothing open in it; its login may alter the tables.
        database: its name, for errors.
        tables: all that the seeding fills.

    Raises:
        LoadError: naming the table and the server's message.
    """
    with _explained(database, "siembra", "Run `promptsales db init`."):
        _begin_alterations(connection)
        completed = complete_tables(connection)
        connection.commit()
    missing = [table for table in tables if table.name not in completed]
    return [table for table in missing if _set_constraints_aside(connection, database, table)]


def load(connection: pymssql.Connection, database: str, plan: SeedPlan, table: Table, advance: Advance) -> int:
    """Load what is missing of a table that was begun; returns the rows inserted now.

    Args:
        connection: to the database, with nothing open in it.
        database: its name, for errors.
        plan: what is seeded.
        table: what to load.
        advance: told of rows that are already there, too.

    Raises:
        LoadError: naming the table and the server's message. What was committed stays; another run goes on from it.
    """
    with _explained(database, table.name):
        connection.autocommit(False)
        return _load(connection, plan, table, advance)


def complete(connection: pymssql.Connection, database: str, tables: list[Table]) -> None:
    """Hold the loaded rows against the tables' constraints, and note that the tables have all their rows.

    Args:
        connection: to the database, with nothing open in it; its login may alter the tables.
        database: its name, for errors.
        tables: what was begun and loaded.

    Raises:
        LoadError: naming the table and the server's message, as where a foreign key points at no row.
    """
    with _explained(database, "siembra"):
        _begin_alterations(connection)
    for table in tables:
        with _explained(database, table.name):
            _execute(connection, f"ALTER TABLE dbo.{table.name} WITH CHECK CHECK CONSTRAINT ALL")
            # Another seeding may have completed it, and its sequence be in use since.
            if table.name not in complete_tables(connection):
                if table.sequence:
                    _execute(connection, f"ALTER SEQUENCE dbo.seq_{table.name} RESTART WITH {table.rows + 1}")
                mark_complete(connection, table.name, table.rows)
            connection.commit()


def _begin_alterations(connection: pymssql.Connection) -> None:
    connection.autocommit(True)
    _execute(connection, f"SET LOCK_TIMEOUT {LOCK_WAIT_MS}")
    connection.autocommit(False)


def _set_constraints_aside(connection: pymssql.Connection, database: str, table: Table) -> bool:
    """Whether the table is still to be completed; where it is not, its constraints stay on."""
    with _explained(database, table.name):
        _execute(connection, f"ALTER TABLE dbo.{table.name} NOCHECK CONSTRAINT ALL")
        # Asked again, now that the table is locked: another seeding that completed it in the meantime will not turn
        # its constraints on a second time, and no later one will.
        if table.name in complete_tables(connection):
            connection.rollback()
            return False
        connection.commit()
        return True


@contextmanager
def _explained(
    database: str,
    table: str,
    remedy: str = "What was committed stays: mend the cause and run the same `promptsales seed` again to continue.",
) -> Iterator[None]:
    try:
        yield
    except pymssql.Error as error:
        raise LoadError(f"{database}.dbo.{table}: {sqlserver_message(error)}. {remedy}") from error


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
    # The check of the foreign keys is planned by them.
    _execute(connection, f"UPDATE STATISTICS dbo.{table.name}")
    connection.commit()
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


def _execute(connection: pymssql.Connection, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
